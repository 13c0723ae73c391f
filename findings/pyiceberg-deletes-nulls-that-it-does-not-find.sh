#!/usr/bin/env bash
# PyPI pyiceberg 0.12.0: which rows table.delete() deletes depends on how rows are distributed over files. Rows are
# compared as in SQL, where NULL != 'open' is not true, so a scan with that filter does not show a row without a
# status. A whole file is compared by Iceberg's rules, where null differs from 'open'. If all of a file matches, it is
# dropped without being read. That is so for the file of NULLs in a table that is partitioned by the column. So a dry
# run by scan shows fewer rows than the delete removes, and partitioning changes what is deleted. With "not in" the
# scan shows the NULLs, and the delete removes them only from whole files. With "and status is not null" all cases
# agree.
# Seen: "status != 'open': found 3 4, deleted 3 4, if partitioned by status 2 3 4", "status not in ('open', 'paid'):
# found 2 4, deleted 4, if partitioned by status 2 4"; row 2 is the one without a status.
# Needs python3 with venv.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check 'pyiceberg[sql-sqlite]==0.12.0' pyarrow==25.0.1
cat >main.py <<'PY'
import itertools
import os

import pyarrow as pa
from pyiceberg.catalog.sql import SqlCatalog

catalog = SqlCatalog("c", uri="sqlite:///catalog.db", warehouse="file://" + os.getcwd())
catalog.create_namespace("n")
numbers = itertools.count()
orders = pa.table({"id": [1, 2, 3, 4], "status": ["open", None, "paid", "lost"]})


def ids(table, row_filter="true"):
    return set(table.scan(row_filter=row_filter).to_arrow()["id"].to_pylist())


def deleted(row_filter, partitioned):
    table = catalog.create_table(f"n.orders{next(numbers)}", orders.schema)
    if partitioned:
        with table.update_spec() as spec:
            spec.add_identity("status")
    table.append(orders)
    found = ids(table, row_filter)
    table.delete(row_filter)
    return found, {1, 2, 3, 4} - ids(table)


for row_filter in "status != 'open'", "status not in ('open', 'paid')", "status != 'open' and status is not null":
    found, taken = deleted(row_filter, False)
    same, more = deleted(row_filter, True)
    assert found == same
    print(f"{row_filter}: found", *sorted(found), end=", deleted ")
    print(*sorted(taken), end=", if partitioned by status ")
    print(*sorted(more))
PY
env/bin/python -W ignore main.py | tee seen
diff seen - <<'SEEN'
status != 'open': found 3 4, deleted 3 4, if partitioned by status 2 3 4
status not in ('open', 'paid'): found 2 4, deleted 4, if partitioned by status 2 4
status != 'open' and status is not null: found 3 4, deleted 3 4, if partitioned by status 3 4
SEEN
