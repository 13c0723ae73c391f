"""IAM: OpenSearch's service-linked role has the name that AWS gives it.

https://docs.aws.amazon.com/opensearch-service/latest/developerguide/slr-aos.html
"""

from moto.iam.models import SERVICE_NAME_CONVERSION, iam_backends

SERVICE_NAME_CONVERSION["opensearchservice"] = "AmazonOpenSearchService"


def has_role(account_id, name):
    return any(role.name == name for role in iam_backends[account_id]["aws"].roles.values())
