#!/usr/bin/env bash
# PyPI moto 5.2.5, server mode, Kinesis: if two writers put records at once, records are lost. The server answers
# requests in threads, and a shard numbers a record after its latest one. Two threads find the same number, and the
# later record replaces the earlier one. Both writers receive that sequence number and FailedRecordCount 0. Kinesis
# keeps both records (https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecords.html). So a test of two
# producers sometimes fails as if the consumer had lost a record, and a single producer never shows the error.
# Seen: "failed 0", "sequence numbers given twice: yes", "records lost: yes" (some 50 of 8,000 on two cores).
set -euo pipefail
folder=$(mktemp -d)
trap 'kill "${server:-}" 2>/dev/null || true; rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check 'moto[kinesis,server]==5.2.5' boto3==1.40.61
port=$(env/bin/python -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
env/bin/moto_server -H 127.0.0.1 -p "$port" >server.log 2>&1 &
server=$!
cat >main.py <<'PY'
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import boto3

WRITERS, BATCHES, BATCH = 4, 10, 200


def client():
    return boto3.session.Session().client("kinesis", endpoint_url=f"http://127.0.0.1:{sys.argv[1]}", region_name="us-east-1",
                                          aws_access_key_id="a", aws_secret_access_key="b")


for _ in range(60):
    try:
        client().list_streams()
        break
    except Exception:
        time.sleep(1)


def write(args):
    stream, writer = args
    kinesis, failed, numbers = client(), 0, []
    for b in range(BATCHES):
        out = kinesis.put_records(StreamName=stream, Records=[{"PartitionKey": "k", "Data": f"{writer} {b} {i}".encode()} for i in range(BATCH)])
        failed += out["FailedRecordCount"]
        numbers += [r["SequenceNumber"] for r in out["Records"]]
    return failed, numbers


failed, twice, lost = 0, False, 0
for attempt in range(5):  # a race: once in five times is enough
    stream = f"orders-{attempt}"
    client().create_stream(StreamName=stream, ShardCount=1)
    with ThreadPoolExecutor(WRITERS) as pool:
        answers = list(pool.map(write, [(stream, w) for w in range(WRITERS)]))
    failed += sum(f for f, _ in answers)
    numbers = [n for _, ns in answers for n in ns]
    twice = twice or len(set(numbers)) < len(numbers)
    kinesis, seen = client(), set()
    shard = kinesis.list_shards(StreamName=stream)["Shards"][0]["ShardId"]
    at = kinesis.get_shard_iterator(StreamName=stream, ShardId=shard, ShardIteratorType="TRIM_HORIZON")["ShardIterator"]
    while True:
        out = kinesis.get_records(ShardIterator=at)
        seen |= {r["Data"] for r in out["Records"]}
        at = out["NextShardIterator"]
        if not out["Records"]:
            break
    lost += WRITERS * BATCHES * BATCH - len(seen)
    if lost:
        break
print("lost", lost, "in", attempt + 1, "attempts", file=sys.stderr)
print("failed", failed)
print("sequence numbers given twice:", "yes" if twice else "no")
print("records lost:", "yes" if lost else "no")
PY
env/bin/python main.py "$port" | tee seen
diff seen - <<'SEEN'
failed 0
sequence numbers given twice: yes
records lost: yes
SEEN
