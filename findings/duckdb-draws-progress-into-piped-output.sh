#!/usr/bin/env bash
# DuckDB 1.4.4 for Python: a program that is run as "python -c" or read from standard input gets a progress bar drawn among what it prints, on
# standard output, once a query takes two seconds, also where that is a pipe and no terminal. The same program in a file gets none. DuckDB takes
# a Python without a main file for an interactive one; it does not look where the output goes. So what reads the program's lines (JSON, say) breaks on
# large data alone. "SET enable_progress_bar = false" keeps the output clean.
# Seen: "file: clean", "-c: a bar", "-c, switched off: clean".
# Needs python3 with venv.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check duckdb==1.4.4
cat >main.py <<'PY'
import sys
import time

import duckdb

db = duckdb.connect()
if "off" in sys.argv:
    db.execute("SET enable_progress_bar = false")
db.execute("SET threads = 1")
db.execute("CREATE TABLE t AS SELECT range i, hash(range) h FROM range(1000000)")
rows, took = 1, 0
while took < 4:  # seconds
    rows, began = rows * 2, time.time()
    db.execute(f"SELECT count(*) FROM t a JOIN t b ON a.h % (1000000 // {rows}) = b.h % (1000000 // {rows}) WHERE a.i < b.i").fetchone()
    took = time.time() - began
print('{"answer": 1}')
PY
look() {
    if [ "$("$@" 2>errors)" = '{"answer": 1}' ]; then echo clean; else echo a bar; fi
}
seen="file: $(look env/bin/python main.py | cat)
-c: $(look env/bin/python -c "$(cat main.py)" | cat)
-c, switched off: $(look env/bin/python -c "$(cat main.py)" off | cat)"
echo "$seen"
[ "$seen" = "file: clean
-c: a bar
-c, switched off: clean" ]
