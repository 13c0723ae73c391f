"""Kinesis: a stream can be made with its tags, https://docs.aws.amazon.com/kinesis/latest/APIReference/API_CreateStream.html."""

from moto.kinesis.responses import KinesisResponse

from .patch import wraps


@wraps(KinesisResponse)
def create_stream(original, self):
    answer = original(self)
    tags = self._get_param("Tags")
    if tags:
        self.kinesis_backend.add_tags_to_stream(stream_arn=None, stream_name=self._get_param("StreamName"), tags=tags)
    return answer
