"""EC2: a deleted VPC endpoint is gone."""

from moto.ec2.models.vpcs import VPCBackend

from .patch import wraps


@wraps(VPCBackend)
def delete_vpc_endpoints(original, self, vpce_ids=None):
    original(self, vpce_ids)
    for endpoint in vpce_ids or []:
        self.vpc_end_points.pop(endpoint, None)
