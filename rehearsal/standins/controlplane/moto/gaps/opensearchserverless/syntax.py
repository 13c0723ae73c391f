"""Policy syntax: encryption, network, data access and retention policies each have their own."""

import json
import re

from moto.opensearchserverless.exceptions import ValidationException

COLLECTION = r"collection/(\*|[a-z][a-z0-9-]{0,30}\*|[a-z][a-z0-9-]{2,31})"
# Index names follow the API's LifecyclePolicyResourceIdentifier.
INDEX = r"index/(\*|[a-z][a-z0-9-]{0,30}\*|[a-z][a-z0-9-]{2,31})/(\*|[a-z;0-9&$%][+.~=\-_a-z;0-9&$%]*\*?)"
# https://docs.aws.amazon.com/opensearch-service/latest/developerguide/serverless-data-access.html#serverless-data-supported-permissions
PERMISSIONS = {
    "collection": {f"aoss:{verb}CollectionItems" for verb in ("Create", "Delete", "Update", "Describe")} | {"aoss:*"},
    "index": {"aoss:ReadDocument", "aoss:WriteDocument", "aoss:*"} | {f"aoss:{v}Index" for v in ("Create", "Delete", "Update", "Describe")},
}
PRINCIPAL = r"arn:[a-z-]+:iam::{account}:(role|user)/[\w+=,.@/-]+|saml/{account}/[\w+=,.@-]+/(user|group)/.+"


class Reader:
    """Reads a policy and collects its problems, each with its position."""

    def __init__(self):
        self.problems = []

    def fields(self, value, at, required, optional=()):
        if not isinstance(value, dict):
            self.problems.append(f"{at}: object expected")
            return {}
        self.problems += [f"{at}.{name}: is missing but it is required" for name in required if name not in value]
        known = {*required, *optional}
        self.problems += [f"{at}.{name}: is not defined in the schema" for name in value if name not in known]
        return value

    def list(self, value, at):
        if not isinstance(value, list) or not value:
            self.problems.append(f"{at}: there must be a minimum of 1 items in the array")
            return []
        return value

    def texts(self, value, at, pattern):
        for index, one in enumerate(self.list(value, at)):
            if not isinstance(one, str) or not re.fullmatch(pattern, one):
                self.problems.append(f"{at}[{index}]: does not match the regex pattern {pattern}")

    def rules(self, value, at, resources, required=(), optional=()):
        """Rules for one type of resource each; the caller gives the patterns of the resources."""
        for index, one in enumerate(self.list(value, at)):
            where = f"{at}[{index}]"
            rule = self.fields(one, where, ("ResourceType", "Resource", *required), optional)
            kind = rule.get("ResourceType")
            if kind not in resources:
                self.problems.append(f"{where}.ResourceType: does not have a value in the enumeration {sorted(resources)}")
                continue
            self.texts(rule.get("Resource"), f"{where}.Resource", resources[kind])
            yield where, kind, rule


def encryption(reader, policy, account):
    """https://docs.aws.amazon.com/opensearch-service/latest/developerguide/serverless-encryption.html#serverless-encryption-policies"""
    policy = reader.fields(policy, "$", ("Rules",), ("AWSOwnedKey", "KmsARN"))
    list(reader.rules(policy.get("Rules"), "$.Rules", {"collection": COLLECTION}))
    key = policy.get("KmsARN")
    if key is None and policy.get("AWSOwnedKey") is not True:
        reader.problems.append("$.KmsARN: is missing but it is required")
    if key is not None and not re.fullmatch(rf"arn:[a-z-]+:kms:[a-z0-9-]+:{account}:key/.+", str(key)):
        reader.problems.append("$.KmsARN: is no key of this account")


def network(reader, policy, account):
    """https://docs.aws.amazon.com/opensearch-service/latest/developerguide/serverless-network.html#serverless-network-policies"""
    for index, one in enumerate(reader.list(policy, "$")):
        at = f"$[{index}]"
        one = reader.fields(one, at, ("Rules", "AllowFromPublic"), ("Description", "SourceVPCEs", "SourceServices"))
        list(reader.rules(one.get("Rules"), f"{at}.Rules", {"collection": COLLECTION, "dashboard": COLLECTION}))
        if not isinstance(one.get("AllowFromPublic"), bool):
            reader.problems.append(f"{at}.AllowFromPublic: boolean expected")
        elif not one["AllowFromPublic"] and not one.get("SourceVPCEs") and not one.get("SourceServices"):
            reader.problems.append(f"{at}.SourceVPCEs: is missing but it is required")
        if "SourceVPCEs" in one:
            reader.texts(one["SourceVPCEs"], f"{at}.SourceVPCEs", r"vpce-[0-9a-z]+")


def data(reader, policy, account):
    """https://docs.aws.amazon.com/opensearch-service/latest/developerguide/serverless-data-access.html#serverless-data-access-syntax"""
    for index, one in enumerate(reader.list(policy, "$")):
        at = f"$[{index}]"
        one = reader.fields(one, at, ("Rules", "Principal"), ("Description",))
        resources = {"collection": COLLECTION, "index": INDEX}
        for where, kind, rule in reader.rules(one.get("Rules"), f"{at}.Rules", resources, ("Permission",)):
            wrong = [p for p in reader.list(rule.get("Permission"), f"{where}.Permission") if p not in PERMISSIONS[kind]]
            reader.problems += [f"{where}.Permission: {p} is no permission on a {kind}" for p in wrong]
        reader.texts(one.get("Principal"), f"{at}.Principal", PRINCIPAL.format(account=account))


def retention(reader, policy, account):
    """https://docs.aws.amazon.com/opensearch-service/latest/developerguide/serverless-lifecycle.html#serverless-lifecycle-policies"""
    policy = reader.fields(policy, "$", ("Rules",))
    optional = ("MinIndexRetention", "NoMinIndexRetention")
    for where, _, rule in reader.rules(policy.get("Rules"), "$.Rules", {"index": INDEX}, optional=optional):
        period = re.fullmatch(r"([0-9]+)([hd])", str(rule.get("MinIndexRetention", "")))
        hours = int(period[1]) * {"h": 1, "d": 24}[period[2]] if period else None
        if ("MinIndexRetention" in rule) == (rule.get("NoMinIndexRetention") is True):
            reader.problems.append(f"{where}: either MinIndexRetention or NoMinIndexRetention is required")
        elif "MinIndexRetention" in rule and (hours is None or not 24 <= hours <= 3650 * 24):
            reader.problems.append(f"{where}.MinIndexRetention: must be between 24h and 3650d")


SYNTAX = {check.__name__: check for check in (encryption, network, data, retention)}


def read(kind, text, account):
    try:
        policy = json.loads(text)
    except ValueError:
        raise ValidationException("Policy json is invalid, error: [it is not JSON]") from None
    reader = Reader()
    SYNTAX[kind](reader, policy, account)
    if reader.problems:
        raise ValidationException(f"Policy json is invalid, error: [{', '.join(reader.problems)}]")
    return policy
