#!/usr/bin/env bash
# Spark 3.5.6: the runtime Bloom filter removes rows of a large table before a join shuffles them. Spark does not make
# it where it would remove most. It makes no filter if one side is small enough to broadcast. But an outer join that
# keeps every row of the small side cannot broadcast that side, so it shuffles and sorts the whole large table. A
# MERGE with inserts is such a join. "spark.sql.autoBroadcastJoinThreshold=-1" sounds as if it made joins slower, but
# with it the same join gets its filter.
# Seen: "10 MB: sort-merge, filter no", "-1: sort-merge, filter yes".
# Needs python3 (3.8 to 3.11) with venv and a Java of 8, 11 or 17.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check pyspark==3.5.6
cat >main.py <<'PY'
from pyspark.sql import SparkSession

builder = SparkSession.builder.master("local[1]").config("spark.ui.enabled", "false").config("spark.driver.host", "127.0.0.1")
builder = builder.config("spark.sql.optimizer.runtime.bloomFilter.enabled", "true").config("spark.sql.optimizer.runtime.bloomFilter.applicationSideScanSizeThreshold", "0")
spark = builder.config("spark.sql.shuffle.partitions", "1").getOrCreate()
spark.sparkContext.setLogLevel("OFF")
spark.range(200000).selectExpr("concat('key', id) k", "md5(cast(id as string)) v", "sha2(cast(id as string), 512) w").write.parquet("large")
spark.range(10).selectExpr("concat('key', id * 1000) k", "id % 2 part", "md5(cast(id as string)) v").write.parquet("small")
spark.read.parquet("large").createOrReplaceTempView("large")
spark.read.parquet("small").where("part = 0").createOrReplaceTempView("small")
join = "SELECT l.v, s.k FROM large l RIGHT JOIN small s ON l.k = s.k"
seen = []
for name, threshold in (("10 MB", "10485760"), ("-1", "-1")):
    spark.conf.set("spark.sql.autoBroadcastJoinThreshold", threshold)
    plan = spark.sql("EXPLAIN " + join).first()[0]
    seen.append(f"{name}: {'sort-merge' if 'SortMergeJoin' in plan else 'other'}, filter {'yes' if 'might_contain' in plan else 'no'}")
    assert spark.sql(join).count() == 5
print(*seen, sep="\n")
assert seen == ["10 MB: sort-merge, filter no", "-1: sort-merge, filter yes"], seen
PY
env/bin/python main.py 2>spark.log || { tail -5 spark.log; exit 1; }
