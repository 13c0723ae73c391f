"""EC2: deleted resources are gone, descriptions are complete, and an instance has the volume and the network
interface that AWS would give it.
"""

from moto.ec2.models.elastic_network_interfaces import NetworkInterface
from moto.ec2.models.instances import Instance
from moto.ec2.models.nat_gateways import NatGatewayBackend
from moto.ec2.models.security_groups import SecurityGroupRule
from moto.ec2.models.vpcs import VPCBackend
from moto.ec2.responses.instances import InstanceResponse

from .patch import wraps


@wraps(VPCBackend)
def delete_vpc_endpoints(original, self, vpce_ids=None):
    original(self, vpce_ids)
    for endpoint in vpce_ids or []:
        self.vpc_end_points.pop(endpoint, None)


@wraps(NatGatewayBackend)
def delete_nat_gateway(original, self, nat_gateway_id):
    """Deletes its network interface too. The gateway itself is described as deleted for an hour, as in AWS."""
    gateway = original(self, nat_gateway_id)
    self.enis.pop(gateway._eni.id, None)
    return gateway


@wraps(InstanceResponse, "_validate_block_device_mapping")
def root_volume_has_the_size_of_its_image(original, self, mapping):
    """The default unless another is given,
    https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_EbsBlockDevice.html."""
    ebs = mapping.get("Ebs", {})
    if "VolumeSize" not in ebs:
        for image in self.ec2_backend.describe_images(ami_ids=[self._get_param("ImageId")]):
            ebs.update({"VolumeSize": b["Ebs"]["VolumeSize"] for b in image.block_device_mappings if b["DeviceName"] == mapping["DeviceName"]})
    return original(mapping)


@wraps(Instance, "prep_nics")
def interfaces_made_for_the_instance(original, self, nic_spec, **kwargs):
    """Deleted with the instance by default; the first interface has the instance's security groups.

    https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/using-eni.html
    """
    theirs = {nic.get("NetworkInterfaceId") for nic in nic_spec}
    kept = {int(nic["DeviceIndex"]) for nic in nic_spec if nic.get("DeleteOnTermination") is False}
    original(self, nic_spec, **kwargs)
    for index, nic in self.nics.items():
        nic.delete_on_termination = nic.id not in theirs and index not in kept
    self.security_groups = self.nics[0].group_set


_association = NetworkInterface.association
# Without a public address there is none: moto mistakes an empty one for a public address.
NetworkInterface.association = property(lambda self: _association.fget(self) or None)


@wraps(SecurityGroupRule, "__init__")
def description_whoever_the_other_side_is(original, self, *args, **kwargs):
    """Only for addresses; a modification stores its own here too."""
    original(self, *args, **kwargs)
    for side in args[5:8]:  # addresses, group, prefix list
        if side and "Description" in side:
            self.ip_range = {**self.ip_range, "Description": side["Description"]}
