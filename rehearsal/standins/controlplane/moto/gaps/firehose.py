"""Firehose: the OpenSearch destination, which moto has only under its old name, Elasticsearch.

It is kept in moto's Elasticsearch slot and described under its own name, with the VPC that Firehose looks up itself:
https://docs.aws.amazon.com/firehose/latest/APIReference/API_AmazonopensearchserviceDestinationDescription.html
"""

from moto.core.responses import BaseResponse
from moto.ec2 import ec2_backends
from moto.firehose.models import FirehoseBackend
from moto.firehose.responses import FirehoseResponse

from .patch import adds, wraps

SLOT, NAME = "ElasticsearchDestination", "AmazonopensearchserviceDestination"


@adds(FirehoseResponse)
def _get_param(self, param_name, if_none=None):
    value = BaseResponse._get_param(self, param_name, if_none)
    if value is None and param_name.startswith(SLOT):
        value = BaseResponse._get_param(self, NAME + param_name.removeprefix(SLOT), if_none)
    return value


@wraps(FirehoseBackend)
def describe_delivery_stream(original, self, delivery_stream_name):
    described = original(self, delivery_stream_name)
    for destination in described["DeliveryStreamDescription"]["Destinations"]:
        if SLOT + "Description" in destination:
            destination[NAME + "Description"] = _with_vpc(self, destination.pop(SLOT + "Description"))
    return described


def _with_vpc(backend, description):
    description = dict(description)
    vpc = description.pop("VpcConfiguration", None)
    if vpc:
        subnet = ec2_backends[backend.account_id][backend.region_name].get_subnet(vpc["SubnetIds"][0])
        description["VpcConfigurationDescription"] = dict(vpc, VpcId=subnet.vpc_id)
    return description
