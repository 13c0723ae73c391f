#!/usr/bin/env bash
# PyPI deltalake 1.6.6, polars 2.1.0: a table is partitioned by a text column, and a row has an empty text there,
# which MySQL distinguishes from NULL. The log has "" for it. By Delta's protocol this means NULL
# (https://github.com/delta-io/delta/blob/master/PROTOCOL.md#partition-value-serialization). Spark never writes such a
# value, and is said to read it as an empty text (https://github.com/delta-io/delta/pull/7091). to_pyarrow_table()
# follows the protocol. polars, the change feed and deltalake's own operations (merge, delete) read an empty text. So
# readers disagree on whether region = '' finds the row. A delete removes a row that the same library shows with a
# NULL. A merge of rows that were read from the same table does not find the row and inserts it again.
# Seen: "written: 'eu' '' None", "in the log: 'eu' '' None", "to_pyarrow_table: 'eu' None None", "polars: 'eu' ''
# None", "change feed: 'eu' '' None", "delete where region = '': 1 row".
# Needs python3 with venv.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check deltalake==1.6.6 pyarrow==25.0.1 polars==2.1.0
cat >main.py <<'PY'
import json

import polars
import pyarrow as pa
from deltalake import DeltaTable, write_deltalake

rows = pa.table({"id": [1, 2, 3], "region": ["eu", "", None]})
write_deltalake("orders", rows, partition_by=["region"], configuration={"delta.enableChangeDataFeed": "true"})
table = DeltaTable("orders")


def say(who, found):
    by_id = {r["id"]: r["region"] for r in pa.table(found).to_pylist()}
    print(f"{who}:", *(repr(by_id[i]) for i in (1, 2, 3)))


say("written", rows)
with open("orders/_delta_log/00000000000000000000.json") as log:
    files = [json.loads(line)["add"] for line in log if '"add"' in line]
logged = [{"id": json.loads(f["stats"])["minValues"]["id"], **f["partitionValues"]} for f in files]
say("in the log", pa.Table.from_pylist(logged))
say("to_pyarrow_table", table.to_pyarrow_table())
say("polars", polars.read_delta("orders").to_arrow())
say("change feed", pa.table(table.load_cdf(starting_version=0)))
print("delete where region = '':", table.delete("region = ''")["num_deleted_rows"], "row")
PY
env/bin/python -W ignore main.py | tee seen
diff seen - <<'SEEN'
written: 'eu' '' None
in the log: 'eu' '' None
to_pyarrow_table: 'eu' None None
polars: 'eu' '' None
change feed: 'eu' '' None
delete where region = '': 1 row
SEEN
