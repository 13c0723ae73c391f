#!/usr/bin/env bash
# PyPI deltalake 1.6.6: if a table is partitioned by a timestamp, or by a text with a space or a colon, its change
# data feed can be written but not read. The log has each file's path percent-encoded. The folder's name already
# contains percent signs, so the log has %25 for each of them. A read of the table decodes the path once. load_cdf
# does not decode it, neither for data files nor for those of _change_data. Reads and updates work, switching the feed
# on gives no warning, and a test with partitions by date passes. A pipeline that copies the table's changes stops at
# its first hour.
# Seen: "date: 1 row, feed 1 change", then "timestamp: 1 row, feed: not found:
# p=2026-11-29%252010%253A00%253A00.000000" beside the folder that there is: "folder:
# p=2026-11-29%2010%3A00%3A00.000000".
# Needs python3 with venv.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check deltalake==1.6.6 pyarrow==25.0.1
cat >main.py <<'PY'
import datetime
import os
import re

import pyarrow as pa
from deltalake import DeltaTable, write_deltalake

hour = datetime.datetime(2026, 11, 29, 10)
for name, values in {
    "date": pa.array([hour.date()]),
    "timestamp": pa.array([hour], pa.timestamp("us", tz="UTC")),
    "text": pa.array(["retail:orders"]),
}.items():
    rows = pa.table({"id": [1], "p": values})
    write_deltalake(name, rows, partition_by=["p"], configuration={"delta.enableChangeDataFeed": "true"})
    table = DeltaTable(name)
    said = f"{name}: {table.to_pyarrow_table().num_rows} row, feed"
    try:
        print(said, pa.table(table.load_cdf(starting_version=0)).num_rows, "change")
    except Exception as e:
        print(f"{said}: not found: {re.search('file (p=[^/]*)/', str(e))[1]}" if "not found" in str(e) else e)
    print("folder:", *(f for f in os.listdir(name) if f.startswith("p=")))
PY
env/bin/python main.py | tee seen
diff seen - <<'SEEN'
date: 1 row, feed 1 change
folder: p=2026-11-29
timestamp: 1 row, feed: not found: p=2026-11-29%252010%253A00%253A00.000000
folder: p=2026-11-29%2010%3A00%3A00.000000
text: 1 row, feed: not found: p=retail%253Aorders
folder: p=retail%3Aorders
SEEN
