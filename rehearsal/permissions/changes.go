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
	"lambda:UpdateFunctionCode", "lambda:UpdateFunctionConfiguration",
	"logs:AssociateKmsKey",
	"rds:ModifyDBCluster", "rds:ModifyDBInstance", "rds:ModifyDBSubnetGroup", "rds:ResetDBClusterParameterGroup",
	"secretsmanager:UpdateSecret",
}

// tagging is needed besides when the stack sets aws:defaultTags, which a rehearsal does not.
var tagging = []string{
	"dms:AddTagsToResource", "ec2:CreateTags", "es:AddTags", "firehose:TagDeliveryStream", "iam:TagInstanceProfile", "iam:TagRole", "kinesis:AddTagsToStream", "kms:TagResource",
	"lambda:TagResource", "logs:TagResource", "rds:AddTagsToResource", "s3:PutBucketTagging", "secretsmanager:TagResource",
}
