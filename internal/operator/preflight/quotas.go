package preflight

import (
	"cdcpipeline/config"
	"context"
)

// quotas lists limits of the account and region that a first deployment can reach. It leaves out limits that are rarely
// reached, such as those of log groups, secrets and buckets.
func quotas(s *Stack) []Check {
	var all []Check
	for _, q := range limits {
		if q.of == nil || q.of(s) {
			all = append(all, q)
		}
	}
	return all
}

// usage says how much of a quota is in use.
type usage struct {
	used, max int
	// raise lists commands that raise the limit or reduce the use.
	raise []string
}

// quota is one limit. The present use plus what the stack adds must not exceed it.
type quota struct {
	name string
	// what names the counted thing, for use in a sentence.
	what string
	// of reports whether the stack counts against the quota. nil means always.
	of func(s *Stack) bool
	// adds returns how much more the stack will use than it uses now.
	adds func(ctx context.Context, s *Stack) (int, error)
	// usage reads the limit and the use from AWS.
	usage func(ctx context.Context, s *Stack) (usage, error)
}

func (q quota) Name() string { return "quota/" + q.name }

func (q quota) Look(ctx context.Context, s *Stack) (Finding, error) {
	adds, err := q.adds(ctx, s)
	if err != nil {
		return Finding{}, err
	}
	u, err := q.usage(ctx, s)
	if err != nil {
		return Finding{}, err
	}
	if adds > 0 && u.used+adds > u.max {
		return bad(u.raise, "%s: %d of %d in use, %d more needed", q.what, u.used, u.max, adds)
	}
	return good("%d of %d in use, %d more needed", u.used, u.max, adds)
}

// limits lists the quotas with their codes: https://docs.aws.amazon.com/general/latest/gr/aws-service-information.html.
var limits = []quota{
	{
		name: "vpcs", what: "VPCs in the region", of: (*Stack).makesVPC,
		adds: more("aws:ec2/vpc:Vpc", one), usage: counted("vpc", "L-F678F1CE", countOf("DescribeVpcs", vpcIDs)),
	},
	{
		name: "gateway-endpoints", what: "gateway endpoints in the region", of: (*Stack).makesVPC,
		adds: gatewayEndpoint, usage: counted("vpc", "L-1B52E74A", gatewayEndpoints),
	},
	{
		name: "internet-gateways", what: "internet gateways in the region", of: (*Stack).nat,
		adds: more("aws:ec2/internetGateway:InternetGateway", one), usage: counted("vpc", "L-A4707A72", countOf("DescribeInternetGateways", internetGatewayIDs)),
	},
	{
		name: "addresses", what: "Elastic IP addresses in the region", of: (*Stack).nat,
		adds: more("aws:ec2/eip:Eip", zonesOfVPC), usage: counted("ec2", "L-0263D0A3", countOf("DescribeAddresses", addressIPs)),
	},
	{
		name: "nat-gateways", what: "NAT gateways in the fullest of the zones", of: (*Stack).nat,
		adds: natGateway, usage: counted("vpc", "L-FE5A380F", natGatewaysInAZone),
	},
	{name: "vcpus", what: "vCPUs of running on-demand instances", of: (*Stack).tunnels, adds: bastionVCPUs, usage: vCPUs},
	{
		name: "database-clusters", what: "database clusters", of: (*Stack).makesDatabase,
		adds: more("aws:rds/cluster:Cluster", ofFeeds(cluster)), usage: ofRDS("DBClusters", "L-952B80B8"),
	},
	{
		name: "database-instances", what: "database instances", of: (*Stack).makesDatabase,
		adds: more("aws:rds/clusterInstance:ClusterInstance", ofFeeds(databaseInstances)), usage: ofRDS("DBInstances", "L-7B6409FD"),
	},
	{
		name: "dms-instances", what: "DMS replication instances", of: func(s *Stack) bool { return s.replicates(config.OnInstance) },
		adds: more("aws:dms/replicationInstance:ReplicationInstance", ofFeeds(replicationInstance)), usage: ofDMS,
	},
	{name: "streams", what: "Kinesis streams on demand, or shards", adds: streamCapacity, usage: ofStreams},
	{name: "shards", what: "shards of Kinesis", of: (*Stack).bothKinds, adds: shards, usage: ofShards},
	{
		name: "deliveries", what: "Firehose streams",
		adds: more("aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream", ofFeeds(deliveries)), usage: counted("firehose", "L-14BB0BE7", deliveryStreams),
	},
	{
		name: "domains", what: "OpenSearch domains", of: (*Stack).makesDomain,
		adds: more("aws:opensearch/domain:Domain", one), usage: counted("es", "L-076D529E", searchDomains),
	},
	{
		name: "domain-nodes", what: "instances in a domain", of: (*Stack).makesDomain,
		adds: domainNodes, usage: counted("es", "L-6408ABDE", func(context.Context, *Stack) (int, error) { return 0, nil }),
	},
	{name: "concurrency", what: "concurrent executions of functions", adds: concurrency, usage: ofLambda},
	{name: "roles", what: "IAM roles in the account", adds: more("aws:iam/role:Role", roles), usage: ofIAM},
	{
		name: "log-policies", what: "resource policies of CloudWatch Logs in the region", of: (*Stack).makesDomain,
		adds: more("aws:cloudwatch/logResourcePolicy:LogResourcePolicy", one), usage: logPolicies,
	},
}
