package main_test

import (
	"cdcpipeline/policy/capture"
	"cdcpipeline/policy/iam"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const roleType = "aws:iam/role:Role"

// documents lists the properties that contain a policy document, by type.
var documents = map[string]string{
	roleType:                                             "assumeRolePolicy",
	"aws:iam/rolePolicy:RolePolicy":                      "policy",
	"aws:iam/policy:Policy":                              "policy",
	"aws:kms/key:Key":                                    "policy",
	"aws:s3/bucketPolicy:BucketPolicy":                   "policy",
	"aws:opensearch/domain:Domain":                       "accessPolicies",
	"aws:sns/topicPolicy:TopicPolicy":                    "policy",
	"aws:sqs/queuePolicy:QueuePolicy":                    "policy",
	"aws:ec2/vpcEndpoint:VpcEndpoint":                    "policy",
	"aws:secretsmanager/secretPolicy:SecretPolicy":       "policy",
	"aws:cloudwatch/logResourcePolicy:LogResourcePolicy": "policyDocument",
}

// read calls visit for every policy document of the stack.
func read(t *testing.T, s capture.Stack, visit func(r capture.Resource, d iam.Document)) {
	t.Helper()
	for _, r := range s {
		text, ok := r.Inputs[documents[r.Type]].(string)
		if !ok {
			continue
		}
		d, err := iam.Parse(text)
		require.NoError(t, err, r.Name)
		visit(r, d)
	}
}

// patterns lists allowed actions with a star, by type of resource.
var patterns = map[string]map[string]string{
	"aws:kms/key:Key": {
		"kms:*":                "https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html: the account's IAM policies decide, and the key stays manageable",
		"kms:ReEncrypt*":       "https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html",
		"kms:GenerateDataKey*": "https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html",
	},
	"aws:opensearch/domain:Domain": {
		"es:ESHttp*": "every HTTP method, behind the VPC and fine-grained access: the rule domain-is-closed",
	},
}

func TestNoPolicyAllowsActionsByAStar(t *testing.T) {
	for environment, cfg := range environments {
		read(t, deployed(t, cfg), func(r capture.Resource, d iam.Document) {
			for _, s := range d.Statement {
				for _, action := range s.Action {
					if s.Allows() && strings.ContainsAny(action, "*?") {
						require.NotEmptyf(t, patterns[r.Type][action], "%s: %s allows %s", environment, r.Name, action)
					}
				}
			}
		})
	}
}

// unnamed lists actions that take no resource, or whose resource does not exist yet. In a key's or a domain's
// policy, the star means the key or the domain itself.
var unnamed = map[string]string{
	"ec2:DescribeNetworkInterfaces": describes, "ec2:DescribeSecurityGroups": describes, "ec2:DescribeSubnets": describes,
	"ec2:DescribeVpcAttribute": describes, "ec2:DescribeVpcs": describes,
	"cloudwatch:PutMetricData":     "takes no resource, and has its namespace for a condition: https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoncloudwatch.html",
	"ec2:AssignPrivateIpAddresses": joins, "ec2:CreateNetworkInterface": joins, "ec2:DeleteNetworkInterface": joins, "ec2:UnassignPrivateIpAddresses": joins,
}

const (
	describes = "takes no resource: https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html"
	joins     = "Lambda makes interfaces with the function's role before there is an ARN: https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html#configuration-vpc-permissions"
)

func TestNoPolicyNamesEveryResource(t *testing.T) {
	own := []string{"aws:kms/key:Key", "aws:opensearch/domain:Domain", "aws:s3/bucketPolicy:BucketPolicy"}
	for environment, cfg := range environments {
		read(t, deployed(t, cfg), func(r capture.Resource, d iam.Document) {
			for _, s := range d.Statement {
				if !s.Allows() || slices.Contains(own, r.Type) || !slices.Contains(s.Resource, "*") {
					continue
				}
				for _, action := range s.Action {
					require.NotEmptyf(t, unnamed[action], "%s: %s allows %s on every resource", environment, r.Name, action)
				}
			}
		})
	}
}

// deputies lists the services that assume roles or act by resource policies. keys are the condition keys that a
// service sends and that a policy must require. why is the source, or the reason why there are none.
var deputies = map[string]struct {
	keys []string
	why  string
}{
	"firehose.amazonaws.com":       {[]string{"sts:ExternalId"}, "https://docs.aws.amazon.com/firehose/latest/dev/controlling-access.html#firehose-assume-role"},
	"glue.amazonaws.com":           {[]string{"aws:SourceAccount"}, "https://docs.aws.amazon.com/glue/latest/dg/cross-service-confused-deputy-prevention.html"},
	"scheduler.amazonaws.com":      {[]string{"aws:SourceAccount", "aws:SourceArn"}, "https://docs.aws.amazon.com/scheduler/latest/UserGuide/cross-service-confused-deputy-prevention.html"},
	"vpc-flow-logs.amazonaws.com":  {[]string{"aws:SourceAccount", "aws:SourceArn"}, "https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-iam-role.html"},
	"es.amazonaws.com":             {[]string{"aws:SourceAccount", "aws:SourceArn"}, "https://docs.aws.amazon.com/opensearch-service/latest/developerguide/createdomain-configure-slow-logs.html"},
	"cloudwatch.amazonaws.com":     {[]string{"aws:SourceAccount"}, "https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html#compatibility-with-aws-services"},
	"monitoring.rds.amazonaws.com": {[]string{"aws:SourceAccount"}, "https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_Monitoring.OS.Enabling.html"},
	"logging.s3.amazonaws.com":     {[]string{"aws:SourceAccount", "aws:SourceArn"}, "https://docs.aws.amazon.com/AmazonS3/latest/userguide/enable-server-access-logging.html"},
	"logs.us-east-1.amazonaws.com": {[]string{"kms:EncryptionContext:aws:logs:arn"}, "https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html"},
	"events.amazonaws.com":         {[]string{"kms:EncryptionContext:aws:sns:topicArn"}, "sends no aws:SourceAccount to KMS: https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html#compatibility-with-aws-services"},
	"ec2.amazonaws.com":            {nil, "an instance profile is assumed by its instance alone; there is no source to name"},
	"lambda.amazonaws.com":         {nil, "passing the role is what iam:PassRole guards: https://docs.aws.amazon.com/lambda/latest/dg/lambda-intro-execution-role.html"},
	"dms.us-east-1.amazonaws.com":  {nil, "the regional principal reads secrets, without a source: https://docs.aws.amazon.com/dms/latest/userguide/security_iam_secretsmanager.html"},
	"dms.amazonaws.com":            {nil, "conditions end its logging (https://github.com/terraform-aws-modules/terraform-aws-dms/issues/84); the target's role has aws:SourceAccount all the same"},
}

func TestServicesActForThisAccountOnly(t *testing.T) {
	for environment, cfg := range environments {
		read(t, deployed(t, cfg), func(r capture.Resource, d iam.Document) {
			for _, s := range d.Statement {
				for _, service := range s.Principal["Service"] {
					if r.Type == "aws:sns/topicPolicy:TopicPolicy" && service == "events.amazonaws.com" {
						// A condition would keep EventBridge out: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html#eb-sns-permissions.
						require.Empty(t, s.Condition)
						continue
					}
					asked, known := deputies[service]
					require.Truef(t, known, "%s: %s admits %s: say which condition keys that service sends", environment, r.Name, service)
					for _, key := range asked.keys {
						require.Truef(t, asks(s, key), "%s: %s admits %s without a condition on %s", environment, r.Name, service, key)
					}
				}
			}
		})
	}
}

func asks(s iam.Statement, key string) bool {
	for _, keys := range s.Condition {
		for k := range keys {
			if strings.EqualFold(k, key) {
				return true
			}
		}
	}
	return false
}

// managed lists AWS's own policies that roles may have.
var managed = map[string]string{
	"arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore":                 "https://docs.aws.amazon.com/systems-manager/latest/userguide/setup-instance-permissions.html",
	"arn:aws:iam::aws:policy/service-role/AmazonDMSCloudWatchLogsRole":     "https://docs.aws.amazon.com/dms/latest/userguide/security-iam.html",
	"arn:aws:iam::aws:policy/service-role/AmazonDMSVPCManagementRole":      "https://docs.aws.amazon.com/dms/latest/userguide/security-iam.html",
	"arn:aws:iam::aws:policy/service-role/AmazonRDSEnhancedMonitoringRole": "https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_Monitoring.OS.Enabling.html",
}

func TestRolesHaveFewPoliciesOfAWS(t *testing.T) {
	for _, cfg := range environments {
		for _, r := range deployed(t, cfg) {
			if r.Type == "aws:iam/rolePolicyAttachment:RolePolicyAttachment" {
				arn, _ := r.Inputs["policyArn"].(string)
				require.NotEmpty(t, managed[arn], "%s attaches %s", r.Name, arn)
			}
		}
	}
}
