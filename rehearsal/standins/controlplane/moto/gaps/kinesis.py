"""Kinesis: a stream can be made with its tags, https://docs.aws.amazon.com/kinesis/latest/APIReference/API_CreateStream.html,
what is in use is counted, https://docs.aws.amazon.com/kinesis/latest/APIReference/API_DescribeLimits.html,
and each record has a sequence number of its own: moto gives two writers the same one when they come at once, and keeps one record.
"""

import threading

from moto.kinesis.models import KinesisBackend, Shard
from moto.kinesis.responses import KinesisResponse

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
