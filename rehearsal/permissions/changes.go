package permissions

// changes are what the provider calls besides when a setting is changed in place or a task is moved on. They are not
// recorded: a rehearsal changes few settings. Taken from the update functions of the provider's resources,
// https://github.com/hashicorp/terraform-provider-aws/tree/v5.82.2/internal/service, one line a service.
var changes = []string{
	"dms:ModifyEndpoint", "dms:ModifyReplicationInstance", "dms:ModifyReplicationSubnetGroup", "dms:ModifyReplicationTask", "dms:TestConnection",
	"ec2:ModifyInstanceAttribute", "ec2:ModifySecurityGroupRules", "ec2:ModifySubnetAttribute", "ec2:ModifyVpcEndpoint", "ec2:StartInstances", "ec2:StopInstances",
	"es:GetUpgradeStatus", "es:UpdateDomainConfig", "es:UpgradeDomain",
	"firehose:UpdateDestination",
	"iam:DetachRolePolicy", "iam:UpdateAssumeRolePolicy", "iam:UpdateRole", "iam:UpdateRoleDescription",
	"kinesis:DecreaseStreamRetentionPeriod", "kinesis:StopStreamEncryption", "kinesis:UpdateShardCount", "kinesis:UpdateStreamMode",
	"kms:PutKeyPolicy", "kms:UpdateAlias", "kms:UpdateKeyDescription",
	"lambda:UpdateEventSourceMapping", "lambda:UpdateFunctionCode", "lambda:UpdateFunctionConfiguration",
	"logs:AssociateKmsKey",
	"rds:ModifyDBCluster", "rds:ModifyDBInstance", "rds:ModifyDBSubnetGroup", "rds:ResetDBClusterParameterGroup",
	"scheduler:UpdateSchedule",
	"secretsmanager:UpdateSecret",
}

// production is what a stack in prod calls besides, for its flow logs, the lake's access logs and the current state's
// reading of the stream: a rehearsal deploys dev.
var production = []string{
	"ec2:CreateFlowLogs", "ec2:DeleteFlowLogs", "ec2:DescribeFlowLogs",
	"kinesis:DeregisterStreamConsumer", "kinesis:DescribeStreamConsumer", "kinesis:RegisterStreamConsumer",
	"s3:PutBucketLogging",
}

// tagging is what default tags need, which Pulumi.yaml sets: some are given in the call that makes a resource, and are
// not recorded as calls of their own.
var tagging = []string{
	"dms:AddTagsToResource", "ec2:CreateTags", "es:AddTags", "firehose:TagDeliveryStream", "iam:TagInstanceProfile", "iam:TagRole", "kinesis:AddTagsToStream", "kms:TagResource",
	"lambda:TagResource", "logs:TagResource", "rds:AddTagsToResource", "s3:PutBucketTagging", "secretsmanager:TagResource",
}
