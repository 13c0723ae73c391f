"""Kinesis: a stream can be made with tags,
https://docs.aws.amazon.com/kinesis/latest/APIReference/API_CreateStream.html, usage is counted,
https://docs.aws.amazon.com/kinesis/latest/APIReference/API_DescribeLimits.html, and each record has a unique
sequence number: moto gives two simultaneous writers the same one and loses a record. A shard that is split or
merged keeps its records and ends: moto would copy them to the new shards.
"""

import threading
from collections import OrderedDict
from contextlib import contextmanager
from copy import copy

from moto.kinesis.models import KinesisBackend, Shard, Stream
from moto.kinesis.responses import KinesisResponse
from moto.kinesis.utils import decompose_shard_iterator

from .patch import wraps


@wraps(KinesisBackend)
def describe_limits(original, self):
    on_demand = [s for s in self.streams.values() if s.stream_mode.get("StreamMode") == "ON_DEMAND"]
    provisioned = [s for s in self.streams.values() if s not in on_demand]
    open_shards = sum(shard.is_open for s in provisioned for shard in s.shards.values())
    return original(self) | {"OnDemandStreamCount": len(on_demand), "OpenShardCount": open_shards}


@wraps(KinesisResponse)
def create_stream(original, self):
    answer = original(self)
    tags = self._get_param("Tags")
    if tags:
        self.kinesis_backend.add_tags_to_stream(stream_arn=None, stream_name=self._get_param("StreamName"), tags=tags)
    return answer


_one_at_a_time = threading.Lock()


@wraps(Shard)
def put_record(original, self, *args, **kwargs):
    with _one_at_a_time:
        return original(self, *args, **kwargs)


@wraps(Stream)
def split_shard(original, self, shard_to_split, new_starting_hash_key):
    """A shard's records stay in it,
    https://docs.aws.amazon.com/streams/latest/dev/kinesis-using-sdk-java-after-resharding.html."""
    with _emptied(self.shards[shard_to_split]):
        return original(self, shard_to_split, new_starting_hash_key)


@wraps(Stream)
def merge_shards(original, self, shard_to_merge, adjacent_shard_to_merge):
    with _emptied(self.shards[shard_to_merge], self.shards[adjacent_shard_to_merge]):
        return original(self, shard_to_merge, adjacent_shard_to_merge)


@wraps(Stream)
def get_shard_for_key(original, self, partition_key, explicit_hash_key):
    """Returns the open shard among those for a key; moto would return the first one."""
    every = self.shards
    self = copy(self)
    self.shards = {name: shard for name, shard in every.items() if shard.is_open}
    return original(self, partition_key, explicit_hash_key)


@contextmanager
def _emptied(*shards):
    """Hides the records of shards in the meantime."""
    with _one_at_a_time:
        kept = [shard.records for shard in shards]
        for shard in shards:
            shard.records = OrderedDict()
        try:
            yield
        finally:
            for shard, records in zip(shards, kept):
                shard.records = records


@wraps(KinesisBackend)
def get_records(original, self, stream_arn, shard_iterator, limit):
    """A closed shard that was read to its end has no next iterator."""
    stream_name, shard_id, _ = decompose_shard_iterator(shard_iterator)
    shard = self.describe_stream(stream_arn=stream_arn, stream_name=stream_name).get_shard(shard_id)
    with _one_at_a_time:
        ended = not shard.is_open
        following, records, behind = original(self, stream_arn, shard_iterator, limit)
        _, _, last = decompose_shard_iterator(following)
        if ended and int(last) >= shard.get_max_sequence_number():
            following = None
    return following, records, behind
