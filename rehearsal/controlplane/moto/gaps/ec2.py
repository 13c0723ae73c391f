"""EC2: what is deleted is gone."""

from moto.ec2.models.nat_gateways import NatGatewayBackend
from moto.ec2.models.vpcs import VPCBackend

from .patch import wraps


@wraps(VPCBackend)
def delete_vpc_endpoints(original, self, vpce_ids=None):
    original(self, vpce_ids)
    for endpoint in vpce_ids or []:
        self.vpc_end_points.pop(endpoint, None)


@wraps(NatGatewayBackend)
def delete_nat_gateway(original, self, nat_gateway_id):
    """Its network interface goes with it; the gateway itself is described as deleted for an hour, as in AWS."""
    gateway = original(self, nat_gateway_id)
    self.enis.pop(gateway._eni.id, None)
    return gateway
