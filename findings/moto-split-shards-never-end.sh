#!/usr/bin/env bash
# PyPI moto 5.2.5, Kinesis: after a split, the parent shard stays open. Records are still written into it, and its
# children get none. GetRecords keeps returning a NextShardIterator and no ChildShards; Kinesis returns no iterator
# and names the children (https://docs.aws.amazon.com/kinesis/latest/APIReference/API_GetRecords.html). OpenShardCount
# is 2 although three shards are open. So a consumer that reads only the shards it found first passes its tests of a
# split. A consumer that reads a parent to its end before the children, as the order of a key requires, waits forever
# without any lag.
# Seen: "open shards 2", "parent: iterator yes, children None, lag 0", "written after the split into: the parent".
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check 'moto[kinesis]==5.2.5' boto3==1.40.61
cat >main.py <<'PY'
import boto3
from moto import mock_aws

with mock_aws():
    client = boto3.client("kinesis", region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="b")
    client.create_stream(StreamName="orders", ShardCount=2)
    parent = client.list_shards(StreamName="orders")["Shards"][0]["ShardId"]
    client.put_record(StreamName="orders", Data=b"{}", PartitionKey="1", ExplicitHashKey="0")
    client.split_shard(StreamName="orders", ShardToSplit=parent, NewStartingHashKey="1000")
    print("open shards", client.describe_stream_summary(StreamName="orders")["StreamDescriptionSummary"]["OpenShardCount"])
    iterator = client.get_shard_iterator(StreamName="orders", ShardId=parent, ShardIteratorType="TRIM_HORIZON")["ShardIterator"]
    read = client.get_records(ShardIterator=iterator)
    read = client.get_records(ShardIterator=read["NextShardIterator"])
    print(f"parent: iterator {'yes' if read.get('NextShardIterator') else 'no'}, children {read.get('ChildShards')}, "
          f"lag {read['MillisBehindLatest']}")
    into = client.put_record(StreamName="orders", Data=b"{}", PartitionKey="1", ExplicitHashKey="0")["ShardId"]
    print("written after the split into:", "the parent" if into == parent else "a child")
PY
env/bin/python main.py | tee seen
diff seen - <<'SEEN'
open shards 2
parent: iterator yes, children None, lag 0
written after the split into: the parent
SEEN
