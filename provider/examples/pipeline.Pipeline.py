import pulumi
import pulumi_cdcpipeline as cdcpipeline

cdc = cdcpipeline.pipeline.Pipeline("cdc",
    environment=cdcpipeline.config.Environment.PROD,
    source={
        "existing": {
            "host": "orders.example.com",
            "secret_arn": "arn:aws:secretsmanager:eu-west-1:123456789012:secret:orders-AbCdEf",
            "security_group_id": "sg-0123456789abcdef0",
        },
        "tables": [{
            "database": "shop",
            "table": "orders",
        }],
    },
    network={
        "vpc_id": "vpc-0123456789abcdef0",
        "private_subnet_ids": [
            "subnet-0123456789abcdef0",
            "subnet-0123456789abcdef1",
            "subnet-0123456789abcdef2",
        ],
    })
pulumi.export("dashboards", cdc.dashboards_url)
