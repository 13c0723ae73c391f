#!/usr/bin/env bash
# DuckDB 1.4.4 for Python: if a program runs as "python -c" or from standard input, and a query takes two seconds,
# DuckDB draws a progress bar on standard output. It does so even if standard output is a pipe and no terminal. The
# same program in a file gets no bar. DuckDB treats a Python without a main file as interactive and does not check
# where the output goes. So a reader of the program's lines (JSON, for example) fails only with large data. "SET
# enable_progress_bar = false" keeps the output clean.
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
