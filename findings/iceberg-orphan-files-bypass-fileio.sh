#!/usr/bin/env bash
# Apache Iceberg 1.10.0 on Spark 3.5.6, with GlueCatalog and S3FileIO and without Hadoop's S3 file system: all
# operations use S3FileIO, including MERGE, compaction and the expiry of snapshots. Only remove_orphan_files lists the
# table's folder with Hadoop's FileSystem: "No FileSystem for scheme "s3"". So upkeep of a table fails only at its
# last step. With the argument prefix_listing => true, which is false by default, it lists files with the table's
# FileIO.
# Seen: "rewrite_data_files ok", "expire_snapshots ok", "remove_orphan_files UnsupportedFileSystemException", "with
# prefix_listing ok".
# Needs python3 (3.8 to 3.11) with venv, a Java of 8, 11 or 17, and Maven.
set -euo pipefail
folder=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null || true; rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check pyspark==3.5.6 'moto[s3,glue,server]==5.2.5' boto3==1.40.61
for jar in org.apache.iceberg:iceberg-spark-runtime-3.5_2.12:1.10.0 org.apache.iceberg:iceberg-aws-bundle:1.10.0; do
	mvn -q -B org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy -Dartifact="$jar:jar" -DoutputDirectory=jars >mvn.log 2>&1 || { cat mvn.log; exit 1; }
done
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
env/bin/moto_server -H 127.0.0.1 -p "$port" >moto.log 2>&1 &
export AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test AWS_REGION=us-east-1 AWS_DEFAULT_REGION=us-east-1
cat >main.py <<'PY'
import glob
import sys
import time

import boto3
from pyspark.sql import SparkSession

url = f"http://127.0.0.1:{sys.argv[1]}"
for _ in range(120):
    try:
        boto3.client("s3", endpoint_url=url).create_bucket(Bucket="lake")
        break
    except Exception:
        time.sleep(0.5)
builder = SparkSession.builder.master("local[1]").config("spark.ui.enabled", "false").config("spark.driver.host", "127.0.0.1").config("spark.jars", ",".join(glob.glob("jars/*.jar")))
builder = builder.config("spark.sql.extensions", "org.apache.iceberg.spark.extensions.IcebergSparkSessionExtensions").config("spark.sql.catalog.lake", "org.apache.iceberg.spark.SparkCatalog")
for name, value in {
    "catalog-impl": "org.apache.iceberg.aws.glue.GlueCatalog", "io-impl": "org.apache.iceberg.aws.s3.S3FileIO", "warehouse": "s3://lake/tables",
    "glue.endpoint": url, "s3.endpoint": url, "s3.path-style-access": "true", "client.region": "us-east-1",
}.items():
    builder = builder.config("spark.sql.catalog.lake." + name, value)
spark = builder.getOrCreate()
spark.sparkContext.setLogLevel("OFF")
spark.sql("CREATE NAMESPACE lake.d")
spark.sql("CREATE TABLE lake.d.t (id BIGINT) USING iceberg LOCATION 's3://lake/tables/t'")
spark.sql("INSERT INTO lake.d.t VALUES (1)")
spark.sql("MERGE INTO lake.d.t t USING (SELECT 2L AS id) s ON t.id = s.id WHEN NOT MATCHED THEN INSERT *")
for what, call in {
    "rewrite_data_files": "rewrite_data_files(table => 'd.t')", "expire_snapshots": "expire_snapshots(table => 'd.t')",
    "remove_orphan_files": "remove_orphan_files(table => 'd.t')", "with prefix_listing": "remove_orphan_files(table => 'd.t', prefix_listing => true)",
}.items():
    try:
        spark.sql("CALL lake.system." + call).collect()
        print(what, "ok")
    except Exception as e:
        print(what, "UnsupportedFileSystemException" if "UnsupportedFileSystemException" in str(e) else repr(e)[:300])
PY
PYSPARK_PYTHON=$folder/env/bin/python env/bin/python main.py "$port" 2>spark.log | tee seen || { tail -20 spark.log; exit 1; }
diff seen - <<'SEEN'
rewrite_data_files ok
expire_snapshots ok
remove_orphan_files UnsupportedFileSystemException
with prefix_listing ok
SEEN
