import pulumi
import pulumi_cdcpipeline as cdcpipeline

key = cdcpipeline.encryption.Key("key")
changes = cdcpipeline.stream.ChangeStream("changes", kms_key_arn=key.arn)
bucket = cdcpipeline.lake.Bucket("bucket", kms_key_arn=key.arn)
domain = cdcpipeline.search.Domain("domain",
    kms_key_arn=key.arn,
    subnet_ids=["subnet-0123456789abcdef0"],
    security_group_id="sg-0123456789abcdef0")
access = cdcpipeline.search.Access("access",
    domain=domain,
    search={
        "reach": cdcpipeline.config.Reach.DIRECT,
    })
rows = cdcpipeline.search.CurrentState("rows",
    access=access,
    stream_arn=changes.arn,
    parking_bucket_arn=bucket.arn,
    subnet_ids=[
        "subnet-0123456789abcdef0",
        "subnet-0123456789abcdef1",
    ],
    security_group_id="sg-0123456789abcdef1",
    kms_key_arn=key.arn,
    opts = pulumi.ResourceOptions(depends_on=[bucket]))
canary = cdcpipeline.canary.Canary("canary",
    access=access,
    secret_arn="arn:aws:secretsmanager:eu-west-1:123456789012:secret:replication-AbCdEf",
    bucket=bucket.name,
    bucket_arn=bucket.arn,
    failed_prefix=rows.failed_prefix,
    subnet_ids=[
        "subnet-0123456789abcdef0",
        "subnet-0123456789abcdef1",
    ],
    security_group_id="sg-0123456789abcdef1",
    kms_key_arn=key.arn,
    source={
        "tables": [{
            "database": "shop",
            "table": "orders",
        }],
        "schema_files": ["orders.sql"],
    },
    opts = pulumi.ResourceOptions(depends_on=[bucket]))
pulumi.export("canaryFunction", canary.function_name)
