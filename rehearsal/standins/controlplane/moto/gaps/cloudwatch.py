"""CloudWatch: adds composite alarms, which moto lacks, and the states of new and changed alarms.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutCompositeAlarm.html,
https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html: an alarm starts with
INSUFFICIENT_DATA, and keeps its state when it is changed.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DescribeAlarms.html: without AlarmTypes only
metric alarms are listed.
"""

from moto.cloudwatch.models import CloudWatchBackend
from moto.cloudwatch.responses import CloudWatchResponse

from .patch import adds, wraps

_SUPPRESSION = {
    "ActionsSuppressor": "actions_suppressor",
    "ActionsSuppressorWaitPeriod": "actions_suppressor_wait_period",
    "ActionsSuppressorExtensionPeriod": "actions_suppressor_extension_period",
}


@adds(CloudWatchResponse)
def put_composite_alarm(self):
    answer = self.put_metric_alarm()
    alarm = self.cloudwatch_backend.alarms[self._get_param("AlarmName")]
    for parameter, attribute in _SUPPRESSION.items():
        setattr(alarm, attribute, self._get_param(parameter))
    return answer


@wraps(CloudWatchBackend)
def put_metric_alarm(original, self, *args, **kwargs):
    former = self.alarms.get(kwargs["name"])
    alarm = original(self, *args, **kwargs)
    alarm.state_value = former.state_value if former else "INSUFFICIENT_DATA"
    return alarm


@wraps(CloudWatchResponse)
def describe_alarms(original, self):
    answer = original(self)
    kinds = self._get_param("AlarmTypes") or ["MetricAlarm"]
    for kind in ("MetricAlarm", "CompositeAlarm"):
        if kind not in kinds:
            answer._result[kind + "s"] = []
    return answer
