#!/usr/bin/env bash
# PyPI duckdb 2.0.1: ->, ->>, json_extract_string and json_value write a JSON number with a fraction anew from a double, so an
# exact decimal loses digits and 1.10 becomes 1.1, although the JSON type is text and the whole document, cast to VARCHAR, has
# every digit. Whole numbers of any size come out as they were written, so a test with large ids does not show it. Trino's
# json_extract_scalar gives both as they were written.
# Seen: "->> 12345678901234567000.0", "->> 1.1", "->> 123456789012345678901234567890", and the document unchanged.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check duckdb==2.0.1
cat >main.py <<'PY'
import duckdb

for number in "12345678901234567890.5", "1.10", "123456789012345678901234567890":
    row = '{"total":%s}' % number
    for expression in "r ->> '$.total'", "r -> '$.total'", "json_value(r, '$.total')", "CAST(r::JSON AS VARCHAR)":
        value = duckdb.sql(f"SELECT {expression} FROM (SELECT ? AS r)", params=[row]).fetchall()[0][0]
        print(expression, value)
PY
env/bin/python main.py | tee seen
diff seen - <<'SEEN'
r ->> '$.total' 12345678901234567000.0
r -> '$.total' 12345678901234567000.0
json_value(r, '$.total') 12345678901234567000.0
CAST(r::JSON AS VARCHAR) {"total":12345678901234567890.5}
r ->> '$.total' 1.1
r -> '$.total' 1.1
json_value(r, '$.total') 1.1
CAST(r::JSON AS VARCHAR) {"total":1.10}
r ->> '$.total' 123456789012345678901234567890
r -> '$.total' 123456789012345678901234567890
json_value(r, '$.total') 123456789012345678901234567890
CAST(r::JSON AS VARCHAR) {"total":123456789012345678901234567890}
SEEN
