package graph

import "time"

// Stack is one of the walkthrough's stacks: the resource types on its longest chain.
type Stack struct {
	Name  string
	Types []string
}

// Takes is the duration of the chain, with the same times.
func (s Stack) Takes() time.Duration {
	var sum time.Duration
	for _, typ := range s.Types {
		sum += TimeOf(typ).Typical()
	}
	return sum
}

// Walkthrough is the eight stacks in the order of the walkthrough, which deploys them with one command each. Its
// app.py makes each depend on the previous one, https://github.com/aws-samples/aws-dms-cdc-data-pipeline.
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

// InLine is the total duration of all stacks, one after the other.
func InLine(stacks []Stack) time.Duration {
	var sum time.Duration
	for _, s := range stacks {
		sum += s.Takes()
	}
	return sum
}
