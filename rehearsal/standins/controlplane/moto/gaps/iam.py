"""IAM: gives service-linked roles AWS's names.

https://docs.aws.amazon.com/opensearch-service/latest/developerguide/slr-aos.html
https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/UsingWithRDS.IAM.ServiceLinkedRoles.html
https://docs.aws.amazon.com/dms/latest/userguide/slr-services-sl.html
"""

from moto.iam.models import SERVICE_NAME_CONVERSION, iam_backends

SERVICE_NAME_CONVERSION["opensearchservice"] = "AmazonOpenSearchService"
SERVICE_NAME_CONVERSION["rds"] = "RDS"
SERVICE_NAME_CONVERSION["dms"] = "DMSServerless"


def has_role(account_id, name):
    return any(role.name == name for role in iam_backends[account_id]["aws"].roles.values())
