"""Policies are stored with a version, which an update must name, and apply to collections with matching names."""

import base64
import json
import time

from moto.kms.models import kms_backends
from moto.opensearchserverless.exceptions import ConflictException, ResourceNotFoundException, ValidationException
from moto.opensearchserverless.models import OpenSearchServiceServerlessBackend

from ..patch import wraps
from .request import answers
from .syntax import read

# Operations that take minutes in AWS take this many seconds: long enough to be visible, short enough to
# wait for.
PENDING = 1.0


@wraps(OpenSearchServiceServerlessBackend, "__init__")
def _backend(original, self, *args, **kwargs):
    original(self, *args, **kwargs)
    self.policies, self.collections, self.endpoints = {}, {}, {}


def now():
    return int(time.time() * 1000)


def matches(pattern, name):
    return name == pattern or pattern.endswith("*") and name.startswith(pattern[:-1])


def matching(policy, collection):
    """The longest pattern of a policy that matches a collection's name; empty when none does."""
    patterns = [resource.removeprefix("collection/") for resource in policy.resources()]
    return max((p for p in patterns if matches(p, collection)), key=lambda p: (p == collection, len(p)), default="")


def remaining(kept):
    """Returns objects by id, without those whose deletion has finished."""
    for each in [id for id, one in kept.items() if one.gone_at and one.gone_at <= time.time()]:
        del kept[each]
    return list(kept.values())


def resources(document):
    parts = document if isinstance(document, list) else [document]
    return [resource for part in parts for rule in part["Rules"] for resource in rule["Resource"]]


class Policy:
    def __init__(self, request, document):
        self.kind, self.name, self.number = request["type"], request["name"], 0
        self.created = now()
        self.change(request.get("description"), document)

    def change(self, description, document):
        self.description, self.document, self.modified = description, document, now()
        self.number += 1
        # As in AWS's examples: MTY2NDA1NDE4MDg1OF8x is 1664054180858_1.
        self.version = base64.b64encode(f"{self.modified}_{self.number}".encode()).decode()

    def resources(self):
        return resources(self.document)

    def summary(self):
        told = {"type": self.kind, "name": self.name, "policyVersion": self.version}
        if self.description is not None:
            told["description"] = self.description
        return told | {"createdDate": self.created, "lastModifiedDate": self.modified}

    def detail(self):
        return self.summary() | {"policy": self.document}


def found(backend, request):
    policy = backend.policies.get((request["type"], request["name"]))
    if policy is None:
        raise ResourceNotFoundException(f"Policy with name {request['name']} and type {request['type']} is not found")
    return policy


def create(backend, request):
    key = (request["type"], request["name"])
    if key in backend.policies:
        raise ConflictException(f"Policy with name {request['name']} and type {request['type']} already exists")
    document = read(request["type"], request["policy"], backend.account_id)
    unique(backend, *key, document)
    policy = Policy(request, document)
    backend.policies[key] = policy
    return policy.detail()


def update(backend, request):
    policy = found(backend, request)
    if policy.version != request["policyVersion"]:
        raise ConflictException("Policy version specified in the request refers to an older version and policy has since changed")
    document = policy.document
    if "policy" in request:
        document = read(policy.kind, request["policy"], backend.account_id)
    description = request.get("description", policy.description)
    if (document, description) == (policy.document, policy.description):
        raise ValidationException("No changes detected in policy or policy metadata")
    unique(backend, policy.kind, policy.name, document)
    policy.change(description, document)
    return policy.detail()


def unique(backend, kind, name, document):
    """An encryption policy's key must exist, and no other policy may have the same pattern."""
    if kind != "encryption":
        return
    key = document.get("KmsARN", "").rpartition("/")[2]
    if key and key not in kms_backends[backend.account_id][backend.region_name].keys:
        raise ValidationException(f"The KMS key {key} does not exist")
    for other in backend.policies.values():
        twice = set(resources(document)) & set(other.resources())
        if twice and other.kind == "encryption" and other.name != name:
            raise ConflictException(f"Policy {other.name} has the resources {sorted(twice)} already")


def delete(backend, request):
    """A security policy can be deleted only when no collection matches it.

    https://docs.aws.amazon.com/opensearch-service/latest/developerguide/serverless-network.html#serverless-network-delete;
    encryption policies are undocumented and assumed to be alike.
    """
    policy = found(backend, request)
    users = [c.name for c in remaining(backend.collections) if policy.kind in ("encryption", "network") and matching(policy, c.name)]
    if users:
        raise ConflictException(f"Policy with name {policy.name} is in use by the collections {sorted(users)}")
    del backend.policies[policy.kind, policy.name]
    return {}


def listed(backend, kind, resources):
    """Policies of a kind, for at least one of the given resources if any are given."""
    kept = [p for p in backend.policies.values() if p.kind == kind and (not resources or set(resources) & set(p.resources()))]
    return [p.summary() for p in sorted(kept, key=lambda p: p.name)]


@answers
def create_security_policy(backend, request):
    return {"securityPolicyDetail": create(backend, request)}


@answers
def get_security_policy(backend, request):
    return {"securityPolicyDetail": found(backend, request).detail()}


@answers
def update_security_policy(backend, request):
    return {"securityPolicyDetail": update(backend, request)}


@answers
def delete_security_policy(backend, request):
    return delete(backend, request)


@answers
def list_security_policies(backend, request):
    return {"securityPolicySummaries": listed(backend, request["type"], request.get("resource"))}


@answers
def create_access_policy(backend, request):
    return {"accessPolicyDetail": create(backend, request)}


@answers
def get_access_policy(backend, request):
    return {"accessPolicyDetail": found(backend, request).detail()}


@answers
def update_access_policy(backend, request):
    return {"accessPolicyDetail": update(backend, request)}


@answers
def delete_access_policy(backend, request):
    return delete(backend, request)


@answers
def list_access_policies(backend, request):
    return {"accessPolicySummaries": listed(backend, request["type"], request.get("resource"))}


@answers
def create_lifecycle_policy(backend, request):
    return {"lifecyclePolicyDetail": create(backend, request)}


@answers
def update_lifecycle_policy(backend, request):
    return {"lifecyclePolicyDetail": update(backend, request)}


@answers
def delete_lifecycle_policy(backend, request):
    return delete(backend, request)


@answers
def list_lifecycle_policies(backend, request):
    return {"lifecyclePolicySummaries": listed(backend, request["type"], request.get("resources"))}


@answers
def batch_get_lifecycle_policy(backend, request):
    details, errors = [], []
    for wanted in request["identifiers"]:
        policy = backend.policies.get((wanted["type"], wanted["name"]))
        if policy:
            details.append(policy.detail())
        else:
            errors.append(wanted | {"errorCode": "NOT_FOUND", "errorMessage": "The specified Lifecycle Policy is not found."})
    return {"lifecyclePolicyDetails": details, "lifecyclePolicyErrorDetails": errors}
