package graph

import "time"

// Stack is one of the walkthrough's: the types of its resources that wait for one another, the longest chain of them.
type Stack struct {
	Name  string
	Types []string
}

// Takes is how long the chain is, by the same times.
func (s Stack) Takes() time.Duration {
	var sum time.Duration
	for _, typ := range s.Types {
		sum += TimeOf(typ).Typical()
	}
	return sum
}

// Walkthrough is the eight stacks in the order in which the walkthrough has them deployed, one command after the other; its app.py makes each depend on the one
// before, https://github.com/aws-samples/aws-dms-cdc-data-pipeline.
var Walkthrough = []Stack{
	{"VpcStack", []string{"aws:ec2/vpc:Vpc", "aws:ec2/subnet:Subnet", "aws:ec2/natGateway:NatGateway", "aws:ec2/route:Route"}},
	{"AuroraMysqlStack", []string{"aws:rds/clusterParameterGroup:ClusterParameterGroup", "aws:rds/cluster:Cluster", "aws:rds/clusterInstance:ClusterInstance"}},
	{"AuroraMysqlBastionHost", []string{"aws:iam/role:Role", "aws:ec2/instance:Instance"}},
	{"DMSTargetKinesisDataStreamStack", []string{"aws:kinesis/stream:Stream"}},
	{"DMSRequiredIAMRolesStack", []string{"aws:iam/role:Role"}},
	{"DMSAuroraMysqlToKinesisStack", []string{"aws:dms/replicationSubnetGroup:ReplicationSubnetGroup", "aws:dms/replicationInstance:ReplicationInstance", "aws:dms/replicationTask:ReplicationTask"}},
	{"OpenSearchStack", []string{"aws:ec2/securityGroup:SecurityGroup", "aws:opensearch/domain:Domain"}},
	{"FirehoseStack", []string{"aws:iam/role:Role", "aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream"}},
}

// InLine is how long all of them are, one after the other.
func InLine(stacks []Stack) time.Duration {
	var sum time.Duration
	for _, s := range stacks {
		sum += s.Takes()
	}
	return sum
}
