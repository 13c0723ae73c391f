package main_test

import (
	"cdcpipeline/policy/capture"
	"cdcpipeline/policy/iam"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// call is a call that a role may or may not make. The resource is NAME, NAME/PATH or NAME:PATH, where NAME is a
// resource of the stack and stands for its ARN. A text that begins with arn: is used unchanged.
type call struct {
	action, resource string
	context          map[string]string
	want             iam.Decision
}

var (
	viaStream   = map[string]string{"kms:ViaService": "kinesis.us-east-1.amazonaws.com", "kms:EncryptionContext:aws:kinesis:arn": "arn:aws:kinesis:us-east-1:123456789012:cdc-stream-stream"}
	viaLake     = map[string]string{"kms:ViaService": "s3.us-east-1.amazonaws.com", "kms:EncryptionContext:aws:s3:arn": "arn:aws:s3:us-east-1:123456789012:cdc-lake-bucket/raw/x"}
	viaParked   = map[string]string{"kms:ViaService": "s3.us-east-1.amazonaws.com", "kms:EncryptionContext:aws:s3:arn": "arn:aws:s3:us-east-1:123456789012:cdc-lake-bucket/errors/current/x"}
	viaRegistry = map[string]string{"kms:ViaService": "s3.us-east-1.amazonaws.com", "kms:EncryptionContext:aws:s3:arn": "arn:aws:s3:us-east-1:123456789012:cdc-lake-bucket/registry/current/a-b.json"}
	viaCanary   = map[string]string{"kms:ViaService": "s3.us-east-1.amazonaws.com", "kms:EncryptionContext:aws:s3:arn": "arn:aws:s3:us-east-1:123456789012:cdc-lake-bucket/cdc/canary-tables.json"}
	viaTables   = map[string]string{"kms:ViaService": "s3.us-east-1.amazonaws.com", "kms:EncryptionContext:aws:s3:arn": "arn:aws:s3:us-east-1:123456789012:cdc-lake-bucket"}
	viaBackup   = map[string]string{"kms:ViaService": "s3.us-east-1.amazonaws.com", "kms:EncryptionContext:aws:s3:arn": "arn:aws:s3:us-east-1:123456789012:cdc-lake-bucket/errors/search/x"}
	fromCode    = map[string]string{"lambda:SourceFunctionArn": "arn:aws:lambda:us-east-1:123456789012:function:cdc-bootstrap"}
	ofAdmin     = map[string]string{"kms:EncryptionContext:SecretARN": "arn:aws:secretsmanager:us-east-1:123456789012:secret:rds!cluster"}
	ofDomain    = map[string]string{"kms:EncryptionContext:SecretARN": "arn:aws:secretsmanager:us-east-1:123456789012:secret:cdc-search-master"}
)

const (
	yes = iam.Allowed
	no  = iam.NotAllowed
)

// roles lists, for every role, calls that it must be able to make, and calls that a thief of the role must not.
var roles = map[string][]call{
	"cdc-lake-delivery-role": {
		{"kinesis:GetRecords", "cdc-stream-stream", nil, yes},
		{"kinesis:PutRecord", "cdc-stream-stream", nil, no},
		{"kinesis:GetRecords", "arn:aws:kinesis:us-east-1:123456789012:stream/other", nil, no},
		{"s3:PutObject", "cdc-lake-bucket/raw/schema=a/x.gz", nil, yes},
		{"s3:PutObject", "cdc-lake-bucket/errors/lake/x.gz", nil, yes},
		{"s3:PutObject", "cdc-lake-bucket/errors/search/x.gz", nil, no},
		{"s3:DeleteObject", "cdc-lake-bucket/raw/schema=a/x.gz", nil, no},
		{"s3:PutBucketPolicy", "cdc-lake-bucket", nil, no},
		{"kms:Decrypt", "cdc-key-key", viaStream, yes},
		{"kms:GenerateDataKey", "cdc-key-key", viaLake, yes},
		{"kms:Decrypt", "cdc-key-key", nil, no},
		{"secretsmanager:GetSecretValue", "cdc-bootstrap-replication-secret", nil, no},
		{"logs:PutLogEvents", "cdc-lake-delivery-log", nil, yes},
	},
	"cdc-search-delivery-role": {
		{"kinesis:GetRecords", "cdc-stream-stream", nil, yes},
		{"kinesis:PutRecords", "cdc-stream-stream", nil, no},
		{"es:ESHttpPost", "cdc-search-domain/_bulk", nil, yes},
		{"es:ESHttpGet", "cdc-search-domain/_cluster/stats", nil, yes},
		{"es:ESHttpGet", "cdc-search-domain/retail-trans-2026-11-23/_search", nil, no},
		{"es:ESHttpDelete", "cdc-search-domain/retail-trans", nil, no},
		{"es:DeleteDomain", "cdc-search-domain", nil, no},
		{"ec2:CreateNetworkInterface", "arn:aws:ec2:us-east-1:123456789012:network-interface/*", nil, yes},
		{"ec2:CreateNetworkInterface", "arn:aws:ec2:us-east-1:999999999999:network-interface/*", nil, no},
		{"ec2:RunInstances", "arn:aws:ec2:us-east-1:123456789012:instance/*", nil, no},
		{"s3:PutObject", "cdc-lake-bucket/errors/search/x.gz", nil, yes},
		{"s3:GetObject", "cdc-lake-bucket/raw/schema=a/x.gz", nil, no},
		{"kms:GenerateDataKey", "cdc-key-key", viaBackup, yes},
		{"kms:Decrypt", "cdc-key-key", viaLake, no},
	},
	"cdc-replication-source": {
		{"secretsmanager:GetSecretValue", "cdc-bootstrap-replication-secret-seed", nil, yes},
		{"secretsmanager:PutSecretValue", "cdc-bootstrap-replication-secret-seed", nil, no},
		{"secretsmanager:GetSecretValue", "arn:aws:secretsmanager:us-east-1:123456789012:secret:rds!cluster", nil, no},
		{"kms:Decrypt", "cdc-key-key", ofAdmin, no},
		{"kms:Decrypt", "cdc-key-key", nil, no},
		{"kinesis:PutRecord", "cdc-stream-stream", nil, no},
	},
	"cdc-replication-target": {
		{"kinesis:PutRecords", "cdc-stream-stream", nil, yes},
		{"kinesis:GetRecords", "cdc-stream-stream", nil, no},
		{"kinesis:DeleteStream", "cdc-stream-stream", nil, no},
		{"kms:GenerateDataKey", "cdc-key-key", nil, yes},
		{"kms:Decrypt", "cdc-key-key", nil, no},
		{"secretsmanager:GetSecretValue", "cdc-bootstrap-replication-secret-seed", nil, no},
	},
	"cdc-bootstrap-role": {
		{"secretsmanager:GetSecretValue", "arn:aws:secretsmanager:us-east-1:123456789012:secret:rds!cluster", nil, yes},
		{"secretsmanager:PutSecretValue", "cdc-bootstrap-replication-secret", nil, yes},
		{"secretsmanager:PutSecretValue", "arn:aws:secretsmanager:us-east-1:123456789012:secret:rds!cluster", nil, no},
		{"secretsmanager:GetSecretValue", "cdc-search-master", nil, no},
		{"secretsmanager:DeleteSecret", "cdc-bootstrap-replication-secret", nil, no},
		{"ec2:CreateNetworkInterface", "arn:aws:ec2:us-east-1:123456789012:network-interface/*", nil, yes},
		{"ec2:CreateNetworkInterface", "arn:aws:ec2:us-east-1:123456789012:network-interface/*", fromCode, iam.Denied},
		{"kms:Decrypt", "cdc-key-key", ofAdmin, yes},
		{"kms:Decrypt", "cdc-key-key", ofDomain, no},
		{"ec2:AuthorizeSecurityGroupIngress", "arn:aws:ec2:us-east-1:123456789012:security-group/sg-1", nil, no},
		{"logs:PutLogEvents", "cdc-bootstrap-logs:log-stream:x", nil, yes},
		{"logs:PutLogEvents", "cdc-rotation-logs:log-stream:x", nil, no},
		{"kinesis:GetRecords", "cdc-stream-stream", nil, no},
	},
	"cdc-rotation-role": {
		{"secretsmanager:UpdateSecretVersionStage", "cdc-bootstrap-replication-secret-seed", nil, yes},
		{"ec2:DescribeSubnets", "arn:aws:ec2:us-east-1:123456789012:subnet/*", fromCode, iam.Denied},
		{"secretsmanager:GetSecretValue", "arn:aws:secretsmanager:us-east-1:123456789012:secret:rds!cluster", nil, yes},
		{"secretsmanager:PutSecretValue", "arn:aws:secretsmanager:us-east-1:123456789012:secret:rds!cluster", nil, no},
		{"secretsmanager:GetSecretValue", "cdc-search-master", nil, no},
		{"secretsmanager:DeleteSecret", "cdc-bootstrap-replication-secret-seed", nil, no},
		{"kms:Decrypt", "cdc-key-key", nil, no},
		{"kinesis:GetRecords", "cdc-stream-stream", nil, no},
	},
	"cdc-current-role": {
		{"kinesis:SubscribeToShard", "cdc-current-consumer", nil, yes},
		{"kinesis:GetRecords", "cdc-stream-stream", nil, yes},
		{"kinesis:PutRecord", "cdc-stream-stream", nil, no},
		{"kinesis:SubscribeToShard", "arn:aws:kinesis:us-east-1:123456789012:stream/other/consumer/c:1", nil, no},
		{"es:ESHttpPost", "cdc-search-domain/_bulk", nil, yes},
		{"es:ESHttpPut", "cdc-search-domain/current-testdb-retail_trans-1", nil, yes},
		{"es:ESHttpGet", "cdc-search-domain/cdc-current/_mapping", nil, yes},
		{"es:ESHttpPut", "cdc-search-domain/cdc-current/_block/write", nil, yes},
		{"es:ESHttpPost", "cdc-search-domain/cdc-current/_search", nil, yes},
		{"es:ESHttpPut", "cdc-search-domain/cdc-current/_doc/x", nil, no},
		{"es:ESHttpPut", "cdc-search-domain/cdc-current-1", nil, no},
		{"es:ESHttpGet", "cdc-search-domain/retail-trans-2026-11-23/_search", nil, no},
		{"es:ESHttpDelete", "cdc-search-domain/current-testdb-retail_trans-1", nil, no},
		{"es:ESHttpPut", "cdc-search-domain/_plugins/_security/api/roles/x", nil, no},
		{"s3:PutObject", "cdc-lake-bucket/errors/current/x.jsonl", nil, yes},
		{"s3:PutObject", "cdc-lake-bucket/aws/lambda/uuid/shard/x", nil, yes},
		{"s3:PutObject", "cdc-lake-bucket/raw/schema=a/x.gz", nil, no},
		{"s3:GetObject", "cdc-lake-bucket/errors/current/x.jsonl", nil, no},
		{"s3:GetObject", "cdc-lake-bucket/registry/current/a-b.json", nil, yes},
		{"s3:PutObject", "cdc-lake-bucket/registry/current.json", nil, yes},
		{"s3:DeleteObject", "cdc-lake-bucket/registry/current/a-b.json", nil, no},
		{"s3:ListBucket", "cdc-lake-bucket", map[string]string{"s3:prefix": "registry/current/"}, yes},
		{"kms:Decrypt", "cdc-key-key", viaStream, yes},
		{"kms:GenerateDataKey", "cdc-key-key", viaParked, yes},
		{"kms:Decrypt", "cdc-key-key", viaRegistry, yes},
		{"kms:GenerateDataKey", "cdc-key-key", viaRegistry, yes},
		{"kms:Decrypt", "cdc-key-key", viaLake, no},
		{"secretsmanager:GetSecretValue", "cdc-search-master", nil, no},
		{"logs:PutLogEvents", "cdc-current-logs:log-stream:x", nil, yes},
		{"logs:PutLogEvents", "cdc-rotation-logs:log-stream:x", nil, no},
	},
	"cdc-current-sweep": {
		{"lambda:InvokeFunction", "cdc-current-function", nil, yes},
		{"lambda:InvokeFunction", "cdc-bootstrap-function", nil, no},
		{"lambda:UpdateFunctionCode", "cdc-current-function", nil, no},
	},
	"cdc-canary-role": {
		{"secretsmanager:GetSecretValue", "cdc-bootstrap-replication-secret-seed", nil, yes},
		{"secretsmanager:PutSecretValue", "cdc-bootstrap-replication-secret-seed", nil, no},
		{"secretsmanager:GetSecretValue", "arn:aws:secretsmanager:us-east-1:123456789012:secret:rds!cluster", nil, no},
		{"secretsmanager:GetSecretValue", "cdc-search-master", nil, no},
		{"kms:Decrypt", "cdc-key-key", ofAdmin, no},
		{"kms:Decrypt", "cdc-key-key", nil, no},
		{"es:ESHttpPost", "cdc-search-domain/current-cdc_canary-heartbeat/_search", nil, yes},
		{"es:ESHttpPost", "cdc-search-domain/current-testdb-retail_trans/_search", nil, no},
		{"es:ESHttpPost", "cdc-search-domain/_bulk", nil, no},
		{"es:ESHttpPut", "cdc-search-domain/current-cdc_canary-heartbeat-1", nil, no},
		{"s3:ListBucket", "cdc-lake-bucket", map[string]string{"s3:prefix": "errors/"}, yes},
		{"s3:GetObject", "cdc-lake-bucket/errors/current/x.jsonl", nil, no},
		{"s3:GetObject", "cdc-lake-bucket/raw/schema=a/x.gz", nil, no},
		{"s3:GetObject", "cdc-lake-bucket/cdc/loaded-tables.json", nil, yes},
		{"s3:PutObject", "cdc-lake-bucket/cdc/loaded-tables.json", nil, no},
		{"s3:PutObject", "cdc-lake-bucket/cdc/canary-tables.json", nil, yes},
		{"kms:GenerateDataKey", "cdc-key-key", viaCanary, yes},
		{"kms:Decrypt", "cdc-key-key", viaLake, no},
		{"kinesis:GetRecords", "cdc-stream-stream", nil, no},
		{"logs:PutLogEvents", "cdc-canary-logs:log-stream:x", nil, yes},
		{"logs:PutLogEvents", "cdc-current-logs:log-stream:x", nil, no},
	},
	"cdc-canary-schedule": {
		{"lambda:InvokeFunction", "cdc-canary-function", nil, yes},
		{"lambda:InvokeFunction", "cdc-bootstrap-function", nil, no},
		{"lambda:UpdateFunctionCode", "cdc-canary-function", nil, no},
	},
	"cdc-tables-role": {
		{"s3:GetObject", "cdc-lake-bucket/jobs/tables/spec-01234567.json", nil, yes},
		{"s3:PutObject", "cdc-lake-bucket/jobs/tables/main-01234567.py", nil, no},
		{"s3:GetObject", "cdc-lake-bucket/raw/schema=a/table=b/x.gz", nil, yes},
		{"s3:PutObject", "cdc-lake-bucket/raw/schema=a/table=b/x.gz", nil, no},
		{"s3:DeleteObject", "cdc-lake-bucket/raw/schema=a/table=b/x.gz", nil, no},
		{"s3:PutObject", "cdc-lake-bucket/tables/iceberg/a_b/1/data/x.parquet", nil, yes},
		{"s3:DeleteObject", "cdc-lake-bucket/tables/iceberg/a_b/1/data/x.parquet", nil, yes},
		{"s3:PutObject", "cdc-lake-bucket/errors/tables/raw/schema=a/x.jsonl.gz", nil, yes},
		{"s3:GetObject", "cdc-lake-bucket/errors/tables/raw/schema=a/x.jsonl.gz", nil, yes},
		{"s3:DeleteObject", "cdc-lake-bucket/errors/tables/raw/schema=a/x.jsonl.gz", nil, yes},
		{"s3:DeleteObject", "cdc-lake-bucket/errors/current/x.jsonl", nil, no},
		{"s3:ListBucket", "cdc-lake-bucket", map[string]string{"s3:prefix": "errors/tables/raw/schema=a/table=b/"}, yes},
		{"s3:GetObject", "cdc-lake-bucket/errors/current/x.jsonl", nil, no},
		{"s3:GetObject", "cdc-lake-bucket/athena-results/x.csv", nil, no},
		{"s3:ListBucket", "cdc-lake-bucket", map[string]string{"s3:prefix": "raw/schema=a/table=b/"}, yes},
		{"s3:ListBucket", "cdc-lake-bucket", map[string]string{"s3:prefix": "errors/"}, no},
		{"s3:ListBucket", "cdc-lake-bucket", nil, no},
		{"s3:PutBucketPolicy", "cdc-lake-bucket", nil, no},
		{"kms:GenerateDataKey", "cdc-key-key", viaTables, yes},
		{"kms:Decrypt", "cdc-key-key", viaStream, no},
		{"kms:Decrypt", "cdc-key-key", nil, no},
		{"glue:GetTable", "arn:aws:glue:us-east-1:123456789012:table/cdc_pipeline_policies/testdb_retail_trans_table", nil, yes},
		{"glue:UpdateTable", "arn:aws:glue:us-east-1:123456789012:table/cdc_pipeline_policies/testdb_retail_trans_table", nil, yes},
		{"glue:UpdateTable", "arn:aws:glue:us-east-1:123456789012:table/cdc_pipeline_policies/testdb_retail_trans", nil, no},
		{"glue:GetTable", "arn:aws:glue:us-east-1:123456789012:table/other/t", nil, no},
		{"glue:UpdateTable", "arn:aws:glue:us-east-1:123456789012:table/other/t_table", nil, no},
		{"glue:DeleteDatabase", "arn:aws:glue:us-east-1:123456789012:database/cdc_pipeline_policies", nil, no},
		{"glue:StartJobRun", "cdc-tables-job", nil, no},
		{"logs:PutLogEvents", "cdc-tables-output:log-stream:jr_x-driver", nil, yes},
		{"logs:PutLogEvents", "cdc-current-logs:log-stream:x", nil, no},
		{"kinesis:GetRecords", "cdc-stream-stream", nil, no},
		{"secretsmanager:GetSecretValue", "cdc-search-master", nil, no},
	},
	"cdc-network-flow": {
		{"logs:PutLogEvents", "cdc-network-flow:log-stream:eni-1", nil, yes},
		{"logs:PutLogEvents", "cdc-bootstrap-logs:log-stream:x", nil, no},
		{"logs:DeleteLogGroup", "cdc-network-flow", nil, no},
	},
	// These roles have only a policy of AWS: see managed.
	"cdc-source-monitoring": {
		{"logs:PutLogEvents", "cdc-bootstrap-logs:log-stream:x", nil, no},
		{"kms:Decrypt", "cdc-key-key", nil, no},
	},
	"cdc-bastion-role": {
		{"es:ESHttpGet", "cdc-search-domain/_search", nil, no},
		{"secretsmanager:GetSecretValue", "cdc-search-master", nil, no},
		{"s3:GetObject", "cdc-lake-bucket/raw/schema=a/x.gz", nil, no},
	},
	"cdc-account-roles-dms-vpc-role":             {{"kinesis:PutRecord", "cdc-stream-stream", nil, no}},
	"cdc-account-roles-dms-cloudwatch-logs-role": {{"kinesis:PutRecord", "cdc-stream-stream", nil, no}},
}

func TestEachRoleCanDoItsJobAndNothingElse(t *testing.T) {
	s := deployed(t, environments["prod"])
	seen := map[string]bool{}
	for _, role := range s {
		if role.Type != roleType {
			continue
		}
		seen[role.Name] = true
		t.Run(role.Name, func(t *testing.T) {
			calls, ok := roles[role.Name]
			require.True(t, ok, "say what the role may do, and what not")
			documents := policiesOf(t, s, role)
			for _, c := range calls {
				got, err := iam.Evaluate(documents, iam.Request{Action: c.action, Resource: named(t, s, c.resource), Context: c.context})
				require.NoError(t, err)
				require.Equal(t, c.want, got, "%s on %s with %v", c.action, c.resource, c.context)
			}
		})
	}
	require.Len(t, seen, len(roles), "roles that are said something of, and are not there")
}

// The job may publish metrics in one namespace only, and only if the stack has alarms.
func TestTheTablesJobTellsCloudWatchWhereAlarmsAre(t *testing.T) {
	const topic = "arn:aws:sns:us-east-1:123456789012:ops"
	for _, c := range []struct {
		alarms bool
		topic  string
		want   iam.Decision
	}{{true, "", yes}, {false, topic, yes}, {false, "", no}} {
		cfg, want := environments["prod"], c.want
		cfg.Alarms.Enabled, cfg.Lake.Tables.AlarmTopic = &c.alarms, c.topic
		s := deployed(t, cfg)
		for _, role := range s {
			if role.Type != roleType || role.Name != "cdc-tables-role" {
				continue
			}
			for namespace, want := range map[string]iam.Decision{"cdc-pipeline/tables": want, "AWS/EC2": no} {
				got, err := iam.Evaluate(policiesOf(t, s, role), iam.Request{Action: "cloudwatch:PutMetricData", Resource: "*", Context: map[string]string{"cloudwatch:namespace": namespace}})
				require.NoError(t, err)
				require.Equal(t, want, got, namespace)
			}
		}
	}
}

// policiesOf returns a role's inline policies.
func policiesOf(t *testing.T, s capture.Stack, role capture.Resource) []iam.Document {
	t.Helper()
	var all []iam.Document
	for _, r := range s {
		if r.Type == "aws:iam/rolePolicy:RolePolicy" && slices.Contains(r.PropertyDependencies["role"], role.URN) {
			text, _ := r.Inputs["policy"].(string)
			d, err := iam.Parse(text)
			require.NoError(t, err)
			all = append(all, d)
		}
	}
	return all
}

// named replaces a resource's name with its ARN.
func named(t *testing.T, s capture.Stack, text string) string {
	t.Helper()
	if strings.HasPrefix(text, "arn:") {
		return text
	}
	name, rest := text, ""
	if i := strings.IndexAny(text, "/:"); i >= 0 {
		name, rest = text[:i], text[i:]
	}
	for _, r := range s {
		// Policies use the service's ARN for a role, so this skips roles and components.
		if arn, ok := r.Outputs["arn"].(string); ok && r.Name == name && r.Type != roleType && strings.HasPrefix(r.Type, "aws:") {
			return arn + rest
		}
	}
	require.Fail(t, "no resource of the stack is called "+name)
	return ""
}

// A caller from another account, or a service that the policy does not mean, may do nothing with a resource that
// has its own policy.
func TestResourcePoliciesAdmitWhomTheyMean(t *testing.T) {
	const account = "123456789012"
	s := deployed(t, environments["prod"])
	asked := map[string][]struct {
		principal, action string
		context           map[string]string
		want              iam.Decision
	}{
		"aws:kms/key:Key": {
			{"arn:aws:iam::" + account + ":role/any", "kms:Decrypt", nil, yes}, // an IAM policy must allow it
			{"arn:aws:iam::999999999999:role/any", "kms:Decrypt", nil, no},
			{"logs.us-east-1.amazonaws.com", "kms:Decrypt", map[string]string{"kms:EncryptionContext:aws:logs:arn": "arn:aws:logs:us-east-1:" + account + ":log-group:x"}, yes},
			{"logs.us-east-1.amazonaws.com", "kms:Decrypt", map[string]string{"kms:EncryptionContext:aws:logs:arn": "arn:aws:logs:us-east-1:999999999999:log-group:x"}, no},
			{"s3.amazonaws.com", "kms:Decrypt", nil, no},
		},
		"aws:s3/bucketPolicy:BucketPolicy": {
			{"arn:aws:iam::" + account + ":role/any", "s3:GetObject", map[string]string{"aws:SecureTransport": "false"}, iam.Denied},
			{"arn:aws:iam::" + account + ":role/any", "s3:GetObject", map[string]string{"aws:SecureTransport": "true", "s3:TlsVersion": "1.1"}, iam.Denied},
			{"arn:aws:iam::999999999999:role/any", "s3:GetObject", map[string]string{"aws:SecureTransport": "true", "s3:TlsVersion": "1.3"}, no},
			{"logging.s3.amazonaws.com", "s3:PutObject", map[string]string{"aws:SourceAccount": "999999999999"}, no},
		},
		"aws:opensearch/domain:Domain": {
			{"arn:aws:iam::" + account + ":role/any", "es:DeleteDomain", nil, no},
		},
		"aws:cloudwatch/logResourcePolicy:LogResourcePolicy": {
			{"es.amazonaws.com", "logs:PutLogEvents", map[string]string{"aws:SourceAccount": "999999999999"}, no},
			{"delivery.logs.amazonaws.com", "logs:PutLogEvents", map[string]string{"aws:SourceAccount": account}, no},
		},
	}
	read(t, s, func(r capture.Resource, d iam.Document) {
		for _, c := range asked[r.Type] {
			target := ""
			for _, statement := range d.Statement {
				if len(statement.Resource) > 0 {
					target = strings.ReplaceAll(statement.Resource[0], "*", "x")
				}
			}
			got, err := iam.Evaluate([]iam.Document{d}, iam.Request{Principal: c.principal, Action: c.action, Resource: target, Context: c.context})
			require.NoError(t, err)
			require.Equal(t, c.want, got, "%s: %s by %s", r.Name, c.action, c.principal)
		}
	})
}

func TestRolesAreAssumedByTheirServiceAlone(t *testing.T) {
	for _, cfg := range environments {
		read(t, deployed(t, cfg), func(r capture.Resource, d iam.Document) {
			if r.Type != roleType {
				return
			}
			for _, principal := range []string{"arn:aws:iam::123456789012:user/somebody", "arn:aws:iam::999999999999:root", "apigateway.amazonaws.com"} {
				got, err := iam.Evaluate([]iam.Document{d}, iam.Request{Principal: principal, Action: "sts:AssumeRole"})
				require.NoError(t, err)
				require.Equal(t, no, got, "%s by %s", r.Name, principal)
			}
		})
	}
}
