package permissions

// changes are what the provider calls besides when a setting is changed in place or a task is moved on. They are not
// recorded: a rehearsal changes few settings. Taken from the update functions of the provider's resources,
// https://github.com/hashicorp/terraform-provider-aws/tree/v5.82.2/internal/service, one line a service.
var changes = []string{
	// Reading is among them: creating a policy of a collection reads none, `pulumi refresh` does.
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

	// When a default tag goes: each service's UpdateTags, tags_gen.go. What adds tags is among what the first deployment needs.
	"aoss:UntagResource", "athena:UntagResource", "cloudwatch:UntagResource", "dms:RemoveTagsFromResource", "ec2:DeleteTags", "es:RemoveTags", "events:UntagResource", "firehose:UntagDeliveryStream", "glue:UntagResource",
	"iam:UntagInstanceProfile", "iam:UntagRole", "kinesis:RemoveTagsFromStream", "kms:UntagResource", "lambda:UntagResource", "logs:UntagResource",
	"rds:RemoveTagsFromResource", "s3:DeleteObjectTagging", "secretsmanager:UntagResource", "sns:UntagResource",
}

// production is what a stack in prod calls besides, for its flow logs, the lake's access logs, the lake's tables and the current
// state's reading of the stream, and one with network.egress: nat for its way out: a rehearsal deploys dev, without.
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

// watching is what the alarms, their topic with its mails, the rules of events and the dashboard take: the operations that the resources of the
// provider call, in the same place. A recording of a stack that has them holds nearly all of them too.
var watching = []string{
	"cloudwatch:DeleteAlarms", "cloudwatch:DeleteDashboards", "cloudwatch:DescribeAlarms", "cloudwatch:GetDashboard", "cloudwatch:ListTagsForResource",
	"cloudwatch:PutCompositeAlarm", "cloudwatch:PutDashboard", "cloudwatch:PutMetricAlarm", "cloudwatch:TagResource",
	"events:DeleteRule", "events:DescribeRule", "events:ListTagsForResource", "events:ListTargetsByRule", "events:PutRule", "events:PutTargets",
	"events:RemoveTargets", "events:TagResource",
	"lambda:UpdateEventSourceMapping", // of an older stack's function, which has counted nothing that it gave up
	"sns:CreateTopic", "sns:DeleteTopic", "sns:GetSubscriptionAttributes", "sns:GetTopicAttributes", "sns:ListTagsForResource", "sns:SetTopicAttributes",
	"sns:Subscribe", "sns:TagResource", "sns:Unsubscribe",
}

// newer is what later versions of the provider call for the program's types of resources, that the rehearsed one does not:
// all of it that newer.py finds between 5.82.2 and 6.13.0, by the version that began it. Nothing began before 6.0.0, so the
// policies of a provider of 5.100.0 need nothing more.
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
