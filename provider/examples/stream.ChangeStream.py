import pulumi
import pulumi_cdcpipeline as cdcpipeline

key = cdcpipeline.encryption.Key("key")
changes = cdcpipeline.stream.ChangeStream("changes",
    environment=cdcpipeline.config.Environment.PROD,
    kms_key_arn=key.arn,
    stream={
        "name": "orders",
        "retention_hours": 336,
    })
pulumi.export("streamArn", changes.arn)
