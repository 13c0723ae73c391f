"""Lambda: a function's logging configuration is kept, https://docs.aws.amazon.com/lambda/latest/api/API_LoggingConfig.html."""

from moto.awslambda.models import LambdaFunction

from .patch import wraps


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
