package permissions

import (
	"cdcpipeline/internal/componenttest"
	"fmt"
)

// quota is a limit of an account and region to which a stack's resources count.
type quota struct {
	// code in Service Quotas, as service/code; empty when it is not there.
	code    string
	name    string
	initial string // AWS's default
	source  string
	// used by one resource of the program.
	used func(r componenttest.Registered) int
}

// General reference pages carry defaults and codes: https://docs.aws.amazon.com/general/latest/gr/aws-service-information.html.
const general = "https://docs.aws.amazon.com/general/latest/gr/"

var quotas = []quota{
	{"vpc/L-F678F1CE", "VPCs per Region", "5", "https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html", each("aws:ec2/vpc:Vpc")},
	{"vpc/L-29B6F2EB", "Interface endpoints per VPC", "50", "https://docs.aws.amazon.com/vpc/latest/privatelink/vpc-limits-endpoints.html", func(r componenttest.Registered) int {
		return count(r.Type == "aws:ec2/vpcEndpoint:VpcEndpoint" && r.Input("vpcEndpointType") == "Interface")
	}},
	{"ec2/L-0263D0A3", "Elastic IP addresses, with `network.egress: nat`", "5", "https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html", each("aws:ec2/eip:Eip")},
	{"vpc/L-FE5A380F", "NAT gateways per zone, with `network.egress: nat`", "5", "https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html", each("aws:ec2/natGateway:NatGateway")},
	{"ec2/L-1216C47A", "Running on-demand standard instances (vCPU; a t4g.nano has 2)", "5", general + "ec2-service.html", func(r componenttest.Registered) int {
		return 2 * count(r.Type == "aws:ec2/instance:Instance")
	}},
	{"rds/L-952B80B8", "DB clusters", "40", general + "rds-service.html", each("aws:rds/cluster:Cluster")},
	{"rds/L-7B6409FD", "DB instances", "40", general + "rds-service.html", each("aws:rds/clusterInstance:ClusterInstance")},
	{"dms/L-C2341CDC", "DMS replication instances", "60", "https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Limits.html", each("aws:dms/replicationInstance:ReplicationInstance")},
	{"", "Kinesis on-demand streams: `aws kinesis describe-limits`", "50", "https://docs.aws.amazon.com/streams/latest/dev/service-sizes-and-limits.html", each("aws:kinesis/stream:Stream")},
	{"firehose/L-14BB0BE7", "Firehose streams", "50; newer accounts 5,000", "https://docs.aws.amazon.com/firehose/latest/dev/limits.html", each("aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream")},
	{"es/L-076D529E", "OpenSearch domains", "100", general + "opensearch-service.html", each("aws:opensearch/domain:Domain")},
	{"es/L-6408ABDE", "OpenSearch instances per domain", "80", general + "opensearch-service.html", func(r componenttest.Registered) int {
		cluster, _ := r.Input("clusterConfig").(map[string]any)
		data, _ := cluster["instanceCount"].(float64)
		masters, _ := cluster["dedicatedMasterCount"].(float64)
		return int(data + masters)
	}},
	{"lambda/L-B99A9384", "Lambda concurrent executions, one for each function", "1,000; new accounts fewer", general + "lambda-service.html", each("aws:lambda/function:Function")},
}

func each(typ string) func(componenttest.Registered) int {
	return func(r componenttest.Registered) int { return count(r.Type == typ) }
}

func count(is bool) int {
	if is {
		return 1
	}
	return 0
}

// uses is how much of a quota a stack uses.
func (q quota) uses(resources []componenttest.Registered) int {
	n := 0
	for _, r := range resources {
		n += q.used(r)
	}
	return n
}

// check is the command that shows the quota in force.
func (q quota) label() string {
	if q.code == "" {
		return q.name
	}
	return fmt.Sprintf("%s: `%s`", q.name, q.code)
}
