import pulumi
import pulumi_cdcpipeline as cdcpipeline

key = cdcpipeline.encryption.Key("key")
linked = cdcpipeline.search.ServiceLinkedRole("linked")
orders = cdcpipeline.search.Domain("orders",
    kms_key_arn=key.arn,
    subnet_ids=["subnet-0123456789abcdef0"],
    security_group_id="sg-0123456789abcdef0",
    search={
        "domain_name": "orders",
        "instance_type": "r7g.large.search",
        "volume_gb": 100,
    },
    opts = pulumi.ResourceOptions(depends_on=[linked]))
pulumi.export("endpoint", orders.endpoint)
