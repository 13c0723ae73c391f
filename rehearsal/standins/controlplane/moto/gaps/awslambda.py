"""Lambda: stores a function's logging configuration,
https://docs.aws.amazon.com/lambda/latest/api/API_LoggingConfig.html.

An event source mapping may read a consumer with enhanced fan-out. It delivers nothing here: the rehearsal's own
reader does.
"""

from moto.awslambda.models import EventSourceMapping, LambdaBackend, LambdaFunction
from moto.kinesis.models import kinesis_backends

from .patch import adds, wraps


@wraps(LambdaFunction, "__init__")
def _function(original, self, account_id, spec, *args, **kwargs):
    original(self, account_id, spec, *args, **kwargs)
    self.logging_config = {"LogFormat": "Text", "LogGroup": f"/aws/lambda/{self.function_name}"} | spec.get("LoggingConfig", {})


@wraps(LambdaFunction)
def update_configuration(original, self, config_updates):
    self.logging_config |= config_updates.get("LoggingConfig", {})
    self.kms_key_arn = config_updates.get("KMSKeyArn", self.kms_key_arn)
    return original(self, config_updates)


@wraps(LambdaFunction)
def get_configuration(original, self, *args, **kwargs):
    return original(self, *args, **kwargs) | {"LoggingConfig": self.logging_config}


# https://docs.aws.amazon.com/lambda/latest/api/API_CreateEventSourceMapping.html#lambda-CreateEventSourceMapping-request-EventSourceArn
@wraps(LambdaBackend)
def create_event_source_mapping(original, self, spec):
    source = spec.get("EventSourceArn") or ""
    if ":kinesis:" not in source or "/consumer/" not in source:
        return original(self, spec)
    kinesis_backends[self.account_id][self.region_name].describe_stream_consumer(None, None, source)  # it is there
    function = self.get_function(spec["FunctionName"])
    mapping = EventSourceMapping(spec | {"RegionName": self.region_name, "AccountId": self.account_id, "FunctionArn": function.function_arn})
    self._event_source_mappings[mapping.uuid] = mapping
    return mapping


@adds(LambdaBackend)
def send_kinesis_message(self, *args, **kwargs):
    pass
