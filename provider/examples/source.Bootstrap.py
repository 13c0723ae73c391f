import pulumi
import pulumi_cdcpipeline as cdcpipeline

key = cdcpipeline.encryption.Key("key")
bootstrap = cdcpipeline.source.Bootstrap("bootstrap",
    database={
        "host": "orders.example.com",
        "port": 3306,
        "admin_secret_arn": "arn:aws:secretsmanager:eu-west-1:123456789012:secret:orders-AbCdEf",
    },
    subnet_ids=[
        "subnet-0123456789abcdef0",
        "subnet-0123456789abcdef1",
    ],
    security_group_id="sg-0123456789abcdef0",
    kms_key_arn=key.arn,
    source={
        "tables": [{
            "database": "shop",
            "table": "orders",
        }],
        "schema_files": ["orders.sql"],
    })
pulumi.export("findings", bootstrap.findings)
