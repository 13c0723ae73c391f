"""DMS: times are numbers, subnet groups contain their subnets, and operations that moto lacks.

https://docs.aws.amazon.com/dms/latest/APIReference/API_Operations.html
"""

import json
import re
from datetime import datetime, timezone

from moto.core.utils import camelcase_to_underscores
from moto.dms.exceptions import DmsClientError, ResourceNotFoundFault
from moto.dms.models import (
    DatabaseMigrationServiceBackend,
    FakeReplicationInstance,
    FakeReplicationSubnetGroup,
    FakeReplicationTask,
)
from moto.dms.responses import DatabaseMigrationServiceResponse
from moto.ec2 import ec2_backends

from .iam import has_role
from .patch import adds, wraps


def _request(response):
    return json.loads(response.body)


def _values(request):
    return [value for f in request.get("Filters", []) for value in f["Values"]]


def _now():
    return datetime.now(timezone.utc).timestamp()


def _arn(backend, kind, name):
    return f"arn:aws:dms:{backend.region_name}:{backend.account_id}:{kind}:{name}"


# ---- times: moto writes ISO strings where DMS writes epoch seconds


def _wire(value, key=""):
    if isinstance(value, dict):
        return {k: _wire(v, k) for k, v in value.items() if v is not None}
    if isinstance(value, list):
        return [_wire(v) for v in value]
    if isinstance(value, str) and re.search("(Time|Date)$", key):
        return datetime.fromisoformat(value).replace(tzinfo=timezone.utc).timestamp()
    return value


@wraps(FakeReplicationTask, "to_dict")
def _task(original, self):
    return _wire(original(self))


@wraps(FakeReplicationInstance, "to_dict")
def _instance(original, self):
    described = _wire(original(self))
    group = self.groups.get(self.replication_subnet_group_identifier)
    if group:
        described["ReplicationSubnetGroup"] = group.to_dict()
        zones = [s["SubnetAvailabilityZone"]["Name"] for s in described["ReplicationSubnetGroup"]["Subnets"]]
        described.setdefault("AvailabilityZone", zones[0])
    return described


@wraps(DatabaseMigrationServiceBackend)
def create_replication_instance(original, self, *args, **kwargs):
    instance = original(self, *args, **kwargs)
    instance.groups = self.replication_subnet_groups
    return instance


# ---- subnet groups


@wraps(DatabaseMigrationServiceBackend)
def create_replication_subnet_group(original, self, subnet_ids, tags=None, **names):
    if not has_role(self.account_id, "dms-vpc-role"):
        # https://docs.aws.amazon.com/dms/latest/userguide/security-iam.html#CHAP_Security.APIRole
        role = f"arn:aws:iam::{self.account_id}:role/dms-vpc-role"
        raise DmsClientError("AccessDeniedFault", f"The IAM Role {role} is not configured properly.")
    group = original(self, subnet_ids=subnet_ids, **names)
    group.subnetIds, group.backend = subnet_ids, self
    if tags:
        self.tagger.tag_resource(_arn(self, "subgrp", group.replication_subnet_group_identifier), tags)
    return group


@adds(FakeReplicationSubnetGroup, "to_dict")
def _subnet_group(self):
    ec2 = ec2_backends[self.backend.account_id][self.backend.region_name]
    subnets = [ec2.get_subnet(subnet) for subnet in self.subnetIds]
    return {
        "ReplicationSubnetGroupIdentifier": self.replication_subnet_group_identifier,
        "ReplicationSubnetGroupDescription": self.description,
        "VpcId": subnets[0].vpc_id,
        "SubnetGroupStatus": "Complete",
        "Subnets": [
            {
                "SubnetIdentifier": subnet.id,
                "SubnetAvailabilityZone": {"Name": subnet.availability_zone},
                "SubnetStatus": "Active",
            }
            for subnet in subnets
        ],
        "SupportedNetworkTypes": ["IPV4"],
    }


@adds(DatabaseMigrationServiceResponse)
def modify_replication_subnet_group(self):
    request = _request(self)
    group = self.dms_backend.replication_subnet_groups[request["ReplicationSubnetGroupIdentifier"]]
    group.subnetIds = request["SubnetIds"]
    group.description = request.get("ReplicationSubnetGroupDescription", group.description)
    return json.dumps({"ReplicationSubnetGroup": group.to_dict()})


# ---- endpoints

_SETTINGS = {
    "KinesisSettings": "kinesis_settings",
    "MySQLSettings": "my_sql_settings",
    "PostgreSQLSettings": "postgre_sql_settings",
}


