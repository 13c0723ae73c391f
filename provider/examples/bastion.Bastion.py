import pulumi
import pulumi_cdcpipeline as cdcpipeline

bastion = cdcpipeline.bastion.Bastion("bastion",
    subnet_id="subnet-0123456789abcdef0",
    security_group_id="sg-0123456789abcdef0",
    kms_key_arn="arn:aws:kms:eu-west-1:123456789012:key/1234",
    bastion={
        "instance_type": "t4g.micro",
    })
pulumi.export("instanceId", bastion.instance_id)
