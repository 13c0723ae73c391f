import pulumi
import pulumi_cdcpipeline as cdcpipeline

orders = cdcpipeline.source.Existing("orders", source={
    "existing": {
        "host": "orders.example.com",
        "secret_arn": "arn:aws:secretsmanager:eu-west-1:123456789012:secret:orders-AbCdEf",
        "security_group_id": "sg-0123456789abcdef0",
    },
})
pulumi.export("host", orders.host)