@adds(DatabaseMigrationServiceResponse)
def modify_endpoint(self):
    """Settings that are not given stay unchanged, unless ExactSettings says otherwise."""
    request = _request(self)
    arn = request.pop("EndpointArn")
    endpoint = next((e for e in self.dms_backend.endpoints.values() if e.endpoint_arn == arn), None)
    if endpoint is None:
        raise ResourceNotFoundFault("Endpoint could not be found.")
    exact = request.pop("ExactSettings", False)
    for key, value in request.items():
        attribute = _SETTINGS.get(key, camelcase_to_underscores(key))
        if not hasattr(endpoint, attribute):
            continue
        if isinstance(value, dict) and not exact:
            value = {**(getattr(endpoint, attribute) or {}), **value}
        setattr(endpoint, attribute, value)
    return json.dumps({"Endpoint": _wire(endpoint.to_dict())})


# ---- tasks


@wraps(FakeReplicationTask, "__init__")
def _ready_at_once(original, self, *args, **kwargs):
    original(self, *args, **kwargs)
    self.status = "ready"


@adds(DatabaseMigrationServiceResponse)
def modify_replication_task(self):
    request = _request(self)
    task = self.dms_backend.replication_tasks.get(request["ReplicationTaskArn"])
    if task is None:
        raise ResourceNotFoundFault("Replication task could not be found.")
    for key, attribute in (
        ("MigrationType", "migration_type"),
        ("TableMappings", "table_mappings"),
        ("ReplicationTaskSettings", "replication_task_settings"),
    ):
        if key in request:
            setattr(task, attribute, request[key])
    return json.dumps({"ReplicationTask": task.to_dict()})


@adds(DatabaseMigrationServiceResponse)
def describe_table_statistics(self):
    """Does nothing; a data plane answers instead."""
    return json.dumps({"ReplicationTaskArn": _request(self)["ReplicationTaskArn"], "TableStatistics": []})


# ---- tags


@adds(DatabaseMigrationServiceResponse)
def add_tags_to_resource(self):
    request = _request(self)
    self.dms_backend.tagger.tag_resource(request["ResourceArn"], request["Tags"])
    return "{}"


@adds(DatabaseMigrationServiceResponse)
def remove_tags_from_resource(self):
    request = _request(self)
    self.dms_backend.tagger.untag_resource_using_names(request["ResourceArn"], request["TagKeys"])
    return "{}"


# ---- certificates

_certificates = {}


@adds(DatabaseMigrationServiceResponse)
def import_certificate(self):
    request, backend = _request(self), self.dms_backend
    arn = _arn(backend, "cert", request["CertificateIdentifier"])
    if request.get("Tags"):
        backend.tagger.tag_resource(arn, request["Tags"])
    _certificates[arn] = {
        "CertificateIdentifier": request["CertificateIdentifier"],
        "CertificateArn": arn,
        "CertificatePem": request.get("CertificatePem"),
        "CertificateCreationDate": _now(),
        "CertificateOwner": backend.account_id,
    }
    return json.dumps({"Certificate": _certificates[arn]})


@adds(DatabaseMigrationServiceResponse)
def describe_certificates(self):
    wanted = _values(_request(self))
    found = [c for a, c in _certificates.items() if not wanted or a in wanted or c["CertificateIdentifier"] in wanted]
    if not found:
        raise ResourceNotFoundFault("Certificate could not be found.")
    return json.dumps({"Certificates": found})


@adds(DatabaseMigrationServiceResponse)
def delete_certificate(self):
    return json.dumps({"Certificate": _certificates.pop(_request(self)["CertificateArn"])})


# ---- serverless replications

_configs = {}


def _config(arn):
    if arn not in _configs:
        raise ResourceNotFoundFault(f"Replication Config {arn} not found.")
    return _configs[arn]


def _replication(arn):
    """A replication that never ran. The data plane answers for one that runs."""
    config = _config(arn)
    keys = ("ReplicationConfigIdentifier", "ReplicationConfigArn", "ReplicationType", "SourceEndpointArn", "TargetEndpointArn")
    return {key: config[key] for key in keys} | {"ReplicationCreateTime": config["ReplicationConfigCreateTime"], "Status": "created"}


def _selected(request):
    found = dict(_configs)
    for f in request.get("Filters", []):
        key = {"replication-config-arn": "ReplicationConfigArn", "replication-config-id": "ReplicationConfigIdentifier"}.get(f["Name"])
        if key is None:
            raise DmsClientError("InvalidParameterValueException", f"The filter {f['Name']} is not implemented")
        found = {arn: config for arn, config in found.items() if config[key] in f["Values"]}
    return list(found)


