#!/usr/bin/env bash
# Apache Hudi 1.0.2 on Spark 3.5.6: a row is deleted, and every former version of the files is cleaned away, with one
# file version kept. A value of the row can still be read in the table's folder. It is in log files of Hudi's metadata
# table. Spark's writer makes an index there by default, with the least and the greatest value of each column in each
# file (column_stats). The table's cleaner does not change it; it waits for the metadata table's own compaction and
# cleaning. With "hoodie.metadata.index.column.stats.enable=false" there is no such index.
# Seen: "by default: in column_stats", "switched off: nowhere".
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
import zlib

from pyspark.sql import SparkSession

builder = SparkSession.builder.master("local[1]").config("spark.ui.enabled", "false").config("spark.driver.host", "127.0.0.1").config("spark.jars", glob.glob("jars/*.jar")[0])
builder = builder.config("spark.serializer", "org.apache.spark.serializer.KryoSerializer").config("spark.kryo.registrator", "org.apache.spark.HoodieSparkKryoRegistrar")
builder = builder.config("spark.sql.extensions", "org.apache.spark.sql.hudi.HoodieSparkSessionExtension")
builder = builder.config("spark.sql.catalog.spark_catalog", "org.apache.spark.sql.hudi.catalog.HoodieCatalog").config("spark.sql.shuffle.partitions", "1")
spark = builder.getOrCreate()
spark.sparkContext.setLogLevel("OFF")
GONE = "zzz-gone-value"


def texts(content):
    """A file's bytes, and those of each part of it that gzip or zlib has made."""
    yield content
    for at in range(len(content) - 2):
        if content[at : at + 2] in (b"\x1f\x8b", b"x\x9c", b"x\xda", b"x\x01"):
            try:
                yield zlib.decompressobj(47).decompress(content[at:])
            except zlib.error:
                pass


def found(name):
    """The folders of the table with a file that has the deleted row's value."""
    folders = set()
    for path, _, files in os.walk(name):
        for file in files:
            with open(os.path.join(path, file), "rb") as f:
                if any(GONE.encode() in text for text in texts(f.read())):
                    folders.add(os.path.basename(path))
    return folders


def run(name, **settings):
    for key, value in settings.items():
        spark.conf.set(key.replace("__", "."), value)
    location = os.path.abspath(name)
    spark.sql(f"CREATE TABLE {name} (k string, v string) USING hudi TBLPROPERTIES ('type'='cow', 'primaryKey'='k', 'hoodie.parquet.compression.codec'='uncompressed') LOCATION '{location}'")
    spark.sql(f"INSERT INTO {name} VALUES ('a', 'one'), ('b', '{GONE}')")
    spark.sql(f"DELETE FROM {name} WHERE k = 'b'")
    spark.sql(f"CALL run_clean(table => '{name}', clean_policy => 'KEEP_LATEST_FILE_VERSIONS', file_versions_retained => 1)")
    assert [r.v for r in spark.sql(f"SELECT v FROM {name}").collect()] == ["one"]
    return ", ".join(sorted(found(name))) or None


off = {"hoodie__metadata__index__column__stats__enable": "false"}
first, second = run("usual"), run("without", **off)
seen = [f"by default: {'in ' + first if first else 'nowhere'}", f"switched off: {'in ' + second if second else 'nowhere'}"]
print(*seen, sep="\n")
assert seen == ["by default: in column_stats", "switched off: nowhere"], seen
PY
env/bin/python main.py 2>spark.log || { tail -5 spark.log; exit 1; }
