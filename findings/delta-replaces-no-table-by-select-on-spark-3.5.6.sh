#!/usr/bin/env bash
# Delta Lake 3.3.2, which is made for Spark 3.5: Spark 3.5.5 accepts CREATE OR REPLACE TABLE … AS SELECT for a table
# by its path. The next patch release refuses it, whether the table exists or not: "does not support truncate in batch
# mode". AWS Glue 5.1 has exactly these two, Spark 3.5.6 and Delta Lake 3.3.2. Spark 3.5.6 does accept CREATE TABLE …
# AS SELECT, and a DataFrameWriter in mode overwrite with overwriteSchema. Reported as
# https://github.com/delta-io/delta/issues/4671.
# Seen: on 3.5.5 "create ok", "replace ok", "overwrite ok"; on 3.5.6 "create ok", "replace refused", "overwrite ok".
# Needs python3 (3.8 to 3.11) with venv, a Java of 8, 11 or 17, and Maven.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
for jar in io.delta:delta-spark_2.12:3.3.2 io.delta:delta-storage:3.3.2; do
	mvn -q -B org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy -Dartifact="$jar:jar" -DoutputDirectory=jars >mvn.log 2>&1 || { cat mvn.log; exit 1; }
done
cat >main.py <<'PY'
import glob

from pyspark.sql import SparkSession

builder = SparkSession.builder.master("local[1]").config("spark.ui.enabled", "false").config("spark.driver.host", "127.0.0.1").config("spark.jars", ",".join(glob.glob("jars/*.jar")))
builder = builder.config("spark.sql.extensions", "io.delta.sql.DeltaSparkSessionExtension")
builder = builder.config("spark.sql.catalog.spark_catalog", "org.apache.spark.sql.delta.catalog.DeltaCatalog")
spark = builder.getOrCreate()
spark.sparkContext.setLogLevel("OFF")
name = "delta.`" + spark.conf.get("spark.sql.warehouse.dir").removeprefix("file:") + "/t`"


def attempt(what, run):
    try:
        run()
        print(spark.version, what, "ok")
    except Exception as e:
        print(spark.version, what, "refused" if "does not support truncate in batch mode" in str(e) else repr(e)[:300])


select = "SELECT CAST(1 AS DECIMAL(24, 2)) AS total"
attempt("create", lambda: spark.sql(f"CREATE TABLE {name} USING delta AS {select}"))
attempt("replace", lambda: spark.sql(f"CREATE OR REPLACE TABLE {name} USING delta AS {select}"))
attempt("overwrite", lambda: spark.sql(select).write.format("delta").mode("overwrite").option("overwriteSchema", "true").save(name[7:-1]))
PY
for version in 3.5.5 3.5.6; do
	python3 -m venv "env$version"
	"env$version/bin/pip" install --quiet --disable-pip-version-check "pyspark==$version"
	rm -rf spark-warehouse
	PYSPARK_PYTHON=$folder/env$version/bin/python "env$version/bin/python" main.py 2>spark.log | tee -a seen || { tail -20 spark.log; exit 1; }
done
diff seen - <<'SEEN'
3.5.5 create ok
3.5.5 replace ok
3.5.5 overwrite ok
3.5.6 create ok
3.5.6 replace refused
3.5.6 overwrite ok
SEEN
