"""A collection needs a matching encryption policy, and still exists for a while after its deletion."""

import re
import time

from moto.moto_api._internal import mock_random
from moto.opensearchserverless.exceptions import ConflictException, ResourceNotFoundException, ValidationException

from .policies import PENDING, matching, now, remaining
from .request import answers, invalid


class Collection:
    def __init__(self, backend, request, key):
        self.id = mock_random.get_random_string(length=20, lower_case=True)
        self.name, self.kind, self.description = request["name"], request.get("type", "TIMESERIES"), request.get("description")
        self.standby, self.key = request.get("standbyReplicas", "ENABLED"), key
        self.arn = f"arn:{backend.partition}:aoss:{backend.region_name}:{backend.account_id}:collection/{self.id}"
        self.endpoint = f"https://{self.id}.{backend.region_name}.aoss.amazonaws.com"
        self.created = self.modified = now()
        self.gone_at = None

    @property
    def status(self):
        return "DELETING" if self.gone_at else "ACTIVE"  # until it is active is the data plane's to say

    def detail(self, **more):
        told = {"id": self.id, "name": self.name, "status": self.status, "type": self.kind, "arn": self.arn, "kmsKeyArn": self.key}
        if self.description is not None:
            told["description"] = self.description
        return told | {"standbyReplicas": self.standby, "createdDate": self.created, "lastModifiedDate": self.modified} | more

    def summary(self):
        return {"arn": self.arn, "id": self.id, "name": self.name, "status": self.status, "kmsKeyArn": self.key}


def key_of(backend, name):
    """Returns the key of the encryption policy that matches a collection's name most closely."""
    policies = [p for p in backend.policies.values() if p.kind == "encryption" and matching(p, name)]
    if not policies:
        raise ValidationException(
            f"No matching security policy of encryption type found for collection name: {name}. "
            "Please create security policy of encryption type for this collection."
        )
    closest = max(policies, key=lambda p: (matching(p, name) == name, len(matching(p, name))))
    return closest.document.get("KmsARN", "auto")


@answers
def create_collection(backend, request):
    name = request["name"]
    # The guide is stricter than the model: https://docs.aws.amazon.com/opensearch-service/latest/developerguide/serverless-create.html
    if not re.fullmatch(r"[a-z][a-z0-9-]{2,31}", name):
        invalid(name, "name", "Member must satisfy regular expression pattern: [a-z][a-z0-9-]{2,31}")
    if any(c.name == name for c in remaining(backend.collections)):
        raise ConflictException(f"Collection with name {name} already exists")
    collection = Collection(backend, request, key_of(backend, name))
    backend.collections[collection.id] = collection
    backend.tagger.tag_resource(collection.arn, request.get("tags", []))
    return {"createCollectionDetail": collection.detail(status="CREATING")}


def present(backend, id):
    remaining(backend.collections)
    if id not in backend.collections:
        raise ResourceNotFoundException(f"Collection with ID {id} cannot be found.")
    return backend.collections[id]


@answers
def update_collection(backend, request):
    """AWS documents no ResourceNotFoundException:
    https://docs.aws.amazon.com/opensearch-service/latest/ServerlessAPIReference/API_UpdateCollection.html.
    """
    remaining(backend.collections)
    collection = backend.collections.get(request["id"])
    if collection is None:
        raise ValidationException(f"Collection with ID {request['id']} cannot be found.")
    if collection.gone_at:
        raise ConflictException(f"Collection with ID {collection.id} is being deleted.")
    collection.description, collection.modified = request.get("description", collection.description), now()
    answer = collection.detail()
    del answer["kmsKeyArn"], answer["standbyReplicas"]
    return {"updateCollectionDetail": answer}


@answers
def delete_collection(backend, request):
    collection = present(backend, request["id"])
    if collection.gone_at:
        raise ConflictException(f"Collection with ID {collection.id} is being deleted.")
    collection.gone_at = time.time() + PENDING
    return {"deleteCollectionDetail": {"id": collection.id, "name": collection.name, "status": collection.status}}


@answers
def list_collections(backend, request):
    wanted = request.get("collectionFilters", {})
    kept = [c for c in remaining(backend.collections) if wanted.get("name", c.name) == c.name and wanted.get("status", c.status) == c.status]
    return {"collectionSummaries": [c.summary() for c in kept]}


@answers
def batch_get_collection(backend, request):
    if bool(request.get("ids")) == bool(request.get("names")):
        raise ValidationException("You need to provide IDs or names. You can't provide both IDs and names in the same request")
    by, wanted = ("id", request["ids"]) if request.get("ids") else ("name", request["names"])
    there = {getattr(c, by): c for c in remaining(backend.collections)}
    details = [
        there[one].detail(collectionEndpoint=there[one].endpoint, dashboardEndpoint=there[one].endpoint + "/_dashboards")
        for one in wanted
        if one in there
    ]
    missing = {"errorCode": "NOT_FOUND", "errorMessage": "The specified Collection is not found."}
    return {"collectionDetails": details, "collectionErrorDetails": [{by: one} | missing for one in wanted if one not in there]}


@answers
def get_account_settings(backend, request):
    # The default is 10 of each:
    # https://docs.aws.amazon.com/opensearch-service/latest/developerguide/serverless-scaling.html
    return {"accountSettingsDetail": {"capacityLimits": {"maxIndexingCapacityInOCU": 10, "maxSearchCapacityInOCU": 10}}}


@answers
def list_tags_for_resource(backend, request):
    taggable(backend, request["resourceArn"])
    return {"tags": backend.tagger.list_tags_for_resource(request["resourceArn"])["tags"]}


@answers
def tag_resource(backend, request):
    taggable(backend, request["resourceArn"])
    backend.tagger.tag_resource(request["resourceArn"], request["tags"])
    return {}


@answers
def untag_resource(backend, request):
    taggable(backend, request["resourceArn"])
    backend.tagger.untag_resource_using_names(request["resourceArn"], request["tagKeys"])
    return {}


def taggable(backend, arn):
    if arn not in [c.arn for c in remaining(backend.collections)]:
        raise ResourceNotFoundException(f"Resource with ARN {arn} cannot be found.")
