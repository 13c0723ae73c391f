import pulumi
import pulumi_cdcpipeline as cdcpipeline

key = cdcpipeline.encryption.Key("key")
bucket = cdcpipeline.lake.Bucket("bucket", kms_key_arn=key.arn)
catalog = cdcpipeline.lake.Catalog("catalog",
    bucket=bucket.name,
    bucket_arn=bucket.arn,
    kms_key_arn=key.arn,
    sources=[{
        "tables": [{
            "database": "shop",
            "table": "orders",
        }],
        "found": "{\"tables\":[{\"database\":\"shop\",\"table\":\"orders\",\"columns\":[{\"name\":\"id\",\"type\":\"bigint\"}],\"primaryKey\":[\"id\"]}]}",
    }],
    lake={
        "catalog": {
            "database": "shop",
        },
    })
pulumi.export("readerPolicy", catalog.reader_policy)
