import pulumi
import pulumi_cdcpipeline as cdcpipeline

key = cdcpipeline.encryption.Key("key")
stock = cdcpipeline.source.AuroraPostgreSQL("stock",
    subnet_ids=[
        "subnet-0123456789abcdef0",
        "subnet-0123456789abcdef1",
    ],
    security_group_id="sg-0123456789abcdef0",
    kms_key_arn=key.arn,
    source={
        "cluster_name": "stock",
        "database_name": "warehouse",
        "slot_wal_gb": 50,
        "tables": [{
            "database": "public",
            "table": "items",
        }],
        "schema_files": ["items.sql"],
    })
pulumi.export("host", stock.host)
