"""OpenSearch Service: a domain is returned as declared, without its password, and with AWS's additions.

https://docs.aws.amazon.com/opensearch-service/latest/APIReference/API_DomainStatus.html
"""

from moto.core.exceptions import JsonRESTError
from moto.ec2 import ec2_backends
from moto.opensearch.models import OpenSearchDomain, OpenSearchServiceBackend

from .iam import has_role
from .patch import wraps


@wraps(OpenSearchServiceBackend)
def create_domain(original, self, *args, **kwargs):
    """A domain in a VPC needs the service-linked role of its service."""
    if kwargs.get("vpc_options") and not has_role(self.account_id, "AWSServiceRoleForAmazonOpenSearchService"):
        raise JsonRESTError(
            "ValidationException",
            "Before you can proceed, you must enable a service-linked role to give Amazon OpenSearch Service "
            "permissions to access your VPC.",
        )
    return original(self, *args, **kwargs)


@wraps(OpenSearchDomain, "__init__")
def _domain(original, self, *args, **kwargs):
    original(self, *args, **kwargs)
    self.account_id, self.region = kwargs["account_id"], kwargs["region"]
    _complete(self)


@wraps(OpenSearchServiceBackend)
def update_domain_config(original, self, domain_name, **kwargs):
    domain = original(self, domain_name, **kwargs)
    _complete(domain)
    return domain


def _complete(domain):
    security = dict(domain.advanced_security_options or {})
    security.pop("MasterUserOptions", None)  # never given back
    domain.advanced_security_options = security
    if domain.vpc_options and domain.vpc_options.get("SubnetIds"):
        ec2 = ec2_backends[domain.account_id][domain.region]
        subnets = [ec2.get_subnet(subnet) for subnet in domain.vpc_options["SubnetIds"]]
        domain.vpc_options = dict(
            domain.vpc_options,
            VPCId=subnets[0].vpc_id,
            AvailabilityZones=sorted({subnet.availability_zone for subnet in subnets}),
        )
