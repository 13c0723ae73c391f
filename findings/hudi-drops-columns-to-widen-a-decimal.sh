#!/usr/bin/env bash
# Apache Hudi 1.0.2 on Spark 3.5.6, copy on write: Hudi lets an int column become a bigint, but refuses a decimal
# column with more digits. "hoodie.avro.schema.validate=false", which is the default and which the name of the check
# suggests, does not help. A setting for another purpose does:
# "hoodie.datasource.write.schema.allow.auto.evolution.column.drop=true". The error names the size of a field and not
# the column's type, because a decimal in Avro has a fixed number of bytes, which grows with its digits. This script
# writes the whole table again (insert_overwrite_table), so that no file with the former type stays.
# Seen: "wider int ok", "wider decimal refused", "wider decimal, validate=false refused", "wider decimal,
# column.drop=true ok".
# Needs python3 (3.8 to 3.11) with venv, a Java of 8, 11 or 17, and Maven.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
mvn -q -B org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy -Dartifact=org.apache.hudi:hudi-spark3.5-bundle_2.12:1.0.2:jar -DoutputDirectory=jars >mvn.log 2>&1 || { cat mvn.log; exit 1; }
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check pyspark==3.5.6
cat >main.py <<'PY'
import glob
import os

from pyspark.sql import SparkSession

builder = SparkSession.builder.master("local[1]").config("spark.ui.enabled", "false").config("spark.driver.host", "127.0.0.1").config("spark.jars", glob.glob("jars/*.jar")[0])
builder = builder.config("spark.serializer", "org.apache.spark.serializer.KryoSerializer").config("spark.kryo.registrator", "org.apache.spark.HoodieSparkKryoRegistrar")
builder = builder.config("spark.sql.extensions", "org.apache.spark.sql.hudi.HoodieSparkSessionExtension")
builder = builder.config("spark.sql.catalog.spark_catalog", "org.apache.spark.sql.hudi.catalog.HoodieCatalog").config("spark.sql.shuffle.partitions", "1")
spark = builder.getOrCreate()
spark.sparkContext.setLogLevel("OFF")
table = os.path.abspath("t")


def write(operation, select, **settings):
    options = {"hoodie.table.name": "t", "hoodie.datasource.write.recordkey.field": "k", "hoodie.datasource.write.precombine.field": "v", "hoodie.datasource.write.operation": operation}
    spark.sql(select).write.format("hudi").options(**options, **settings).mode("append").save(table)


def attempt(what, select, **settings):
    try:
        write("insert_overwrite_table", select, **settings)
        print(what, "ok")
    except Exception as e:
        print(what, "refused" if "SchemaBackwardsCompatibilityException" in str(e) else repr(e)[:300])


write("insert", "SELECT 'a' k, 1L v, 7 n, CAST(1.5 AS DECIMAL(12, 2)) d")
attempt("wider int", "SELECT 'a' k, 1L v, 7L n, CAST(1.5 AS DECIMAL(12, 2)) d")
wider = "SELECT 'a' k, 1L v, 7L n, CAST(1.5 AS DECIMAL(20, 2)) d"
attempt("wider decimal", wider)
attempt("wider decimal, validate=false", wider, **{"hoodie.avro.schema.validate": "false"})
attempt("wider decimal, column.drop=true", wider, **{"hoodie.datasource.write.schema.allow.auto.evolution.column.drop": "true"})
row = spark.read.format("hudi").load(table)
print(row.schema["d"].dataType.simpleString(), row.first().d)
PY
PYSPARK_PYTHON=$folder/env/bin/python env/bin/python main.py 2>spark.log | grep -v '^# WARNING' | tee seen || { tail -20 spark.log; exit 1; }
diff seen - <<'SEEN'
wider int ok
wider decimal refused
wider decimal, validate=false refused
wider decimal, column.drop=true ok
decimal(20,2) 1.50
SEEN
