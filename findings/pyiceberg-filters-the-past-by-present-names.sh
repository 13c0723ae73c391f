#!/usr/bin/env bash
# PyPI pyiceberg 0.12.0: table.scan(snapshot_id=...) gives the rows of a former snapshot under the names that its columns had then; the filter of
# the same scan goes by the names of today. After two columns have changed names, a filter for what can be read in the rows finds none of them, and
# finds rows in which it is not true. A name that is not used any more is refused, so that the error shows only with a plain rename.
# Column ids keep reads of the present right, and who only selects from the past sees nothing of it.
# Seen: "rows then: 1 paid late, 2 late paid" (id, status, remark), "then, status == 'paid': 2 late paid", "then, remark == 'paid': 1 paid late".
# Needs python3 with venv.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check 'pyiceberg[sql-sqlite]==0.12.0' pyarrow==25.0.1
cat >main.py <<'PY'
import os

import pyarrow as pa
from pyiceberg.catalog.sql import SqlCatalog

catalog = SqlCatalog("c", uri="sqlite:///catalog.db", warehouse="file://" + os.getcwd())
catalog.create_namespace("n")
orders = pa.table({"id": [1, 2], "status": ["paid", "late"], "remark": ["late", "paid"]})
table = catalog.create_table("n.orders", orders.schema)
table.append(orders)
then = table.current_snapshot().snapshot_id
for old, new in ("status", "swap"), ("remark", "status"), ("swap", "remark"):
    with table.update_schema() as schema:
        schema.rename_column(old, new)


def rows(**scan):
    found = table.scan(snapshot_id=then, **scan).to_arrow()
    return ", ".join(" ".join(str(r[c]) for c in ("id", "status", "remark")) for r in found.sort_by("id").to_pylist())


print("rows then:", rows())
print("then, status == 'paid':", rows(row_filter="status == 'paid'"))
print("then, remark == 'paid':", rows(row_filter="remark == 'paid'"))
PY
env/bin/python -W ignore main.py | tee seen
diff seen - <<'SEEN'
rows then: 1 paid late, 2 late paid
then, status == 'paid': 2 late paid
then, remark == 'paid': 1 paid late
SEEN
