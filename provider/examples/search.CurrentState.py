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
    findings="{\"tables\":[{\"database\":\"shop\",\"table\":\"orders\",\"columns\":[{\"name\":\"id\",\"type\":\"bigint\"}],\"primaryKey\":[\"id\"]}]}",
    parking_bucket_arn=bucket.arn,
    subnet_ids=[
        "subnet-0123456789abcdef0",
        "subnet-0123456789abcdef1",
    ],
    security_group_id="sg-0123456789abcdef1",
    kms_key_arn=key.arn,
    search={
        "current": {
            "batch_size": 1000,
            "enhanced_fan_out": True,
        },
    },
    opts = pulumi.ResourceOptions(depends_on=[bucket]))
pulumi.export("rowsFunction", rows.function_name)
