"""Firehose: adds the OpenSearch destinations. moto knows a domain only under its old name, Elasticsearch, and no
collection.

Both are stored in moto's Elasticsearch slot and described under their own names, with the VPC that Firehose looks
up itself:
https://docs.aws.amazon.com/firehose/latest/APIReference/API_AmazonopensearchserviceDestinationDescription.html
https://docs.aws.amazon.com/firehose/latest/APIReference/API_AmazonOpenSearchServerlessDestinationDescription.html
"""

import re

from moto.core.responses import BaseResponse
from moto.ec2 import ec2_backends
from moto.firehose.exceptions import InvalidArgumentException
from moto.firehose.models import FirehoseBackend
from moto.firehose.responses import FirehoseResponse

from .patch import adds, wraps

SLOT, DOMAIN, COLLECTION = "ElasticsearchDestination", "AmazonopensearchserviceDestination", "AmazonOpenSearchServerlessDestination"


class Collection(dict):
    """A collection as destination, in that slot."""


@adds(FirehoseResponse)
def _get_param(self, param_name, if_none=None):
    value = BaseResponse._get_param(self, param_name, if_none)
    if value is None and param_name.startswith(SLOT):
        rest = param_name.removeprefix(SLOT)
        value = BaseResponse._get_param(self, DOMAIN + rest, if_none)
        serverless = BaseResponse._get_param(self, COLLECTION + rest, if_none)
        if serverless is not None:
            if value is not None:
                raise InvalidArgumentException("Exactly one destination configuration is supported for a Firehose")
            value = Collection(serverless)
    return value


@wraps(FirehoseBackend)
def create_delivery_stream(original, self, *args, **kwargs):
    for value in args:
        if isinstance(value, Collection):
            check(value, {"RoleARN", "CollectionEndpoint", "IndexName", "S3Configuration"})
    return original(self, *args, **kwargs)


@wraps(FirehoseBackend)
def update_destination(original, self, name, *args, **kwargs):
    for value in args:
        if isinstance(value, Collection):
            check(value, set())
    stream = self.delivery_streams.get(name)
    kept = [kind for d in stream.destinations for kind in [d.get("Elasticsearch")] if kind] if stream else []
    given = [value for value in args if isinstance(value, dict)]
    if kept and any(isinstance(a, Collection) != isinstance(b, Collection) for a in kept for b in given):
        raise InvalidArgumentException("Changing the destination type to or from Amazon OpenSearch Serverless is not supported at this time.")
    return original(self, name, *args, **kwargs)


# The model's limits for a collection's settings, which moto does not check:
# https://docs.aws.amazon.com/firehose/latest/APIReference/API_AmazonOpenSearchServerlessDestinationConfiguration.html
RANGES = {("BufferingHints", "SizeInMBs"): (1, 100), ("BufferingHints", "IntervalInSeconds"): (0, 900), ("RetryOptions", "DurationInSeconds"): (0, 7200)}


def check(collection, required):
    """The model does not require CollectionEndpoint, but without it a stream has no destination."""
    problems = [f"{name} must not be null" for name in sorted(required - set(collection))]
    if not re.fullmatch("https:.{0,506}", collection.get("CollectionEndpoint", "https:")):
        problems.append("CollectionEndpoint must satisfy regular expression pattern: https:.*")
    if not 1 <= len(collection.get("IndexName", "index")) <= 80:
        problems.append("IndexName must have 1 to 80 characters")
    if collection.get("S3BackupMode", "AllDocuments") not in ("AllDocuments", "FailedDocumentsOnly"):
        problems.append("S3BackupMode must satisfy enum value set: [FailedDocumentsOnly, AllDocuments]")
    for (group, name), (least, most) in RANGES.items():
        if not least <= int(collection.get(group, {}).get(name, least)) <= most:
            problems.append(f"{group}.{name} must be between {least} and {most}")
    if problems:
        raise InvalidArgumentException("; ".join(problems))


@wraps(FirehoseBackend)
def describe_delivery_stream(original, self, delivery_stream_name):
    described = original(self, delivery_stream_name)
    for destination in described["DeliveryStreamDescription"]["Destinations"]:
        kept = destination.pop(SLOT + "Description", None)
        if kept is not None:
            name = COLLECTION if isinstance(kept, Collection) else DOMAIN
            destination[name + "Description"] = _with_vpc(self, kept)
    return described


def _with_vpc(backend, description):
    description = dict(description)
    vpc = description.pop("VpcConfiguration", None)
    if vpc:
        subnet = ec2_backends[backend.account_id][backend.region_name].get_subnet(vpc["SubnetIds"][0])
        description["VpcConfigurationDescription"] = dict(vpc, VpcId=subnet.vpc_id)
    return description
