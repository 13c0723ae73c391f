"""An OpenSearch domain in a VPC, and what goes with it."""

import pulumi
import pulumi_cdcpipeline as cdc


def program() -> None:
    """The program, for __main__.py and for whoever drives Pulumi's Automation API."""
    key = cdc.encryption.Key("key")
    linked = cdc.search.ServiceLinkedRole("linked-role")
    delivery = cdc.search.DeliveryRole("delivery")
    # Firehose deletes its network interfaces as that role, which therefore outlives their security group.
    network = cdc.network.Network(
        "network",
        bastion=True,
        kms_key_arn=key.arn,
        opts=pulumi.ResourceOptions(depends_on=[delivery]),
    )
    domain = cdc.search.Domain(
        "orders",
        search={"domain_name": "orders", "instance_type": "r7g.large.search", "volume_gb": 100},
        subnet_ids=network.subnet_ids,
        security_group_id=network.search_security_group_id,
        kms_key_arn=key.arn,
        opts=pulumi.ResourceOptions(depends_on=[linked]),
    )
    bastion = cdc.bastion.Bastion(
        "bastion",
        subnet_id=network.subnet_ids[0],
        security_group_id=network.bastion_security_group_id,
        kms_key_arn=key.arn,
    )
    pulumi.export("endpoint", domain.endpoint)
    pulumi.export("masterSecretArn", domain.master_secret_arn)
    pulumi.export("deliveryRoleArn", delivery.arn)
    pulumi.export("bastionInstanceId", bastion.instance_id)
