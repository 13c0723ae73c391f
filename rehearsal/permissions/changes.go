package permissions

// changes are the provider's additional calls when a setting is changed in place or a task is moved on. No rehearsal
// records them, because it changes few settings. They come from the update functions of the provider's resources,
// https://github.com/hashicorp/terraform-provider-aws/tree/v5.82.2/internal/service, one line per service.
var changes = []string{
	// They include reads: creating a collection's policy reads nothing, but `pulumi refresh` does.
	"aoss:BatchGetLifecyclePolicy", "aoss:GetAccessPolicy", "aoss:GetSecurityPolicy", "aoss:ListTagsForResource", "aoss:UpdateAccessPolicy", "aoss:UpdateCollection", "aoss:UpdateLifecyclePolicy", "aoss:UpdateSecurityPolicy", "aoss:UpdateVpcEndpoint",
	"athena:UpdateWorkGroup",
	"dms:ModifyEndpoint", "dms:ModifyReplicationConfig", "dms:ModifyReplicationInstance", "dms:ModifyReplicationSubnetGroup", "dms:ModifyReplicationTask", "dms:TestConnection",
	"ec2:ModifyInstanceAttribute", "ec2:ModifyInstanceMetadataOptions", "ec2:ModifySecurityGroupRules", "ec2:ModifySubnetAttribute", "ec2:ModifyVpcEndpoint", "ec2:ReplaceRoute", "ec2:ReplaceRouteTableAssociation", "ec2:StartInstances", "ec2:StopInstances",
	"es:GetUpgradeStatus", "es:UpdateDomainConfig", "es:UpgradeDomain",
	"firehose:UpdateDestination",
	"glue:StartTrigger", "glue:StopTrigger", "glue:UpdateDatabase", "glue:UpdateJob", "glue:UpdateTrigger",
	"iam:DetachRolePolicy", "iam:UpdateAssumeRolePolicy", "iam:UpdateRole", "iam:UpdateRoleDescription",
	"kinesis:DecreaseStreamRetentionPeriod", "kinesis:StopStreamEncryption", "kinesis:UpdateShardCount", "kinesis:UpdateStreamMode",
	"kms:PutKeyPolicy", "kms:UpdateAlias", "kms:UpdateKeyDescription",
	"lambda:DeleteFunctionConcurrency", "lambda:PutFunctionConcurrency", "lambda:UpdateEventSourceMapping", "lambda:UpdateFunctionCode", "lambda:UpdateFunctionConfiguration",
	"logs:AssociateKmsKey", "logs:DeleteRetentionPolicy",
	"rds:ModifyDBCluster", "rds:ModifyDBInstance", "rds:ModifyDBSubnetGroup", "rds:ResetDBClusterParameterGroup",
	"scheduler:UpdateSchedule",
	"secretsmanager:UpdateSecret",

	// When a default tag is removed: each service's UpdateTags, tags_gen.go. The first deployment already needs the
	// actions that add tags.
	"aoss:UntagResource", "athena:UntagResource", "cloudwatch:UntagResource", "dms:RemoveTagsFromResource", "ec2:DeleteTags", "es:RemoveTags", "events:UntagResource", "firehose:UntagDeliveryStream", "glue:UntagResource",
	"iam:UntagInstanceProfile", "iam:UntagRole", "kinesis:RemoveTagsFromStream", "kms:UntagResource", "lambda:UntagResource", "logs:UntagResource",
	"rds:RemoveTagsFromResource", "s3:DeleteObjectTagging", "secretsmanager:UntagResource", "sns:UntagResource",
}

// production is what a prod stack calls in addition: for its flow logs, the lake's access logs, the lake's tables and
// the current state's reading of the stream. It also has the calls for network.egress: nat. A rehearsal deploys dev,
// without these.
var production = []string{
	"ec2:AllocateAddress", "ec2:AttachInternetGateway", "ec2:CreateInternetGateway", "ec2:CreateNatGateway", "ec2:CreateRoute",
	"ec2:DeleteInternetGateway", "ec2:DeleteNatGateway", "ec2:DeleteRoute", "ec2:DescribeAddresses", "ec2:DescribeAddressesAttribute",
	"ec2:DescribeNatGateways", "ec2:DetachInternetGateway", "ec2:DisassociateAddress", "ec2:ReleaseAddress",
	"ec2:CreateFlowLogs", "ec2:DeleteFlowLogs", "ec2:DescribeFlowLogs",
	"glue:CreateJob", "glue:CreateSecurityConfiguration", "glue:CreateTrigger", "glue:DeleteJob", "glue:DeleteSecurityConfiguration",
	"glue:DeleteTrigger", "glue:GetJob", "glue:GetSecurityConfiguration", "glue:GetTrigger",
	"kinesis:DeregisterStreamConsumer", "kinesis:DescribeStreamConsumer", "kinesis:RegisterStreamConsumer",
	"s3:PutBucketLogging",
	"s3:GetObject", "s3:GetObjectTagging", "s3:PutObject", "s3:PutObjectTagging",
}

// watching is what the alarms, their topic with its mails, the event rules and the dashboard need: the operations of
// the provider's resources, from the same place. A recording of a stack with them contains nearly all of these.
var watching = []string{
	"cloudwatch:DeleteAlarms", "cloudwatch:DeleteDashboards", "cloudwatch:DescribeAlarms", "cloudwatch:GetDashboard", "cloudwatch:ListTagsForResource",
	"cloudwatch:PutCompositeAlarm", "cloudwatch:PutDashboard", "cloudwatch:PutMetricAlarm", "cloudwatch:TagResource",
	"events:DeleteRule", "events:DescribeRule", "events:ListTagsForResource", "events:ListTargetsByRule", "events:PutRule", "events:PutTargets",
	"events:RemoveTargets", "events:TagResource",
	"lambda:UpdateEventSourceMapping", // for an older stack's function, which did not count given-up records
	"sns:CreateTopic", "sns:DeleteTopic", "sns:GetSubscriptionAttributes", "sns:GetTopicAttributes", "sns:ListTagsForResource", "sns:SetTopicAttributes",
	"sns:Subscribe", "sns:TagResource", "sns:Unsubscribe",
}

// newer are the calls of later provider versions for the program's resource types that the rehearsed version lacks,
// by the version that introduced them. newer.py found them between 5.82.2 and 6.13.0. All these versions are 6.0.0 or
// newer, so the policies for provider 5.100.0 need no more.
var newer = []later{
	{
		actions: []string{"kinesis:ListTagsForResource", "kinesis:TagResource", "kinesis:UntagResource"}, since: "6.2.0",
		why: "a stream's consumer, which a stack in prod makes, has tags", source: "https://github.com/hashicorp/terraform-provider-aws/issues/43173",
	},
	{
		actions: []string{"lambda:GetFunctionConcurrency"}, since: "6.9.0",
		why: "a function with a published version is read; the program publishes none", source: "https://github.com/hashicorp/terraform-provider-aws/issues/43753",
	},
}

// later are actions that the provider needs since a version.
type later struct {
	actions            []string
	since, why, source string
}
