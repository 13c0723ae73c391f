package graph

import (
	"strings"
	"time"
)

// Dated is the day on which the times were collected.
const Dated = "2026-11-29"

// Time is the creation time of a resource type.
type Time struct {
	Type string
	// Least and Most in seconds, from the source; equal when it gives one value.
	Least, Most float64
	// Source is a key of Sources; empty for an assumed time.
	Source string
	Note   string
}

// Typical is the mean of Least and Most.
func (t Time) Typical() time.Duration {
	return time.Duration((t.Least + t.Most) / 2 * float64(time.Second)).Round(time.Second)
}

// Source is where times were read.
type Source struct{ Key, URL, What string }

// Sources are AWS's documentation, and logs of other people's deployments, which show how long the provider waited.
var Sources = []Source{
	{"gsg", "https://docs.aws.amazon.com/opensearch-service/latest/developerguide/gsgcreate-domain.html", "AWS's guide: new domains typically take 15 to 30 minutes"},
	{"aurora", "https://github.com/anpavlovsk/Terraform-AWS-Secrets-Manager", "a Terraform log of an Aurora cluster with two db.r5.large, in its README"},
	{"dms", "https://github.com/turbot/steampipe-plugin-aws/pull/906", "Terraform logs of a plugin's tests: a replication instance in 4 min 16 s"},
	{"dms10", "https://github.com/hashicorp/terraform/issues/13996", "a Multi-AZ replication instance that was not there after 10 minutes; [another](https://github.com/hashicorp/terraform-provider-aws/pull/29905) took more than 30"},
	{"endpoint", "https://github.com/hashicorp/terraform-provider-aws/pull/37780", "the provider's acceptance tests: an endpoint of MySQL by a secret, made and deleted again, in 21 s"},
	{"kinesis", "https://github.com/turbot/steampipe-plugin-aws/pull/125", "Terraform logs of a plugin's tests: 41 s; the log below has 38 s"},
	{"firehose", "https://github.com/turbot/steampipe-plugin-aws/pull/206", "Terraform logs of a plugin's tests: 40 s into S3; the log below has 9 s"},
	{"log", "https://github.com/wongcheefah-redalpha/runracing-cloud", "a Terraform log of VPC, NAT gateway, key, buckets, roles, stream, delivery and function, of 2026"},
	{"parameters", "https://github.com/turbot/steampipe-plugin-aws/pull/534", "Terraform logs of a plugin's tests"},
}

// Times by type, longest first. A type that is missing here has the time of Other.
var Times = []Time{
	{"aws:opensearch/domain:Domain", 900, 1800, "gsg", "and longer, depending on the configuration"},
	{"aws:rds/clusterInstance:ClusterInstance", 381, 741, "aurora", ""},
	{"aws:dms/replicationInstance:ReplicationInstance", 256, 600, "dms10", "the least is *dms*"},
	{"aws:ec2/natGateway:NatGateway", 118, 118, "log", ""},
	{"aws:ec2/vpcEndpoint:VpcEndpoint", 8, 120, "", "gateways took 8 s in *log*; for interfaces none was found, and two minutes are taken as the most"},
	{"aws:dms/replicationTask:ReplicationTask", 60, 120, "", "none was found"},
	{"aws:rds/cluster:Cluster", 43, 43, "aurora", ""},
	{"aws:kinesis/stream:Stream", 38, 41, "kinesis", ""},
	{"aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream", 9, 40, "firehose", "into a VPC none was found"},
	{"aws:s3/bucketLifecycleConfigurationV2:BucketLifecycleConfigurationV2", 62, 62, "log", ""},
	{"aws:lambda/invocation:Invocation", 10, 30, "", "the bootstrap's statements; none was found"},
	{"aws:lambda/function:Function", 8, 30, "log", "outside a VPC; inside, 30 s are taken as the most"},
	{"aws:ec2/instance:Instance", 12, 25, "", "public logs of bastions, whose repositories are not known"},
	{"aws:dms/endpoint:Endpoint", 10, 21, "endpoint", ""},
	{"aws:kms/key:Key", 9, 16, "log", ""},
	{"aws:rds/clusterParameterGroup:ClusterParameterGroup", 10, 10, "parameters", ""},
	{"aws:s3/bucketV2:BucketV2", 9, 10, "log", ""},
	{"aws:ec2/vpc:Vpc", 8, 12, "log", ""},
	{"aws:ec2/subnet:Subnet", 2, 16, "log", ""},
	{"aws:ec2/securityGroup:SecurityGroup", 4, 7, "log", ""},
	{"aws:ec2/routeTable:RouteTable", 3, 5, "log", ""},
}

// Other is the time of all types that Times lacks: 0 to 6 s in *log* for roles, policies, secrets, log groups, bucket
// settings, and resources of Glue and Athena.
var Other = Time{Least: 0, Most: 6, Source: "log"}

// TimeOf returns a type's time. Components take none, and providers and random values are made on the deployer's
// machine.
func TimeOf(typ string) Time {
	for _, local := range []string{"cdcpipeline:", "pulumi:", "random:"} {
		if strings.HasPrefix(typ, local) {
			return Time{Type: typ}
		}
	}
	for _, t := range Times {
		if t.Type == typ {
			return t
		}
	}
	other := Other
	other.Type = typ
	return other
}
