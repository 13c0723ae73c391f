import pulumi
import pulumi_cdcpipeline as cdcpipeline

key = cdcpipeline.encryption.Key("key")
orders = cdcpipeline.source.AuroraMySQL("orders",
    environment=cdcpipeline.config.Environment.PROD,
    subnet_ids=[
        "subnet-0123456789abcdef0",
        "subnet-0123456789abcdef1",
    ],
    security_group_id="sg-0123456789abcdef0",
    kms_key_arn=key.arn,
    source={
        "cluster_name": "orders",
    })
pulumi.export("host", orders.host)
