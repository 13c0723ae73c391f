#!/usr/bin/env bash
# PyPI deltalake 1.6.6: some rows have a DECIMAL with more digits after the point than the table's column, for example
# after a column of the source was widened. append, overwrite and a merge with merge_schema refuse them. A merge
# without merge_schema accepts them and silently rounds them to the table's scale. It uses DataFusion's cast, which
# fails for too many digits before the point but not for too many after it. A change feed is applied by merge, but the
# first load, on which people test types, uses append. And an idempotent merge that writes only differences ("s.total
# <> t.total") updates the row in every run.
# Seen: "append refused", "merge, merge_schema refused", "merge 12.35" of 12.3456, "merge what differs, three times: 1
# 1 1 rows".
# Needs python3 with venv.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check deltalake==1.6.6 pyarrow==25.0.1
cat >main.py <<'PY'
from decimal import Decimal

import pyarrow as pa
from deltalake import DeltaTable, write_deltalake
from deltalake.exceptions import SchemaMismatchError


def rows(value, precision, scale):
    return pa.table({"id": [1], "total": pa.array([Decimal(value)], pa.decimal128(precision, scale))})


change = rows("12.3456", 12, 4)


def merge(predicate=None, **settings):
    merger = DeltaTable("orders").merge(change, "s.id = t.id", source_alias="s", target_alias="t", **settings)
    return merger.when_matched_update_all(predicate=predicate).when_not_matched_insert_all().execute()["num_target_rows_updated"]


for name, write in {
    "append": lambda: write_deltalake("orders", change, mode="append"),
    "overwrite": lambda: write_deltalake("orders", change, mode="overwrite"),
    "merge, merge_schema": lambda: merge(merge_schema=True),
    "merge": merge,
}.items():
    write_deltalake("orders", rows("1.00", 10, 2), mode="overwrite")
    try:
        write()
        print(name, *DeltaTable("orders").to_pyarrow_table()["total"].to_pylist())
    except SchemaMismatchError:
        print(name, "refused")
print("merge what differs, three times:", *(merge("s.total <> t.total") for _ in range(3)), "rows")
PY
env/bin/python main.py | tee seen
diff seen - <<'SEEN'
append refused
overwrite refused
merge, merge_schema refused
merge 12.35
merge what differs, three times: 1 1 1 rows
SEEN
