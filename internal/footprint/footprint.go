// Package footprint is what a pipeline takes of the account and region that it comes to: zones, endpoints of a VPC, roles
// that the account shares, names that must be free. Components make these, `cdc preflight` looks for them beforehand.
package footprint

import (
	"cdcpipeline/config"
	"cdcpipeline/internal/naming"
	"regexp"
	"strings"
)

// Pipeline is the name of the program's pipeline, which the names of its parts begin with.
const Pipeline = "cdc"

// UnsuitableZones lack services and instance types that the pipeline uses: the one of us-east-1 that is excluded by
// most services, e.g. https://docs.aws.amazon.com/eks/latest/userguide/network-reqs.html. Regions without it ignore it.
var UnsuitableZones = []string{"use1-az3"}

// InterfaceEndpoints are the services that something inside the VPC calls.
//
//   - The DMS instance, since version 3.4.7, reads secrets and writes the stream through endpoints of the VPC alone,
//     https://docs.aws.amazon.com/dms/latest/userguide/CHAP_VPC_Endpoints.html, and S3 through the gateway endpoint.
//   - Functions in the VPC read secrets. Their logs, and an event source's polling, are not in the VPC.
//   - Session Manager's agent, through which a private domain is reached, needs two of Systems Manager. Agents since 3.3.40
//     do without a third, ec2messages, https://docs.aws.amazon.com/systems-manager/latest/userguide/systems-manager-setting-up-messageAPIs.html.
//
// Not logs: nothing in the VPC writes to CloudWatch Logs; sessions are not logged. Not kms: Secrets Manager and Kinesis
// decrypt on the caller's behalf, outside the VPC. Each endpoint costs about 7 USD a month and zone.
var InterfaceEndpoints = []string{"kinesis-streams", "secretsmanager", "ssm", "ssmmessages"}

// ServerlessEndpoints are the services that a serverless DMS task calls by interface endpoints of its VPC, whatever routes there are, beside S3
// by a gateway, https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Serverless.Limitations.html.
var ServerlessEndpoints = []string{"kinesis-streams", "secretsmanager"}

// EndpointService is an endpoint service of AWS, https://docs.aws.amazon.com/vpc/latest/privatelink/aws-services-privatelink-support.html.
func EndpointService(region, service string) string { return "com.amazonaws." + region + "." + service }

// AccountRole is a role that a service looks up by this very name, once per account.
type AccountRole struct {
	Name string
	// Policy of AWS, below service-role/.
	Policy string
	// Service that assumes it.
	Service string
}

// AccountRoles are DMS's, https://docs.aws.amazon.com/dms/latest/userguide/security-iam.html#CHAP_Security.APIRole.
var AccountRoles = []AccountRole{
	{"dms-vpc-role", "AmazonDMSVPCManagementRole", "dms.amazonaws.com"},
	{"dms-cloudwatch-logs-role", "AmazonDMSCloudWatchLogsRole", "dms.amazonaws.com"},
}

// Services with a service-linked role that the pipeline relies on. OpenSearch refuses a domain inside a VPC without its
// own, https://docs.aws.amazon.com/opensearch-service/latest/developerguide/slr-aos.html; RDS makes its own with the account's
// first database, which it then refuses, https://github.com/terraform-aws-modules/terraform-aws-rds/issues/364,
// https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/UsingWithRDS.IAM.ServiceLinkedRoles.html.
const (
	SearchService = "opensearchservice.amazonaws.com"
	// CollectionsService has AWSServiceRoleForAmazonOpenSearchServerless, which AWS makes with the account's first collection, as whoever makes
	// that, https://docs.aws.amazon.com/opensearch-service/latest/developerguide/serverless-service-linked-roles.html.
	CollectionsService = "observability.aoss.amazonaws.com"
	DatabaseService    = "rds.amazonaws.com"
	// ReplicationService has AWSServiceRoleForDMSServerless, https://docs.aws.amazon.com/dms/latest/userguide/slr-services-sl.html.
	ReplicationService = "dms.amazonaws.com"
)

// LinkedRolePath is where the role of a service is, whose own name is AWS's to choose.
func LinkedRolePath(service string) string { return "/aws-service-role/" + service + "/" }

var notInAlias = regexp.MustCompile(`[^a-zA-Z0-9_-]`)

// KeyAlias replaces what stack names may hold and aliases may not: [a-zA-Z0-9/_-] is theirs,
// https://docs.aws.amazon.com/kms/latest/APIReference/API_CreateAlias.html.
func KeyAlias(parts ...string) string {
	return "alias/" + notInAlias.ReplaceAllString(strings.Join(parts, "-"), "-")
}

// CatalogDatabase is the default name of the lake's database in Glue, and of its workgroup.
func CatalogDatabase(project, stack string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		return '_'
	}, strings.ToLower(project+"_"+stack))
}

// DatabaseEngine is how RDS calls the engine of a cluster.
func DatabaseEngine(engine config.Engine) string {
	if engine == config.EnginePostgreSQL {
		return "aurora-postgresql"
	}
	return "aurora-mysql"
}

// DatabaseLogs are those that a cluster publishes; its parameters turn on what is off by default.
func DatabaseLogs(engine config.Engine) []string {
	if engine == config.EnginePostgreSQL {
		return []string{"postgresql"}
	}
	return []string{"audit", "error", "slowquery"}
}

// SearchLogGroups are those that a domain publishes to.
func SearchLogGroups(domain string) []string {
	return below("/aws/opensearch/domains/"+domain+"/", "audit", "search-slow", "index-slow", "application")
}

// Collections are the names of a stack's two.
func Collections(name string) []string { return []string{name + "-history", name + "-current"} }

// CollectionsDelivery and CollectionsCurrent end the names of those that write to collections.
const (
	CollectionsDelivery = "-collections-delivery"
	CollectionsCurrent  = "-collections-current"
)

// Canary ends the name of what looks for a source's heartbeat, in a domain and in collections.
const Canary = "-canary"

// CollectionPolicy is the name of the data access policy of whoever writes to collections: 32 characters are the most,
// https://docs.aws.amazon.com/opensearch-service/latest/ServerlessAPIReference/API_CreateAccessPolicy.html.
func CollectionPolicy(collections, writer string) string {
	const most = 32
	return naming.Fit(most, collections, writer)
}

// DatabaseLogGroups are those that RDS publishes a cluster's logs to, and would make by itself.
func DatabaseLogGroups(engine config.Engine, cluster string) []string {
	return below("/aws/rds/cluster/"+cluster+"/", DatabaseLogs(engine)...)
}

func below(prefix string, names ...string) []string {
	all := make([]string, len(names))
	for i, name := range names {
		all[i] = prefix + name
	}
	return all
}
