#!/usr/bin/env bash
# PyPI pyiceberg 0.12.0, polars 2.1.0: a column of a source was widened, and so was Iceberg's column: float to double,
# decimal(4,2) to decimal(20,2). pyiceberg shows rows of older files in the new type but compares them in the old one.
# A scan shows 0.10000000149011612, but neither < 0.1 nor = nor > finds it. Either the file's bounds, which are
# compared as doubles, exclude the file, or the value excludes the row, because 0.1 as a float is not greater than
# itself. delete("value > 0.1") still deletes the row, because by its bounds the whole file is greater. Polars, which
# reads the table by pyiceberg's plan, finds it by >. A decimal with more digits than the old type is an error until
# the last old file is rewritten. int to long is compared correctly.
# Seen: "a scan shows 0.10000000149011612", "pyiceberg: < no, = no, > no", "polars: < no, = no, > yes", "after delete
# > 0.1: 0 rows", "total < 5.00: 1 row", "total < 123456.00: ArrowInvalid".
# Needs python3 with venv.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check 'pyiceberg[sql-sqlite]==0.12.0' pyarrow==25.0.1 polars==2.1.0
cat >main.py <<'PY'
import decimal
import operator
import os

import polars
import pyarrow as pa
from pyiceberg.catalog.sql import SqlCatalog
from pyiceberg.types import DecimalType, DoubleType

catalog = SqlCatalog("c", uri="sqlite:///catalog.db", warehouse="file://" + os.getcwd())
catalog.create_namespace("n")


def widened(column, value, before, after):
    rows = pa.table({column: pa.array([value], before)})
    table = catalog.create_table(f"n.{column}", rows.schema)
    table.append(rows)
    with table.update_schema() as schema:
        schema.update_column(column, after)
    return table


def say(who, found):
    print(f"{who}: " + ", ".join(f"{sign} {'yes' if found(sign) else 'no'}" for sign in ("<", "=", ">")))


table = widened("value", 0.1, pa.float32(), DoubleType())
print("a scan shows", table.scan().to_arrow()["value"][0])
compare = {"<": operator.lt, "=": operator.eq, ">": operator.gt}
say("pyiceberg", lambda sign: table.scan(row_filter=f"value {sign} 0.1").to_arrow().num_rows)
say("polars", lambda sign: polars.scan_iceberg(table).filter(compare[sign](polars.col("value"), 0.1)).collect().height)
table.delete("value > 0.1")
print("after delete > 0.1:", table.scan().to_arrow().num_rows, "rows")

table = widened("total", decimal.Decimal("1.10"), pa.decimal128(4, 2), DecimalType(20, 2))
for row_filter in "total < 5.00", "total < 123456.00":
    try:
        print(f"{row_filter}:", table.scan(row_filter=row_filter).to_arrow().num_rows, "row")
    except pa.ArrowInvalid as e:
        print(f"{row_filter}:", type(e).__name__)
PY
env/bin/python -W ignore main.py | tee seen
diff seen - <<'SEEN'
a scan shows 0.10000000149011612
pyiceberg: < no, = no, > no
polars: < no, = no, > yes
after delete > 0.1: 0 rows
total < 5.00: 1 row
total < 123456.00: ArrowInvalid
SEEN
