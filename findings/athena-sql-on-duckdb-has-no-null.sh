#!/usr/bin/env bash
# PyPI sqlglot 30.30.0 (read "athena", write "duckdb") with duckdb 2.0.1: it copies three expressions by name although
# the two engines answer differently. Athena's engine, Trino, returns NULL for a pattern that does not match and for a
# field beyond the last. It cuts text that is cast to a shorter varchar
# (https://trino.io/docs/476/functions/regexp.html, https://trino.io/docs/476/functions/string.html,
# https://trino.io/docs/476/language/types.html#varchar). DuckDB returns '' in the first two cases and the whole text
# in the third. So coalesce() never uses its second value, IS NULL finds nothing, and a query's test can pass on
# DuckDB although Athena answers differently. For greatest() and least() sqlglot does translate the NULLs.
# Seen: "regexp_extract ''", "split_part ''", "varchar(2) 'abc'", "greatest None".
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check sqlglot==30.30.0 duckdb==2.0.1
cat >main.py <<'PY'
import duckdb
import sqlglot

for name, query in {
    "regexp_extract": "SELECT regexp_extract('mysql-bin:4', '^([0-9]+)', 1)",
    "split_part": "SELECT split_part('binlog.000001', '.', 3)",
    "varchar(2)": "SELECT CAST('abc' AS varchar(2))",
    "greatest": "SELECT greatest(1, CAST(NULL AS integer))",
}.items():
    print(name, repr(duckdb.sql(sqlglot.transpile(query, read="athena", write="duckdb")[0]).fetchall()[0][0]))
PY
env/bin/python main.py | tee seen
diff seen - <<'SEEN'
regexp_extract ''
split_part ''
varchar(2) 'abc'
greatest None
SEEN
