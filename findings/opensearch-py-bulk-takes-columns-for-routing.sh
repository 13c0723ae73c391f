#!/usr/bin/env bash
# PyPI opensearch-py 3.2.0: helpers.bulk also accepts a row as a flat dictionary, with _index and _id among its
# columns. It removes these, and the rest is the document. But it also removes members without an underscore: routing,
# version, version_type, pipeline, parent, if_seq_no and others. A column with such a name is missing in the document
# and changes how the document is written. Nothing warns about routing: the row goes to the shard for that value,
# where a GET by its id alone does not look. When the column changes, the next write goes to another shard, and the
# old row stays (https://docs.opensearch.org/latest/mappings/metadata-fields/routing/). For pipeline,
# elasticsearch-py#640 reports it, from before the fork. If the row is in _source, nothing is removed.
# Seen: "flat {"index": {"_id": 7, "_index": "payments", "routing": "026009593"}} {"amount": 5, "id": 7}", and with
# _source the whole row.
# Needs python3 with venv.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check opensearch-py==3.2.0
cat >main.py <<'PY'
import http.server
import json
import threading

from opensearchpy import OpenSearch
from opensearchpy.helpers import bulk

sent = []


class Cluster(http.server.BaseHTTPRequestHandler):
    """Takes every request, and keeps its lines."""

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        sent.extend(json.dumps(json.loads(line), sort_keys=True) for line in body.splitlines())
        answer = json.dumps({"errors": False, "items": [{"index": {"status": 201}}]}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_):
        pass


server = http.server.HTTPServer(("127.0.0.1", 0), Cluster)
threading.Thread(target=server.serve_forever, daemon=True).start()
client = OpenSearch(hosts=[{"host": "127.0.0.1", "port": server.server_port}])
row = {"id": 7, "routing": "026009593", "amount": 5}  # a bank's routing number
for name, action in {
    "flat": {"_index": "payments", "_id": 7, **row},
    "_source": {"_index": "payments", "_id": 7, "_source": row},
}.items():
    bulk(client, [action])
    print(name, *sent)
    sent.clear()
PY
env/bin/python main.py | tee seen
diff seen - <<'SEEN'
flat {"index": {"_id": 7, "_index": "payments", "routing": "026009593"}} {"amount": 5, "id": 7}
_source {"index": {"_id": 7, "_index": "payments"}} {"amount": 5, "id": 7, "routing": "026009593"}
SEEN
