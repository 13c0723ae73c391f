import pulumi
import pulumi_cdcpipeline as cdcpipeline

key = cdcpipeline.encryption.Key("key")
bucket = cdcpipeline.lake.Bucket("bucket", kms_key_arn=key.arn)
tables = cdcpipeline.lake.Tables("tables",
    bucket=bucket.name,
    bucket_arn=bucket.arn,
    kms_key_arn=key.arn,
    database="shop",
    tables=[{
        "database": "shop",
        "table": "orders",
    }],
    found="{\"tables\":[{\"database\":\"shop\",\"table\":\"orders\",\"columns\":[{\"name\":\"id\",\"type\":\"bigint\"}],\"primaryKey\":[\"id\"]}]}",
    lake={
        "tables": {
            "format": cdcpipeline.config.TableFormat.ICEBERG,
            "minutes": 15,
        },
    })
pulumi.export("job", tables.job_name)
