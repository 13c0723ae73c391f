import pulumi
import pulumi_cdcpipeline as cdcpipeline

key = cdcpipeline.encryption.Key("key")
changes = cdcpipeline.stream.ChangeStream("changes", kms_key_arn=key.arn)
bucket = cdcpipeline.lake.Bucket("bucket", kms_key_arn=key.arn)
role = cdcpipeline.search.DeliveryRole("role")
domain = cdcpipeline.search.Domain("domain",
    kms_key_arn=key.arn,
    subnet_ids=["subnet-0123456789abcdef0"],
    security_group_id="sg-0123456789abcdef0")
access = cdcpipeline.search.Access("access",
    domain=domain,
    search={
        "reach": cdcpipeline.config.Reach.DIRECT,
    })
history = cdcpipeline.search.Delivery("history",
    access=access,
    role_arn=role.arn,
    stream_arn=changes.arn,
    backup_bucket_arn=bucket.arn,
    backup_prefix="errors/search",
    vpc_subnet_ids=[
        "subnet-0123456789abcdef0",
        "subnet-0123456789abcdef1",
    ],
    security_group_id="sg-0123456789abcdef1",
    kms_key_arn=key.arn,
    opts = pulumi.ResourceOptions(depends_on=[bucket]))
pulumi.export("delivery", history.name)
