package preflight

import (
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// broken describes how to break one check, and the resulting line.
type broken struct {
	// adopted selects the stack that adopts resources. Otherwise the check is in the stack that makes them.
	adopted bool
	// collections selects the stack that makes collections.
	collections bool
	how         func(t *testing.T, s *scene)
	found       string
	typed       string
	// asks is the action that the check needs. It is empty if the check calls no service.
	asks string
}

// quotaOf gives one quota a value and all others a large one.
func quotaOf(code string, value int) func(request) answer {
	return func(r request) answer {
		if strings.Contains(r.body, code) {
			return answer{body: fmt.Sprintf(`{"Quota":{"Value":%d}}`, value)}
		}
		return answer{body: `{"Quota":{"Value":100}}`}
	}
}

func on(action string, a func(request) answer) func(*testing.T, *scene) {
	return func(_ *testing.T, s *scene) { s.answer(action, a) }
}

// lowQuota describes a quota that is too low.
func lowQuota(code, increase string, asks string) broken {
	return broken{how: on("servicequotas:GetServiceQuota", quotaOf(code, 0)), found: "of 0 in use", typed: "aws service-quotas request-service-quota-increase --service-code " + increase + " --quota-code " + code + " --desired-value 2 --region us-east-1", asks: asks}
}

// breaks covers every check of both stacks.
var breaks = map[string]broken{
	"config/valid": {
		how:   func(_ *testing.T, s *scene) { s.Config.Source.CaFile = "no-such.pem" },
		found: "source.caFile: no-such.pem: no such file or directory (paths are relative", typed: "pulumi config set --stack dev --path 'cdc-pipeline:source.caFile' VALUE",
	},
	"machine/pulumi": {
		how:   func(_ *testing.T, s *scene) { s.tool["pulumi version"] = "v3.200.1\n" },
		found: "v3.200.1, but Pulumi.yaml requires >=3.268.0", typed: "curl -fsSL https://get.pulumi.com | sh",
	},
	"machine/go": {
		how:   func(_ *testing.T, s *scene) { s.tool["go env GOVERSION"] = "go1.26.5\n" },
		found: "go1.26.5, but go.mod requires go1.26.6", typed: "go env -w GOTOOLCHAIN=auto",
	},
	"machine/port": {
		how: func(t *testing.T, s *scene) {
			l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", s.Config.Search.TunnelPort))
			require.NoError(t, err)
			t.Cleanup(func() { _ = l.Close() })
		},
		found: "search.tunnelPort: bind: address already in use", typed: "pulumi config set --stack dev --path 'cdc-pipeline:search.tunnelPort' ",
	},
	"account/credentials": {
		how:   func(_ *testing.T, s *scene) { s.Settings["allowedAccountIds"] = `["999999999999"]` },
		found: "do not admit account 123456789012", typed: "pulumi config set --stack dev aws:profile NAME",
	},
	"account/permissions": {
		how:   on("iam:SimulatePrincipalPolicy", simulated(map[string]string{"dms:CreateEndpoint": tag("EvalDecision", "implicitDeny")})),
		found: "arn:aws:iam::123456789012:role/teams/deployer may not call: dms:CreateEndpoint", typed: "attach-role-policy --role-name deployer --policy-arn arn:aws:iam::123456789012:policy/cdc-deployer-1",
		asks: "iam:SimulatePrincipalPolicy",
	},
	"account/dms-vpc-role": {
		how:   on("iam:GetRole", roleThatTrusts("dms-vpc-role", "ec2.amazonaws.com")),
		found: "exists, but trusts ec2.amazonaws.com", typed: "aws iam update-assume-role-policy --role-name dms-vpc-role --policy-document '{", asks: "iam:GetRole",
	},
	"account/dms-cloudwatch-logs-role": {
		how:   on("iam:GetRole", roleThatTrusts("dms-cloudwatch-logs-role", "lambda.amazonaws.com")),
		found: "exists, but trusts lambda.amazonaws.com", typed: "--role-name dms-cloudwatch-logs-role", asks: "iam:GetRole",
	},
	"account/opensearch-linked-role": {
		how:   on("iam:SimulatePrincipalPolicy", noLinkedRole("opensearchservice.amazonaws.com")),
		found: "is absent, and the deployer has no permission to make it", typed: "aws iam create-service-linked-role --aws-service-name opensearchservice.amazonaws.com", asks: "iam:ListRoles",
	},
	"account/rds-linked-role": {
		how:   on("iam:SimulatePrincipalPolicy", noLinkedRole("rds.amazonaws.com")),
		found: "is absent, and the deployer has no permission to make it", typed: "--aws-service-name rds.amazonaws.com", asks: "iam:ListRoles",
	},
	"account/opensearch-serverless-linked-role": {
		collections: true, how: on("iam:SimulatePrincipalPolicy", noLinkedRole("observability.aoss.amazonaws.com")),
		found: "is absent, and the deployer has no permission to make it", typed: "aws iam create-service-linked-role --aws-service-name observability.aoss.amazonaws.com", asks: "iam:ListRoles",
	},
	"name/collections": {
		collections: true, how: on("aoss:BatchGetCollection", said(`{"collectionDetails":[{"name":"retail-trans-current"}]}`)),
		found: "search.collectionName: the name retail-trans-current is taken", typed: "pulumi config set --stack dev --path 'cdc-pipeline:search.collectionName' retail-trans-2", asks: "aoss:BatchGetCollection",
	},
	"name/collection-policies": {
		collections: true, how: on("aoss:BatchGetLifecyclePolicy", said(`{"lifecyclePolicyDetails":[{"name":"retail-trans"}]}`)),
		found: "left by an earlier deployment: retail-trans", typed: "aws opensearchserverless delete-lifecycle-policy --type retention --name retail-trans --region us-east-1", asks: "aoss:GetAccessPolicy",
	},
	"offer/zones": {
		how:   func(_ *testing.T, s *scene) { s.Config.Network.AvailabilityZones = 4 },
		found: "us-east-1 offers 3 zones, but network.availabilityZones is 4", typed: "'cdc-pipeline:network.availabilityZones' 3", asks: "ec2:DescribeAvailabilityZones",
	},
	"offer/search-version": {
		how:   on("es:ListVersions", said(`{"Versions":["OpenSearch_2.17","OpenSearch_1.3"]}`)),
		found: "search.engineVersion: AWS does not offer OpenSearch_2.19 in us-east-1", typed: "'cdc-pipeline:search.engineVersion' OpenSearch_2.17", asks: "es:ListVersions",
	},
	"offer/search-type": {
		how:   on("es:ListInstanceTypeDetails", said(`{"InstanceTypeDetails":[`+searchType("t3.small.search", "us-east-1a")+`,`+searchType("t3.medium.search", "us-east-1a", "us-east-1b")+`,`+searchType("m7g.large.search", "us-east-1a", "us-east-1b")+`]}`)),
		found: "search.instanceType: AWS offers t3.small.search only in us-east-1a, but 2 zones of us-east-1a, us-east-1b are needed", typed: "'cdc-pipeline:search.instanceType' t3.medium.search", asks: "es:ListInstanceTypeDetails",
	},
	"offer/search-master-type": {
		how:   on("es:ListInstanceTypeDetails", said(`{"InstanceTypeDetails":[`+searchType("t3.small.search", "use1-az1", "use1-az2")+`,`+searchType("r7g.large.search", "us-east-1a", "us-east-1b")+`]}`)),
		found: "search.dedicatedMasterType: AWS does not offer m7g.large.search in us-east-1", typed: "'cdc-pipeline:search.dedicatedMasterType' r7g.large.search", asks: "es:ListInstanceTypeDetails",
	},
	"offer/database-version": {
		how:   on("rds:DescribeDBEngineVersions", said(`<R><DescribeDBEngineVersionsResult>`+items("DBEngineVersions", "DBEngineVersion", tag("EngineVersion", "8.0.mysql_aurora.3.11.1"))+`</DescribeDBEngineVersionsResult></R>`)),
		found: "source.engineVersion: AWS does not offer 8.0.mysql_aurora.3.10.4", typed: "'cdc-pipeline:source.engineVersion' 8.0.mysql_aurora.3.11.1", asks: "rds:DescribeDBEngineVersions",
	},
	"offer/database-class": {
		how:   on("rds:DescribeOrderableDBInstanceOptions", said(orderable("db.t4g.large", "db.t3.medium"))),
		found: "source.instanceClass: AWS does not offer db.t4g.medium", typed: "'cdc-pipeline:source.instanceClass' db.t3.medium", asks: "rds:DescribeOrderableDBInstanceOptions",
	},
	"offer/dms-version": {
		how:   on("dms:DescribeEngineVersions", said(`{"EngineVersions":[{"Version":"3.6.1","Lifecycle":"DEPRECATED"},{"Version":"3.6.2"}]}`)),
		found: "replication.engineVersion: AWS does not offer 3.6.1", typed: "'cdc-pipeline:replication.engineVersion' 3.6.2", asks: "dms:DescribeEngineVersions",
	},
	"offer/dms-class": {
		how:   on("dms:DescribeOrderableReplicationInstances", said(`{"OrderableReplicationInstances":[{"EngineVersion":"3.5.4","ReplicationInstanceClass":"dms.t3.medium"},`+dmsOrderable("dms.r6i.large")+`]}`)),
		found: "replication.instanceClass: AWS does not offer dms.t3.medium", typed: "'cdc-pipeline:replication.instanceClass' dms.r6i.large", asks: "dms:DescribeOrderableReplicationInstances",
	},
	"offer/bastion-type": {
		how:   on("ec2:DescribeInstanceTypeOfferings", said(`<R>`+items("instanceTypeOfferingSet", "item", tag("instanceType", "t4g.nano")+tag("location", "us-east-1b"), tag("instanceType", "t4g.micro")+tag("location", "us-east-1a"))+`</R>`)),
		found: "bastion.instanceType: AWS does not offer t4g.nano in us-east-1a", typed: "'cdc-pipeline:bastion.instanceType' t4g.micro", asks: "ec2:DescribeInstanceTypeOfferings",
	},
	"quota/vpcs":              lowQuota("L-F678F1CE", "vpc", "ec2:DescribeVpcs"),
	"quota/gateway-endpoints": lowQuota("L-1B52E74A", "vpc", "ec2:DescribeVpcEndpoints"),
	"quota/internet-gateways": lowQuota("L-A4707A72", "vpc", "ec2:DescribeInternetGateways"),
	"quota/addresses":         lowQuota("L-0263D0A3", "ec2", "ec2:DescribeAddresses"),
	"quota/nat-gateways":      lowQuota("L-FE5A380F", "vpc", "ec2:DescribeNatGateways"),
	"quota/vcpus":             lowQuota("L-1216C47A", "ec2", "ec2:DescribeInstances"),
	"quota/deliveries":        lowQuota("L-14BB0BE7", "firehose", "firehose:ListDeliveryStreams"),
	"quota/domains":           lowQuota("L-076D529E", "es", "es:ListDomainNames"),
	"quota/domain-nodes":      lowQuota("L-6408ABDE", "es", "servicequotas:GetServiceQuota"),
	"quota/database-clusters": {
		how:   on("rds:DescribeAccountAttributes", said(strings.Replace(rdsQuotas(1, 40), "<AccountQuotaName>DBClusters</AccountQuotaName><Used>1", "<AccountQuotaName>DBClusters</AccountQuotaName><Used>40", 1))),
		found: "database clusters: 40 of 40 in use, 1 more needed", typed: "--service-code rds --quota-code L-952B80B8 --desired-value 80", asks: "rds:DescribeAccountAttributes",
	},
	"quota/database-instances": {
		how:   on("rds:DescribeAccountAttributes", said(strings.Replace(rdsQuotas(1, 40), "<AccountQuotaName>DBInstances</AccountQuotaName><Used>1", "<AccountQuotaName>DBInstances</AccountQuotaName><Used>40", 1))),
		found: "database instances: 40 of 40 in use, 1 more needed", typed: "--quota-code L-7B6409FD", asks: "rds:DescribeAccountAttributes",
	},
	"quota/dms-instances": {
		how:   on("dms:DescribeAccountAttributes", said(`{"AccountQuotas":[{"AccountQuotaName":"ReplicationInstances","Used":20,"Max":20}]}`)),
		found: "DMS replication instances: 20 of 20 in use", typed: "--service-code dms --quota-code L-C2341CDC", asks: "dms:DescribeAccountAttributes",
	},
	"quota/streams": {
		how:   on("kinesis:DescribeLimits", said(`{"ShardLimit":500,"OpenShardCount":0,"OnDemandStreamCount":50,"OnDemandStreamCountLimit":50}`)),
		found: "50 of 50 in use, 1 more needed", typed: "--service-code kinesis", asks: "kinesis:DescribeLimits",
	},
	"quota/concurrency": {
		how:   on("lambda:GetAccountSettings", said(`{"AccountLimit":{"ConcurrentExecutions":10,"UnreservedConcurrentExecutions":2}}`)),
		found: "concurrent executions of functions: 8 of 10 in use, 4 more needed", typed: "--service-code lambda --quota-code L-B99A9384 --desired-value 1000", asks: "lambda:GetAccountSettings",
	},
	"quota/roles": {
		how:   on("iam:GetAccountSummary", said(summary(995, 1000))),
		found: "IAM roles in the account: 995 of 1000 in use", typed: "--service-code iam --quota-code L-FE177D64 --desired-value 2000 --region us-east-1", asks: "iam:GetAccountSummary",
	},
	"quota/log-policies": {
		how:   on("logs:DescribeResourcePolicies", said(`{"resourcePolicies":[`+strings.TrimSuffix(strings.Repeat(`{"policyName":"x"},`, 10), ",")+`]}`)),
		found: "10 of 10 in use, 1 more needed", typed: "aws logs describe-resource-policies", asks: "logs:DescribeResourcePolicies",
	},
	"name/domain": {
		how:   on("es:DescribeDomain", said(`{"DomainStatus":{}}`)),
		found: "search.domainName: the name retail-trans is taken", typed: "'cdc-pipeline:search.domainName' retail-trans-2", asks: "es:DescribeDomain",
	},
	"name/stream": {
		how:   on("kinesis:DescribeStreamSummary", said(`{"StreamDescriptionSummary":{}}`)),
		found: "stream.name: the name retail_trans_stream is taken", typed: "'cdc-pipeline:stream.name' retail_trans_stream_2", asks: "kinesis:DescribeStreamSummary",
	},
	"name/database": {
		how:   on("rds:DescribeDBClusters", said(`<R/>`)),
		found: "source.clusterName: the name dms-src is taken", typed: "'cdc-pipeline:source.clusterName' dms-src-2", asks: "rds:DescribeDBClusters",
	},
	"name/bucket": {
		how:   on("s3:HeadBucket", refused(http.StatusForbidden, "Forbidden")),
		found: "lake.bucketName: the name my-lake is taken", typed: "'cdc-pipeline:lake.bucketName' my-lake-2",
	},
	"name/catalog": {
		how:   on("glue:GetDatabase", said(`{"Database":{}}`)),
		found: "lake.catalog.database: the name cdc_pipeline_dev is taken", typed: "'cdc-pipeline:lake.catalog.database' cdc_pipeline_dev_2", asks: "glue:GetDatabase",
	},
	"name/workgroup": {
		how:   on("athena:ListWorkGroups", said(`{"WorkGroups":[{"Name":"cdc_pipeline_dev"}]}`)),
		found: "lake.catalog.database: the name cdc_pipeline_dev is taken", typed: "cdc_pipeline_dev_2", asks: "athena:ListWorkGroups",
	},
	"name/key-alias": {
		how:   on("kms:DescribeKey", said(`{"KeyMetadata":{}}`)),
		found: "alias/cdc-pipeline-dev-cdc-key is taken", typed: "aws kms delete-alias --alias-name alias/cdc-pipeline-dev-cdc-key", asks: "kms:DescribeKey",
	},
	"name/log-groups": {
		how: on("logs:DescribeLogGroups", func(r request) answer {
			if strings.Contains(r.body, "dms-src/error") {
				return answer{body: `{"logGroups":[{"logGroupName":"/aws/rds/cluster/dms-src/error"}]}`}
			}
			return answer{body: `{"logGroups":[{"logGroupName":"/aws/rds/cluster/dms-src/error/more"}]}`}
		}),
		found: "left by an earlier deployment: /aws/rds/cluster/dms-src/error", typed: "aws logs delete-log-group --log-group-name /aws/rds/cluster/dms-src/error --region us-east-1", asks: "logs:DescribeLogGroups",
	},
	"name/dms": {
		how:   on("dms:DescribeEndpoints", said(`{"Endpoints":[{"EndpointIdentifier":"cdc-pipeline-dev-cdc-replication-source"}]}`)),
		found: "endpoint cdc-pipeline-dev-cdc-replication-source", typed: "pulumi stack init", asks: "dms:DescribeReplicationSubnetGroups",
	},

	"vpc/dns": {
		adopted: true,
		how: on("ec2:DescribeVpcAttribute", func(r request) answer {
			return answer{body: attribute(r.form.Get("Attribute"), fmt.Sprint(r.form.Get("Attribute") == "enableDnsSupport"))}
		}),
		found: "vpc-01234567: these are off, but must be on: enableDnsHostnames", typed: "aws ec2 modify-vpc-attribute --vpc-id vpc-01234567 --enable-dns-hostnames --region us-east-1", asks: "ec2:DescribeVpcAttribute",
	},
	"vpc/subnets": {
		adopted: true, how: on("ec2:DescribeSubnets", said(subnetsAnswer("a", "a"))),
		found: "all are in us-east-1a, but DMS and Aurora need two zones", typed: "aws ec2 describe-subnets", asks: "ec2:DescribeSubnets",
	},
	"vpc/endpoints": {
		adopted: true, how: on("ec2:DescribeVpcEndpoints", said(endpointsAnswer("secretsmanager", "s3"))),
		found: "there is no VPC endpoint for secretsmanager, s3 (gateway, in rtb-1)", typed: "--service-name com.amazonaws.us-east-1.secretsmanager --private-dns-enabled", asks: "ec2:DescribeVpcEndpoints",
	},
	"vpc/endpoint-access": {
		adopted: true,
		how: on("ec2:DescribeSecurityGroups", func(r request) answer {
			return answer{body: groupAnswer(r.form.Get("Filter.1.Value.1"), "vpc-01234567", "10.9.0.0/24")}
		}),
		found: "do not admit port 443 to: kinesis-streams from 10.9.1.0/24", typed: "aws ec2 authorize-security-group-ingress --group-id sg-0000000e --protocol tcp --port 443 --cidr 10.9.1.0/24", asks: "ec2:DescribeSecurityGroups",
	},
	"adopted/database-group": {
		adopted: true, how: on("ec2:DescribeNetworkInterfaces", said(`<R/>`)),
		found: "no network interface has sg-0000000d", typed: "'cdc-pipeline:source.existing.securityGroupId' GROUP", asks: "ec2:DescribeNetworkInterfaces",
	},
	"adopted/database-secret": {
		adopted: true, how: func(_ *testing.T, s *scene) {
			s.Config.Source.Existing.SecretArn = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:other"
		},
		found: "source.existing.secretArn: is in eu-west-1, but the stack is in us-east-1", typed: "source.existing.secretArn' ARN", asks: "secretsmanager:DescribeSecret",
	},
	"adopted/replication-secret": {
		adopted: true,
		how: func(_ *testing.T, s *scene) {
			s.Config.Source.Existing.SecretArn = "arn:aws:secretsmanager:us-east-1:123456789012:secret:admin"
			s.answer("secretsmanager:DescribeSecret", func(r request) answer {
				if strings.Contains(r.body, "secret:cdc-") {
					return answer{body: `{"Name":"cdc","DeletedDate":1700000000}`}
				}
				return answer{body: `{"Name":"admin"}`}
			})
		},
		found: "source.replicationSecretArn: cdc is scheduled for deletion", typed: "aws secretsmanager restore-secret --secret-id arn", asks: "secretsmanager:DescribeSecret",
	},
	"adopted/key": {
		adopted: true, how: on("kms:DescribeKey", keyAnswer("Disabled")),
		found: "encryption.kmsKeyArn: the key is disabled", typed: "aws kms enable-key --key-id arn:aws:kms", asks: "kms:DescribeKey",
	},
	"adopted/log-bucket": {
		adopted: true, how: on("s3:HeadBucket", refused(http.StatusNotFound, "NotFound")),
		found: "lake.logBucket: logs does not exist", typed: "aws s3 mb s3://logs", asks: "s3:HeadBucket",
	},
}

func (b broken) scene(t *testing.T) *scene {
	if b.adopted {
		return takenOver(t)
	}
	if b.collections {
		return collected(t)
	}
	s := made(t)
	s.answer("servicequotas:GetServiceQuota", quotaOf("none", 0))
	return s
}
