import pulumi
import pulumi_cdcpipeline as cdcpipeline

key = cdcpipeline.encryption.Key("key")
changes = cdcpipeline.stream.ChangeStream("changes", kms_key_arn=key.arn)
bucket = cdcpipeline.lake.Bucket("bucket", kms_key_arn=key.arn)
delivery = cdcpipeline.lake.Delivery("delivery",
    stream_arn=changes.arn,
    bucket_arn=bucket.arn,
    kms_key_arn=key.arn,
    opts = pulumi.ResourceOptions(depends_on=[bucket]))
watch = cdcpipeline.observability.Observability("watch",
    kms_key_arn=key.arn,
    alarms={
        "emails": ["ops@example.com"],
    },
    sources=[{
        "stream_name": changes.name,
        "lake_delivery_name": delivery.name,
    }])
pulumi.export("topicArn", watch.topic_arn)
