import pulumi
import pulumi_cdcpipeline as cdcpipeline

key = cdcpipeline.encryption.Key("key")
changes = cdcpipeline.stream.ChangeStream("changes", kms_key_arn=key.arn)
roles = cdcpipeline.replication.AccountRoles("roles")
replication = cdcpipeline.replication.Replication("replication",
    stream_arn=changes.arn,
    kms_key_arn=key.arn,
    subnet_ids=[
        "subnet-0123456789abcdef0",
        "subnet-0123456789abcdef1",
    ],
    security_group_id="sg-0123456789abcdef0",
    source={
        "engine_name": "mysql",
        "secret_arn": "arn:aws:secretsmanager:eu-west-1:123456789012:secret:shop-AbCdEf",
    },
    tables=[{
        "database": "shop",
        "table": "orders",
    }],
    opts = pulumi.ResourceOptions(depends_on=[roles]))
pulumi.export("taskArn", replication.task_arn)