@adds(DatabaseMigrationServiceResponse)
def create_replication_config(self):
    request, backend = _request(self), self.dms_backend
    name = request["ReplicationConfigIdentifier"]
    arn = _arn(backend, "replication-config", request.pop("ResourceIdentifier", None) or name.upper())
    if arn in _configs or any(c["ReplicationConfigIdentifier"] == name for c in _configs.values()):
        raise DmsClientError("ResourceAlreadyExistsFault", f"Replication Config {name} already exists.")
    if tags := request.pop("Tags", None):
        backend.tagger.tag_resource(arn, tags)
    made = {"ReplicationConfigArn": arn, "ReplicationConfigCreateTime": _now(), "ReplicationConfigUpdateTime": _now()}
    _configs[arn] = request | made
    return json.dumps({"ReplicationConfig": _configs[arn]})


@adds(DatabaseMigrationServiceResponse)
def describe_replication_configs(self):
    return json.dumps({"ReplicationConfigs": [_configs[arn] for arn in _selected(_request(self))]})


@adds(DatabaseMigrationServiceResponse)
def describe_replications(self):
    return json.dumps({"Replications": [_replication(arn) for arn in _selected(_request(self))]})


@adds(DatabaseMigrationServiceResponse)
def modify_replication_config(self):
    request = _request(self)
    config = _config(request["ReplicationConfigArn"])
    compute = config.get("ComputeConfig", {}) | request.pop("ComputeConfig", {})
    config.update(request, ComputeConfig=compute, ReplicationConfigUpdateTime=_now())
    return json.dumps({"ReplicationConfig": config})


@adds(DatabaseMigrationServiceResponse)
def delete_replication_config(self):
    arn = _request(self)["ReplicationConfigArn"]
    answer = json.dumps({"ReplicationConfig": _config(arn)})
    del _configs[arn]
    return answer


@adds(DatabaseMigrationServiceResponse)
def start_replication(self):
    """Refuses immediately what DMS would find in its connection tests: services that need a VPC endpoint.

    https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Serverless.Limitations.html
    """
    arn, backend = _request(self)["ReplicationConfigArn"], self.dms_backend
    group = backend.replication_subnet_groups.get(_config(arn).get("ComputeConfig", {}).get("ReplicationSubnetGroupId"))
    if group is not None:
        ec2 = ec2_backends[backend.account_id][backend.region_name]
        vpc = ec2.get_subnet(group.subnetIds[0]).vpc_id
        there = [e.service_name for e in ec2.vpc_end_points.values() if e.vpc_id == vpc]
        lacking = [s for s in ("s3", "kinesis-streams", "secretsmanager") if not any(name.endswith("." + s) for name in there)]
        if lacking:
            raise DmsClientError("InvalidResourceStateFault", f"Test connection failed: the VPC has no endpoint of {', '.join(lacking)}")
    return json.dumps({"Replication": _replication(arn)})


@adds(DatabaseMigrationServiceResponse)
def stop_replication(self):
    return json.dumps({"Replication": _replication(_request(self)["ReplicationConfigArn"])})


# ---- event subscriptions

_subscriptions = {}


@adds(DatabaseMigrationServiceResponse)
def create_event_subscription(self):
    request, backend = _request(self), self.dms_backend
    name = request["SubscriptionName"]
    if request.get("Tags"):
        backend.tagger.tag_resource(_arn(backend, "es", name), request["Tags"])
    _subscriptions[name] = {
        "CustSubscriptionId": name,
        "CustomerAwsId": backend.account_id,
        "SnsTopicArn": request["SnsTopicArn"],
        "Status": "active",
        "SourceType": request.get("SourceType"),
        "EventCategoriesList": request.get("EventCategories", []),
        "SourceIdsList": request.get("SourceIds", []),
        "Enabled": request.get("Enabled", True),
    }
    return json.dumps({"EventSubscription": _subscriptions[name]})


@adds(DatabaseMigrationServiceResponse)
def describe_event_subscriptions(self):
    name = _request(self).get("SubscriptionName")
    if name and name not in _subscriptions:
        raise ResourceNotFoundFault("Event subscription could not be found.")
    return json.dumps({"EventSubscriptionsList": [s for n, s in _subscriptions.items() if not name or n == name]})


@adds(DatabaseMigrationServiceResponse)
def modify_event_subscription(self):
    request = _request(self)
    subscription = _subscriptions[request["SubscriptionName"]]
    for key, name in (("Enabled", "Enabled"), ("EventCategories", "EventCategoriesList"), ("SnsTopicArn", "SnsTopicArn")):
        if request.get(key) is not None:
            subscription[name] = request[key]
    return json.dumps({"EventSubscription": subscription})


@adds(DatabaseMigrationServiceResponse)
def delete_event_subscription(self):
    return json.dumps({"EventSubscription": _subscriptions.pop(_request(self)["SubscriptionName"])})
