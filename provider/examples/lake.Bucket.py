import pulumi
import pulumi_cdcpipeline as cdcpipeline

key = cdcpipeline.encryption.Key("key")
bucket = cdcpipeline.lake.Bucket("bucket",
    environment=cdcpipeline.config.Environment.PROD,
    kms_key_arn=key.arn,
    lake={
        "bucket_name": "changes-of-orders",
    })
pulumi.export("bucketName", bucket.name)
