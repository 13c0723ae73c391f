#!/usr/bin/env bash
# OpenSearch 2.19.4 (org.opensearch.distribution.integ-test-zip, from Maven Central): if a client pages through a
# point in time of an index with sort _doc and search_after, it does not get all documents. The documentation
# recommends this fast order for reading everything. Each shard numbers its own documents, so several documents have
# the same number, and search_after skips all of that number. No error and no total shows it; only the last page is
# short. With one shard nothing is missing, and a scroll by _doc reads the whole index.
# Seen: 1 shards: 1000 of 1000 by search_after, 1000 of 1000 by scroll
#       5 shards: 991 of 1000 by search_after, 1000 of 1000 by scroll
# Needs Maven, a JDK of 17 to 23, curl, python3, and, as root, the user nobody (OpenSearch refuses root).
set -euo pipefail
folder=$(mktemp -d)
node=
trap '[[ -z $node ]] || kill "$node" 2>/dev/null || true; wait 2>/dev/null || true; rm -rf "$folder"' EXIT
cd "$folder"
version=2.19.4
mvn -q -B org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy -Dartifact=org.opensearch.distribution.integ-test-zip:opensearch:$version:zip -DoutputDirectory="$folder" >&2
python3 -m zipfile -e opensearch-$version.zip .
server=$folder/opensearch-$version
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
printf 'discovery.type: single-node\nhttp.host: 127.0.0.1\nhttp.port: %s\ntransport.port: 0\n' "$port" >"$server/config/opensearch.yml"
chmod +x "$server"/bin/opensearch*
run=()
if ((EUID == 0)); then
	chmod 755 "$folder"
	chown -R nobody "$server"
	run=(setpriv --reuid=nobody --clear-groups)
fi
java=$(readlink -f "${JAVA_HOME:-$(dirname "$(dirname "$(readlink -f "$(command -v java)")")")}")
"${run[@]}" env OPENSEARCH_JAVA_HOME="$java" OPENSEARCH_JAVA_OPTS="-Xms512m -Xmx512m" "$server/bin/opensearch" >log 2>&1 &
node=$!
for ((i = 0; i < 180; i++)); do
	curl -sS "http://127.0.0.1:$port/" >/dev/null 2>&1 && break
	kill -0 $node 2>/dev/null || { cat log >&2; exit 1; }
	sleep 1
done
cat >read.py <<'PY'
import json, sys, urllib.request

def call(method, path, body=None):
    data = body if isinstance(body, bytes) else json.dumps(body).encode() if body is not None else None
    request = urllib.request.Request(f"http://127.0.0.1:{sys.argv[1]}{path}", data, {"Content-Type": "application/json"}, method=method)
    return json.load(urllib.request.urlopen(request))

def paged(index):
    pit = call("POST", f"/{index}/_search/point_in_time?keep_alive=1m")["pit_id"]
    ids, after = set(), None
    while True:
        search = {"size": size, "sort": ["_doc"], "pit": {"id": pit, "keep_alive": "1m"}}
        if after is not None:
            search["search_after"] = after
        hits = call("POST", "/_search", search)["hits"]["hits"]
        ids.update(hit["_id"] for hit in hits)
        if len(hits) < size:
            return len(ids)
        after = hits[-1]["sort"]

def scrolled(index):
    ids, answer = set(), call("POST", f"/{index}/_search?scroll=1m", {"size": size, "sort": ["_doc"]})
    while answer["hits"]["hits"]:
        ids.update(hit["_id"] for hit in answer["hits"]["hits"])
        answer = call("POST", "/_search/scroll", {"scroll": "1m", "scroll_id": answer["_scroll_id"]})
    return len(ids)

documents, size = 1000, 99
for shards in (1, 5):
    index = f"of-{shards}"
    call("PUT", f"/{index}", {"settings": {"number_of_shards": shards, "number_of_replicas": 0}})
    lines = "".join(json.dumps({"index": {"_id": str(n)}}) + "\n{}\n" for n in range(documents))
    call("POST", f"/{index}/_bulk?refresh=true", lines.encode())
    pages, scroll = paged(index), scrolled(index)
    print(f"{shards} shards: {pages} of {documents} by search_after, {scroll} of {documents} by scroll")
    good = pages == documents if shards == 1 else pages < documents
    if not good or scroll != documents:
        sys.exit("this has changed")
PY
python3 read.py "$port"
