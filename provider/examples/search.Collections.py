import pulumi
import pulumi_cdcpipeline as cdcpipeline

key = cdcpipeline.encryption.Key("key")
collections = cdcpipeline.search.Collections("collections",
    kms_key_arn=key.arn,
    vpc_id="vpc-0123456789abcdef0",
    subnet_ids=[
        "subnet-0123456789abcdef0",
        "subnet-0123456789abcdef1",
    ],
    security_group_id="sg-0123456789abcdef0",
    search={
        "reach": cdcpipeline.config.Reach.DIRECT,
        "history_retention_days": 14,
    })
