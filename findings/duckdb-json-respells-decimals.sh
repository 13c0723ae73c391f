#!/usr/bin/env bash
# PyPI duckdb 2.0.1: ->, ->>, json_extract_string and json_value convert a JSON number with a fraction to a double and
# back. So an exact decimal loses digits and 1.10 becomes 1.1. Yet the JSON type is text, and the whole document, cast
# to VARCHAR, has every digit. Whole numbers of any size stay unchanged, so a test with large ids does not show the
# error. Trino's json_extract_scalar leaves both unchanged.
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
