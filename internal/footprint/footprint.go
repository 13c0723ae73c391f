// Package footprint describes what a pipeline needs in its account and region: zones, endpoints of a VPC, roles that
// the account shares, and free names. Components make these; `cdc preflight` checks them first.
package footprint

import (
	"cdcpipeline/config"
	"cdcpipeline/internal/naming"
	"regexp"
	"strings"
)

// Pipeline is the name of the program's pipeline and the prefix of its parts' names.
const Pipeline = "cdc"

// UnsuitableZones lack services and instance types that the pipeline uses. Most services exclude this zone of
// us-east-1, e.g. https://docs.aws.amazon.com/eks/latest/userguide/network-reqs.html. Regions without it ignore it.
var UnsuitableZones = []string{"use1-az3"}

// InterfaceEndpoints are the services that something inside the VPC calls.
//
//   - The DMS instance, since version 3.4.7, reads secrets and writes the stream through endpoints of the VPC alone,
//     https://docs.aws.amazon.com/dms/latest/userguide/CHAP_VPC_Endpoints.html, and S3 through the gateway endpoint.
//   - Functions in the VPC read secrets. Lambda writes their logs and polls their sources from outside.
//   - Session Manager's agent, which connects operators to a private domain, needs two of Systems Manager. Agents since 3.3.40
//     do without a third, ec2messages, https://docs.aws.amazon.com/systems-manager/latest/userguide/systems-manager-setting-up-messageAPIs.html.
//
// Logs is not among them, because nothing in the VPC writes to CloudWatch Logs, and sessions are not logged. Kms is
// not, because Secrets Manager and Kinesis decrypt for the caller outside the VPC. Each endpoint costs about 7 USD a
// month and zone.
var InterfaceEndpoints = []string{"kinesis-streams", "secretsmanager", "ssm", "ssmmessages"}

// ServerlessEndpoints are the services that a serverless DMS task calls only through interface endpoints of its VPC,
// whatever the routes. It also uses S3 through a gateway endpoint,
// https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Serverless.Limitations.html.
var ServerlessEndpoints = []string{"kinesis-streams", "secretsmanager"}

// EndpointService is AWS's name of an endpoint service,
// https://docs.aws.amazon.com/vpc/latest/privatelink/aws-services-privatelink-support.html.
func EndpointService(region, service string) string { return "com.amazonaws." + region + "." + service }

// AccountRole is a role that a service looks up by this exact name, once per account.
type AccountRole struct {
	Name string
	// Policy is an AWS managed policy below service-role/.
	Policy string
	// Service that assumes the role.
	Service string
}

// AccountRoles are the roles of DMS,
// https://docs.aws.amazon.com/dms/latest/userguide/security-iam.html#CHAP_Security.APIRole.
var AccountRoles = []AccountRole{
	{"dms-vpc-role", "AmazonDMSVPCManagementRole", "dms.amazonaws.com"},
	{"dms-cloudwatch-logs-role", "AmazonDMSCloudWatchLogsRole", "dms.amazonaws.com"},
}

// Services whose service-linked role the pipeline needs. OpenSearch refuses a domain inside a VPC without the role,
// https://docs.aws.amazon.com/opensearch-service/latest/developerguide/slr-aos.html. RDS makes its role with the
// account's first database, but then refuses that database,
// https://github.com/terraform-aws-modules/terraform-aws-rds/issues/364,
// https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/UsingWithRDS.IAM.ServiceLinkedRoles.html.
const (
	SearchService = "opensearchservice.amazonaws.com"
	// CollectionsService has AWSServiceRoleForAmazonOpenSearchServerless. AWS makes the role with the account's first
	// collection, with the caller's permissions,
	// https://docs.aws.amazon.com/opensearch-service/latest/developerguide/serverless-service-linked-roles.html.
	CollectionsService = "observability.aoss.amazonaws.com"
	DatabaseService    = "rds.amazonaws.com"
	// ReplicationService has AWSServiceRoleForDMSServerless,
	// https://docs.aws.amazon.com/dms/latest/userguide/slr-services-sl.html.
	ReplicationService = "dms.amazonaws.com"
)

// LinkedRolePath is the path of a service's linked role. AWS chooses the role's name.
func LinkedRolePath(service string) string { return "/aws-service-role/" + service + "/" }

var notInAlias = regexp.MustCompile(`[^a-zA-Z0-9_-]`)

// KeyAlias replaces characters that stack names may contain but aliases may not: an alias allows [a-zA-Z0-9/_-],
// https://docs.aws.amazon.com/kms/latest/APIReference/API_CreateAlias.html.
func KeyAlias(parts ...string) string {
	return "alias/" + notInAlias.ReplaceAllString(strings.Join(parts, "-"), "-")
}

// CatalogDatabase is the default name of the lake's Glue database and of its workgroup.
func CatalogDatabase(project, stack string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		return '_'
	}, strings.ToLower(project+"_"+stack))
}

// DatabaseEngine is RDS's name of a cluster's engine.
func DatabaseEngine(engine config.Engine) string {
	if engine == config.EnginePostgreSQL {
		return "aurora-postgresql"
	}
	return "aurora-mysql"
}

// DatabaseLogs are the logs that a cluster publishes. Its parameters turn on those that are off by default.
func DatabaseLogs(engine config.Engine) []string {
	if engine == config.EnginePostgreSQL {
		return []string{"postgresql"}
	}
	return []string{"audit", "error", "slowquery"}
}

// SearchLogGroups are the log groups of a domain.
func SearchLogGroups(domain string) []string {
	return prefixed("/aws/opensearch/domains/"+domain+"/", "audit", "search-slow", "index-slow", "application")
}

// Collections are the names of a stack's two collections.
func Collections(name string) []string { return []string{name + "-history", name + "-current"} }

// CollectionsDelivery and CollectionsCurrent are the suffixes of the collections' writers.
const (
	CollectionsDelivery = "-collections-delivery"
	CollectionsCurrent  = "-collections-current"
)

// Canary is the suffix of the canary's name, in a domain and in collections.
const Canary = "-canary"

// CollectionPolicy is the name of a writer's data access policy for collections, at most 32 characters,
// https://docs.aws.amazon.com/opensearch-service/latest/ServerlessAPIReference/API_CreateAccessPolicy.html.
func CollectionPolicy(collections, writer string) string {
	const most = 32
	return naming.Fit(most, collections, writer)
}

// DatabaseLogGroups are the log groups of a cluster, which RDS would otherwise make itself.
func DatabaseLogGroups(engine config.Engine, cluster string) []string {
	return prefixed("/aws/rds/cluster/"+cluster+"/", DatabaseLogs(engine)...)
}

func prefixed(prefix string, names ...string) []string {
	all := make([]string, len(names))
	for i, name := range names {
		all[i] = prefix + name
	}
	return all
}
