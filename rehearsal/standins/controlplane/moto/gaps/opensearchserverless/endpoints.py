"""VPC endpoints are managed by the service. Each also exists in EC2, where the provider looks for its security
groups."""

import time

from moto.ec2 import ec2_backends
from moto.ec2.exceptions import DependencyViolationError
from moto.ec2.models.security_groups import SecurityGroupBackend
from moto.ec2.models.subnets import SubnetBackend
from moto.opensearchserverless.exceptions import ConflictException, ResourceNotFoundException, ValidationException
from moto.opensearchserverless.models import opensearchserverless_backends

from ..patch import wraps
from .policies import PENDING, now, remaining
from .request import answers

class Endpoint:
    def __init__(self, backend, request):
        self.name, self.vpc = request["name"], request["vpcId"]
        self.subnets = list(request["subnetIds"])
        self.created, self.ready_at, self.gone_at = now(), time.time() + PENDING, None
        self.groups = list(request.get("securityGroupIds") or [default_group(backend, self.vpc)])
        made = ec2(backend).create_vpc_endpoint(
            self.vpc, f"com.amazonaws.{backend.region_name}.aoss", "Interface", None, [], subnet_ids=self.subnets, security_group_ids=list(self.groups)
        )
        self.id = made.id

    @property
    def status(self):
        if self.gone_at:
            return "DELETING"
        return "ACTIVE" if self.ready_at <= time.time() else "PENDING"

    def summary(self):
        return {"id": self.id, "name": self.name, "status": self.status}

    def detail(self):
        return self.summary() | {"vpcId": self.vpc, "subnetIds": self.subnets, "securityGroupIds": self.groups, "createdDate": self.created}


def ec2(backend):
    return ec2_backends[backend.account_id][backend.region_name]


def default_group(backend, vpc):
    return next(group.id for group in ec2(backend).groups[vpc].values() if group.name == "default")


def in_vpc(backend, vpc, subnets, groups):
    """Refuses subnets and security groups outside a VPC."""
    there = ec2(backend)
    if vpc not in there.vpcs:
        raise ValidationException(f"VPC {vpc} does not exist")
    mine = {s.id for s in there.describe_subnets(filters={"vpc-id": [vpc]})}
    wrong = [s for s in subnets if s not in mine] + [g for g in groups if g not in there.groups[vpc]]
    if wrong:
        raise ValidationException(f"{wrong} are not in the VPC {vpc}")


@answers
def create_vpc_endpoint(backend, request):
    in_vpc(backend, request["vpcId"], request["subnetIds"], request.get("securityGroupIds", []))
    for other in remaining(backend.endpoints):
        if other.vpc == request["vpcId"] or other.name == request["name"]:
            raise ConflictException(
                f"Failed to create a VpcEndpoint {request['name']} for AccountId {backend.account_id} :: "
                f"There is already a VpcEndpoint {other.name} exist under VpcId {other.vpc}"
            )
    endpoint = Endpoint(backend, request)
    backend.endpoints[endpoint.id] = endpoint
    return {"createVpcEndpointDetail": endpoint.summary()}


def endpoint_of(backend, id, missing):
    remaining(backend.endpoints)
    if id not in backend.endpoints:
        raise missing(f"VpcEndpoint with ID {id} cannot be found.")
    if backend.endpoints[id].status != "ACTIVE":
        raise ConflictException(f"VpcEndpoint with ID {id} is not active.")
    return backend.endpoints[id]


@answers
def update_vpc_endpoint(backend, request):
    # AWS documents no ResourceNotFoundException:
    # https://docs.aws.amazon.com/opensearch-service/latest/ServerlessAPIReference/API_UpdateVpcEndpoint.html
    endpoint = endpoint_of(backend, request["id"], ValidationException)
    added = {name: request.get(f"add{name}", []) for name in ("SubnetIds", "SecurityGroupIds")}
    removed = {name: request.get(f"remove{name}", []) for name in ("SubnetIds", "SecurityGroupIds")}
    in_vpc(backend, endpoint.vpc, added["SubnetIds"], added["SecurityGroupIds"])
    ec2(backend).modify_vpc_endpoint(
        endpoint.id, None, added["SubnetIds"], removed["SubnetIds"], None, None, added["SecurityGroupIds"], removed["SecurityGroupIds"]
    )
    changed = ec2(backend).vpc_end_points[endpoint.id]
    endpoint.subnets, endpoint.groups = list(changed.subnet_ids), list(changed.security_group_ids)
    endpoint.ready_at = time.time() + PENDING
    answer = endpoint.detail() | {"lastModifiedDate": now()}
    del answer["vpcId"], answer["createdDate"]
    return {"UpdateVpcEndpointDetail": answer}


@answers
def delete_vpc_endpoint(backend, request):
    endpoint = endpoint_of(backend, request["id"], ResourceNotFoundException)
    endpoint.gone_at = time.time() + PENDING
    ec2(backend).delete_vpc_endpoints([endpoint.id])
    return {"deleteVpcEndpointDetail": endpoint.summary()}


@answers
def batch_get_vpc_endpoint(backend, request):
    there = {e.id: e for e in remaining(backend.endpoints)}
    details = [there[id].detail() for id in request["ids"] if id in there]
    missing = {"errorCode": "NOT_FOUND", "errorMessage": "The specified VpcEndpoint is not found."}
    return {"vpcEndpointDetails": details, "vpcEndpointErrorDetails": [{"id": id} | missing for id in request["ids"] if id not in there]}


@answers
def list_vpc_endpoints(backend, request):
    status = request.get("vpcEndpointFilters", {}).get("status")
    return {"vpcEndpointSummaries": [e.summary() for e in remaining(backend.endpoints) if status in (None, e.status)]}


# ---- an endpoint has an interface in each subnet, with its security groups: none of them can be deleted before it,
# https://docs.aws.amazon.com/opensearch-service/latest/developerguide/serverless-vpc.html


def unused(there, what):
    for endpoint in remaining(opensearchserverless_backends[there.account_id][there.region_name].endpoints):
        if what in endpoint.subnets + endpoint.groups:
            raise DependencyViolationError(f"resource {what} has a dependent object")


@wraps(SecurityGroupBackend)
def delete_security_group(original, self, name=None, group_id=None):
    unused(self, group_id)
    return original(self, name, group_id)


@wraps(SubnetBackend)
def delete_subnet(original, self, subnet_id):
    unused(self, subnet_id)
    return original(self, subnet_id)
