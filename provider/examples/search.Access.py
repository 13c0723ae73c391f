import pulumi
import pulumi_cdcpipeline as cdcpipeline

key = cdcpipeline.encryption.Key("key")
domain = cdcpipeline.search.Domain("domain",
    kms_key_arn=key.arn,
    subnet_ids=["subnet-0123456789abcdef0"],
    security_group_id="sg-0123456789abcdef0")
access = cdcpipeline.search.Access("access",
    domain=domain,
    columns=[
        {
            "name": "ordered_at",
            "type": cdcpipeline.search.ColumnType.DATE,
        },
        {
            "name": "total",
            "type": cdcpipeline.search.ColumnType.DOUBLE,
        },
    ],
    search={
        "reach": cdcpipeline.config.Reach.DIRECT,
        "history_retention_days": 14,
    })
