package iam

import (
	"cdcpipeline/rehearsal/permissions/document"
	"cdcpipeline/rehearsal/standins/controlplane"
	"context"
	"errors"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const (
	role    = "arn:aws:iam::123456789012:role/cdc-reader"
	foreign = "arn:aws:iam::123456789012:role/somebody-elses"
)

// guard has a policy of statements, each an action, resources, and a condition's key and value.
func guard(t *testing.T, statements ...[]string) *Guard {
	t.Helper()
	var all []document.Statement
	for _, s := range statements {
		made := document.Statement{Sid: "S", Effect: "Allow", Action: strings.Split(s[0], " "), Resource: strings.Split(s[1], " ")}
		if len(s) > 2 {
			made.Condition = map[string]map[string][]string{"StringEquals": {s[2]: {s[3]}}}
		}
		all = append(all, made)
	}
	text, err := document.New(all...).Text()
	require.NoError(t, err)
	g, err := New(text)
	require.NoError(t, err)
	return g
}

// call is an operation's call with a JSON body, a form, or a path.
func call(t *testing.T, operation, content string) *controlplane.Call {
	t.Helper()
	service, name, _ := strings.Cut(operation, ":")
	r, err := http.NewRequest(http.MethodPost, "http://localhost/", http.NoBody)
	require.NoError(t, err)
	r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=key/20261123/us-east-1/"+service+"/aws4_request, SignedHeaders=host, Signature=0")
	c := &controlplane.Call{Action: controlplane.Action{Service: service, Name: name}, Request: r}
	switch {
	case strings.HasPrefix(content, "{"):
		r.Header.Set("X-Amz-Target", "x."+name)
		c.RequestBody = []byte(content)
	case strings.Contains(content, " /"):
		method, path, _ := strings.Cut(content, " ")
		path, body, _ := strings.Cut(path, " ")
		r.Method = method
		r.URL, err = url.Parse("http://localhost" + path)
		require.NoError(t, err)
		c.RequestBody = []byte(body)
	default:
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		c.RequestBody = []byte(content)
	}
	return c
}

// needed are the permissions that a call needs, as text.
func needed(t *testing.T, g *Guard, operation, content string) []string {
	t.Helper()
	d, err := g.demand(call(t, operation, content))
	require.NoError(t, err)
	var all []string
	for _, r := range d.requests {
		all = append(all, describe(r))
	}
	return append(all, d.unclear...)
}

const arn = "arn:aws:"

func TestResourcesAreReadFromTheRequest(t *testing.T) {
	g := guard(t)
	for _, c := range []struct {
		operation, content string
		want               []string
	}{
		{"kinesis:CreateStream", `{"StreamName":"s"}`, []string{"kinesis:CreateStream on arn:aws:kinesis:us-east-1:123456789012:stream/s"}},
		{"kinesis:DescribeStreamSummary", `{"StreamARN":"arn:aws:kinesis:us-east-1:123456789012:stream/s"}`, []string{"kinesis:DescribeStreamSummary on arn:aws:kinesis:us-east-1:123456789012:stream/s"}},
		{"iam:PutRolePolicy", "RoleName=cdc-reader", []string{"iam:PutRolePolicy on " + role}},
		{"iam:CreateRole", "RoleName=r&Path=/team/", []string{"iam:CreateRole on arn:aws:iam::123456789012:role/team/r"}},
		{"iam:GetRole", "RoleName=AWSServiceRoleForAmazonOpenSearchService", []string{
			"iam:GetRole on arn:aws:iam::123456789012:role/aws-service-role/opensearchservice.amazonaws.com/AWSServiceRoleForAmazonOpenSearchService",
		}},
		{"iam:CreateServiceLinkedRole", "AWSServiceName=rds.amazonaws.com", []string{
			"iam:CreateServiceLinkedRole on arn:aws:iam::123456789012:role/aws-service-role/rds.amazonaws.com/(unknown), iam:AWSServiceName rds.amazonaws.com",
		}},
		{"rds:DeleteDBInstance", "DBInstanceIdentifier=i", []string{"rds:DeleteDBInstance on arn:aws:rds:us-east-1:123456789012:db:i"}},
		{"rds:CreateDBCluster", "DBClusterIdentifier=c&DBSubnetGroupName=g&DBClusterParameterGroupName=p", []string{
			"rds:CreateDBCluster on arn:aws:rds:us-east-1:123456789012:cluster-pg:p", "rds:CreateDBCluster on arn:aws:rds:us-east-1:123456789012:cluster:c",
			"rds:CreateDBCluster on arn:aws:rds:us-east-1:123456789012:og:default:(unknown)", "rds:CreateDBCluster on arn:aws:rds:us-east-1:123456789012:subgrp:g",
		}},
		{"rds:ListTagsForResource", "ResourceName=arn:aws:rds:us-east-1:123456789012:subgrp:g", []string{"rds:ListTagsForResource on arn:aws:rds:us-east-1:123456789012:subgrp:g"}},
		{"lambda:GetFunction", "GET /2015-03-31/functions/cdc-f", []string{"lambda:GetFunction on arn:aws:lambda:us-east-1:123456789012:function:cdc-f"}},
		{"lambda:ListTags", "GET /2017-03-31/tags/arn%3Aaws%3Alambda%3Aus-east-1%3A123456789012%3Aevent-source-mapping%3Aid", []string{
			"lambda:ListTags on arn:aws:lambda:us-east-1:123456789012:event-source-mapping:id",
		}},
		{"es:DescribeDomain", "GET /2021-01-01/opensearch/domain/d", []string{"es:DescribeDomain on arn:aws:es:us-east-1:123456789012:domain/d"}},
		{"aoss:DeleteCollection", `{"id":"c"}`, []string{"aoss:DeleteCollection on arn:aws:aoss:us-east-1:123456789012:collection/c"}},
		{"aoss:CreateAccessPolicy", `{"name":"n","type":"data"}`, []string{"aoss:CreateAccessPolicy on (unknown)"}},
		{"scheduler:CreateSchedule", `POST /schedules/s {"FlexibleTimeWindow":{}}`, []string{"scheduler:CreateSchedule on arn:aws:scheduler:us-east-1:123456789012:schedule/default/s"}},
		{"secretsmanager:CreateSecret", `{"Name":"n"}`, []string{"secretsmanager:CreateSecret on arn:aws:secretsmanager:us-east-1:123456789012:secret:n"}},
		{"kms:CreateAlias", `{"AliasName":"alias/a","TargetKeyId":"k"}`, []string{
			"kms:CreateAlias on arn:aws:kms:us-east-1:123456789012:alias/a", "kms:CreateAlias on arn:aws:kms:us-east-1:123456789012:key/k",
		}},
		{"kms:DeleteAlias", `{"AliasName":"alias/a"}`, []string{
			"kms:DeleteAlias on arn:aws:kms:us-east-1:123456789012:alias/a", "kms:DeleteAlias on arn:aws:kms:us-east-1:123456789012:key/(unknown)",
		}},
		{"logs:DeleteLogStream", `{"logGroupName":"/a/g","logStreamName":"s"}`, []string{"logs:DeleteLogStream on arn:aws:logs:us-east-1:123456789012:log-group:/a/g:log-stream:s"}},
		{"s3:GetBucketPolicy", "GET /bucket?policy", []string{"s3:GetBucketPolicy on arn:aws:s3:::bucket"}},
		{"s3:PostBucketDeleteMany", "POST /bucket?delete", []string{"s3:DeleteObject on arn:aws:s3:::bucket/(unknown)", "s3:DeleteObjectVersion on arn:aws:s3:::bucket/(unknown)"}},
		{"dms:DescribeEndpoints", `{}`, []string{"dms:DescribeEndpoints on (unknown)"}},
		{"sts:GetCallerIdentity", "Action=GetCallerIdentity", nil},
	} {
		require.Equal(t, c.want, needed(t, g, c.operation, c.content), c.operation)
	}
}

func TestTagsNeedTheActionThatTags(t *testing.T) {
	g := guard(t)
	for _, c := range []struct {
		operation, content, want string
	}{
		{"dms:CreateEndpoint", `{"Tags":[{"Key":"k"}]}`, "dms:AddTagsToResource on (unknown)"},
		{"es:CreateDomain", `{"DomainName":"d","TagList":[{"Key":"k"}]}`, "es:AddTags on arn:aws:es:us-east-1:123456789012:domain/d"},
		{"firehose:CreateDeliveryStream", `{"DeliveryStreamName":"f","Tags":[{"Key":"k"}]}`, "firehose:TagDeliveryStream on arn:aws:firehose:us-east-1:123456789012:deliverystream/f"},
		{"kinesis:CreateStream", `{"StreamName":"s","Tags":{"k":"v"}}`, "kinesis:AddTagsToStream on arn:aws:kinesis:us-east-1:123456789012:stream/s"},
		{"kms:CreateKey", `{"Tags":[{"TagKey":"k"}]}`, "kms:TagResource on arn:aws:kms:us-east-1:123456789012:key/(unknown)"},
		{"lambda:CreateFunction", `POST /2015-03-31/functions {"FunctionName":"f","Tags":{"k":"v"}}`, "lambda:TagResource on arn:aws:lambda:us-east-1:123456789012:function:f"},
		{"lambda:CreateEventSourceMapping", `POST /2015-03-31/event-source-mappings {"Tags":{"k":"v"}}`, "lambda:TagResource on arn:aws:lambda:us-east-1:123456789012:event-source-mapping:(unknown)"},
		{"logs:CreateLogGroup", `{"logGroupName":"g","tags":{"k":"v"}}`, "logs:TagResource on arn:aws:logs:us-east-1:123456789012:log-group:g"},
		{"rds:CreateDBSubnetGroup", "DBSubnetGroupName=g&Tags.Tag.1.Key=k", "rds:AddTagsToResource on arn:aws:rds:us-east-1:123456789012:subgrp:g"},
		{"iam:CreateInstanceProfile", "InstanceProfileName=p&Tags.member.1.Key=k", "iam:TagInstanceProfile on arn:aws:iam::123456789012:instance-profile/p"},
		{"ec2:CreateVpc", "TagSpecification.1.ResourceType=vpc&TagSpecification.1.Tag.1.Key=k", "ec2:CreateTags on arn:aws:ec2:us-east-1:123456789012:vpc/(unknown)"},
		{"athena:CreateWorkGroup", `{"Name":"w","Tags":[{"Key":"k"}]}`, "athena:TagResource on "},
		{"glue:CreateDatabase", `{"DatabaseInput":{"Name":"d"},"Tags":{"k":"v"}}`, "glue:TagResource on "},
	} {
		all := strings.Join(needed(t, g, c.operation, c.content), "\n")
		require.Contains(t, all, c.want, c.operation)
		untagged := strings.NewReplacer(`"Tags":`, `"Nothing":`, `"TagList":`, `"Nothing":`, `"tags":`, `"nothing":`, "Tags.", "Nothing.", ".Tag.", ".Nothing.").Replace(c.content)
		require.NotContains(t, strings.Join(needed(t, g, c.operation, untagged), "\n"), c.want, c.operation)
	}
	_, err := g.demand(call(t, "scheduler:CreateScheduleGroup", `{"Name":"g","Tags":[{"Key":"k"}]}`))
	require.ErrorContains(t, err, "scheduler:CreateScheduleGroup is given tags")
	require.Equal(t, []string{"iam:TagRole on " + role}, needed(t, g, "iam:TagRole", "RoleName=cdc-reader&Tags.member.1.Key=k"), "what tags needs no more")
}

func TestARoleThatIsPassedNeedsPassRoleForItsService(t *testing.T) {
	g := guard(t)
	pass := "iam:PassRole on " + role + ", iam:PassedToService "
	for _, c := range []struct{ operation, content, want string }{
		{"dms:CreateEndpoint", `{"KinesisSettings":{"ServiceAccessRoleArn":"` + role + `"}}`, pass + "dms.amazonaws.com"},
		{"dms:CreateEndpoint", `{"MySQLSettings":{"SecretsManagerAccessRoleArn":"` + role + `"}}`, pass + "dms.us-east-1.amazonaws.com"},
		{"firehose:CreateDeliveryStream", `{"DeliveryStreamName":"f","ExtendedS3DestinationConfiguration":{"RoleARN":"` + role + `"}}`, pass + "firehose.amazonaws.com"},
		{"lambda:CreateFunction", `POST /2015-03-31/functions {"FunctionName":"f","Role":"` + role + `"}`, pass + "lambda.amazonaws.com"},
		{"scheduler:CreateSchedule", `POST /schedules/s {"Target":{"RoleArn":"` + role + `"}}`, pass + "scheduler.amazonaws.com"},
		{"rds:CreateDBInstance", "DBInstanceIdentifier=i&MonitoringRoleArn=" + role, pass + "monitoring.rds.amazonaws.com"},
		{"ec2:CreateFlowLogs", "DeliverLogsPermissionArn=" + role, pass + "vpc-flow-logs.amazonaws.com"},
		{"iam:AddRoleToInstanceProfile", "InstanceProfileName=p&RoleName=cdc-reader", pass + "ec2.amazonaws.com"},
		{"ec2:RunInstances", "IamInstanceProfile.Name=p", pass + "ec2.amazonaws.com"},
		{"ec2:RunInstances", "IamInstanceProfile.Name=nobody-knows", "iam:PassRole on arn:aws:iam::123456789012:role/(unknown), iam:PassedToService ec2.amazonaws.com"},
	} {
		require.Contains(t, needed(t, g, c.operation, c.content), c.want, c.operation)
	}
	require.Contains(t, needed(t, g, "dms:CreateEndpoint", `{"S3Settings":{"SomeRole":"`+role+`"}}`),
		"iam:PassRole on "+role+" by SomeRole of dms:CreateEndpoint: say to whom in permissions/reference/passing.go")
}

func TestWhatIsNotAllowedIsRefusedAndListed(t *testing.T) {
	g := guard(
		t, []string{"kinesis:CreateStream", arn + "kinesis:REGION:ACCOUNT:stream/mine"},
		[]string{"iam:PassRole", role, "iam:PassedToService", "firehose.amazonaws.com"},
		[]string{"firehose:CreateDeliveryStream", "*", "aws:RequestedRegion", "REGION"},
	)
	ctx := context.Background()
	require.NoError(t, g.Judge(ctx, call(t, "kinesis:CreateStream", `{"StreamName":"mine"}`)))
	require.NoError(t, g.Judge(ctx, call(t, "firehose:CreateDeliveryStream", `{"DeliveryStreamName":"f","S3":{"RoleARN":"`+role+`"}}`)))
	require.Empty(t, g.Findings().Refused)
	elsewhere := call(t, "firehose:CreateDeliveryStream", `{"DeliveryStreamName":"f"}`)
	elsewhere.Request.Header.Set("Authorization", strings.Replace(elsewhere.Request.Header.Get("Authorization"), "us-east-1", "eu-west-1", 1))
	require.Error(t, g.Judge(ctx, elsewhere), "the region is another than the condition's")

	for content, missing := range map[string]string{
		`{"StreamName":"yours"}`:                 "kinesis:CreateStream on resource: arn:aws:kinesis:us-east-1:123456789012:stream/yours",
		`{"StreamName":"mine","Tags":{"k":"v"}}`: "kinesis:AddTagsToStream on resource: arn:aws:kinesis:us-east-1:123456789012:stream/mine",
	} {
		err := g.Judge(ctx, call(t, "kinesis:CreateStream", content))
		var denied *controlplane.Error
		require.True(t, errors.As(err, &denied))
		require.Equal(t, "AccessDeniedException", denied.Code)
		require.Contains(t, denied.Message, "is not authorized to perform: "+missing)
	}
	require.Error(t, g.Judge(ctx, call(t, "firehose:CreateDeliveryStream", `{"DeliveryStreamName":"f","S3":{"RoleARN":"`+foreign+`"}}`)))
	require.Error(t, g.Judge(ctx, call(t, "s3:GetBucketPolicy", "GET /bucket?policy")))
	f := g.Findings()
	require.Equal(t, []string{
		"firehose:CreateDeliveryStream on arn:aws:firehose:eu-west-1:123456789012:deliverystream/f",
		"iam:PassRole on " + foreign + ", iam:PassedToService firehose.amazonaws.com",
		"kinesis:AddTagsToStream on arn:aws:kinesis:us-east-1:123456789012:stream/mine", "kinesis:CreateStream on arn:aws:kinesis:us-east-1:123456789012:stream/yours",
		"s3:GetBucketPolicy on arn:aws:s3:::bucket",
	}, f.Refused)
	require.Equal(t, 7, f.Calls)
	require.Equal(t, []string{"kinesis:CreateStream"}, f.Tagged)
	require.Empty(t, f.Unresolved)
}

func TestWhatARequestDoesNotTellIsJudgedByItsActionAndListed(t *testing.T) {
	g := guard(t, []string{"iam:PassRole", role}, []string{"ec2:RunInstances", "*"}, []string{"kms:DeleteAlias", arn + "kms:*:*:alias/a " + arn + "kms:*:*:key/*"})
	require.NoError(t, g.Judge(context.Background(), call(t, "ec2:RunInstances", "IamInstanceProfile.Name=p")))
	require.NoError(t, g.Judge(context.Background(), call(t, "kms:DeleteAlias", `{"AliasName":"alias/a"}`)))
	require.Equal(t, []string{"iam:PassRole on arn:aws:iam::123456789012:role/(unknown), iam:PassedToService ec2.amazonaws.com"}, g.Findings().Unresolved)
}

func TestWhatTheProviderDoesWithoutIsRefusedAndNoFailure(t *testing.T) {
	g := guard(t, []string{"iam:GetRole", role})
	require.Error(t, g.Judge(context.Background(), call(t, "iam:GetUser", "Action=GetUser")))
	f := g.Findings()
	require.Empty(t, f.Refused)
	require.Equal(t, []string{"iam:GetUser"}, f.DoneWithout)
}

func TestALenientGuardRefusesNothingAndListsAll(t *testing.T) {
	g := guard(t, []string{"ec2:CreateVpc", "*"})
	g.Lenient = true
	require.NoError(t, g.Judge(context.Background(), call(t, "kinesis:CreateStream", `{"StreamName":"s","Tags":{"k":"v"}}`)))
	require.Len(t, g.Findings().Refused, 2)
}

func TestStatementsThatWereNeededAreCounted(t *testing.T) {
	g := guard(t, []string{"ec2:CreateVpc ec2:DeleteVpc", "*"}, []string{"ec2:CreateSubnet", "*"}, []string{"kinesis:DescribeLimits", "*"}, []string{"kinesis:Describe*", "*"})
	require.NoError(t, g.Judge(context.Background(), call(t, "ec2:CreateVpc", "CidrBlock=10.0.0.0/16")))
	require.NoError(t, g.Judge(context.Background(), call(t, "kinesis:DescribeLimits", "{}")))
	f := g.Findings()
	require.Equal(t, 4, f.Statements)
	require.Equal(t, 1, f.StatementsNeeded, "DescribeLimits is allowed twice: either statement can go")
	require.Equal(t, []string{"ec2:CreateVpc", "kinesis:DescribeLimits"}, f.Actions)
	require.Equal(t, []string{"ec2:CreateSubnet", "ec2:DeleteVpc", "kinesis:Describe*"}, f.Uncalled)
}

func TestAStatementTakenOutIsMissedUntilItIsBack(t *testing.T) {
	g := guard(t, []string{"ec2:CreateVpc ec2:DeleteVpc", "*"}, []string{"ec2:CreateSubnet", "*"})
	create := func() error { return g.Judge(context.Background(), call(t, "ec2:CreateVpc", "CidrBlock=10.0.0.0/16")) }
	g.Lenient = true
	restore := g.WithoutAction("ec2:DeleteVpc")
	require.Error(t, create(), "its statement is gone")
	require.Equal(t, []string{"ec2:CreateVpc on arn:aws:ec2:us-east-1:123456789012:vpc/(unknown)"}, restore())
	require.NoError(t, create())
	require.Empty(t, g.Findings().Refused)
}

func TestANameThatWasConfiguredStandsBesideTheDefault(t *testing.T) {
	g := guard(t, []string{"es:DeleteDomain", arn + "es:REGION:ACCOUNT:domain/d"})
	remove := func(name string) error {
		return g.Judge(context.Background(), call(t, "es:DeleteDomain", "DELETE /2021-01-01/opensearch/domain/"+name))
	}
	require.Error(t, remove("next"))
	g.Also("/d", "/next")
	require.NoError(t, remove("next"))
	require.NoError(t, remove("d"))
	require.Error(t, remove("another"))
}

func TestTheProjectsPoliciesAreTakenFromItsDocuments(t *testing.T) {
	project := t.TempDir()
	_, err := Load(project)
	require.ErrorContains(t, err, "make permissions")
	folder := filepath.Join(project, "docs", "permissions")
	require.NoError(t, os.MkdirAll(folder, 0o750))
	require.NoError(t, os.WriteFile(filepath.Join(folder, "deployer-1.json"), []byte(`{"Version":"2012-10-17","Statement":[{"Sid":"S","Effect":"Allow","Action":["kinesis:CreateStream"],"Resource":["arn:aws:kinesis:REGION:ACCOUNT:stream/mine"]}]}`), 0o600))
	g, err := Load(project)
	require.NoError(t, err)
	require.NoError(t, g.Judge(context.Background(), call(t, "kinesis:CreateStream", `{"StreamName":"mine"}`)))
	require.NoError(t, os.WriteFile(filepath.Join(folder, "deployer-2.json"), []byte(`{"Version":"2012-10-17","Statement":[{"Effect":"Deny"}]}`), 0o600))
	_, err = Load(project)
	require.Error(t, err)
}

func TestTheDocumentedPoliciesAreEvaluated(t *testing.T) {
	g, err := Load("../../..")
	require.NoError(t, err)
	require.Greater(t, g.Findings().Statements, 20)
}

func TestWhatIsNoCallOfTheControlPlaneIsJudgedToo(t *testing.T) {
	g, err := New([]byte(`{"Version":"2012-10-17","Statement":[{"Sid":"A","Effect":"Allow","Action":["aoss:APIAccessAll"],"Resource":["*"],"Condition":{"StringEquals":{"aws:RequestedRegion":["REGION"]}}}]}`))
	require.NoError(t, err)
	require.NoError(t, g.Allow("aoss:APIAccessAll", "arn:aws:aoss:us-east-1:123456789012:collection/x"))
	require.ErrorContains(t, g.Allow("aoss:DashboardsAccessAll", "arn:aws:aoss:us-east-1:123456789012:dashboards/default"), "user/deployer is not allowed to do aoss:DashboardsAccessAll")
}
