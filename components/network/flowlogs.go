package network

import (
	"cdcpipeline/internal/iampolicy"
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// makeFlowLogs records the VPC's accepted and rejected traffic in an encrypted log group.
func (n *Network) makeFlowLogs(ctx *pulumi.Context, d design) error {
	group, err := cloudwatch.NewLogGroup(ctx, d.name+"-flow", &cloudwatch.LogGroupArgs{
		RetentionInDays: pulumi.Int(d.LogRetentionDays),
		KmsKeyId:        optional(d.KmsKeyArn),
	}, pulumi.Parent(n))
	if err != nil {
		return fmt.Errorf("making the log group of flow logs: %w", err)
	}
	trust, err := n.flowLogTrust(ctx)
	if err != nil {
		return err
	}
	role, err := iam.NewRole(ctx, d.name+"-flow", &iam.RoleArgs{
		Description:      pulumi.String("Writes the flow logs of " + d.name),
		AssumeRolePolicy: trust,
	}, pulumi.Parent(n))
	if err != nil {
		return fmt.Errorf("making the role of flow logs: %w", err)
	}
	policy, err := iam.NewRolePolicy(ctx, d.name+"-flow", &iam.RolePolicyArgs{
		Role: role.ID(), Policy: flowLogPermissions(group.Arn),
	}, pulumi.Parent(n))
	if err != nil {
		return fmt.Errorf("making the permissions of flow logs: %w", err)
	}
	_, err = ec2.NewFlowLog(ctx, d.name+"-flow", &ec2.FlowLogArgs{
		VpcId:          n.VpcID.ToStringPtrOutput(),
		TrafficType:    pulumi.String("ALL"),
		LogDestination: group.Arn,
		IamRoleArn:     role.Arn,
		Tags:           named(d, "flow"),
	}, pulumi.Parent(n), pulumi.DependsOn([]pulumi.Resource{policy}))
	if err != nil {
		return fmt.Errorf("making the flow logs: %w", err)
	}
	return nil
}

// flowLogTrust admits the flow log service only for this account and region,
// https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-iam-role.html.
func (n *Network) flowLogTrust(ctx *pulumi.Context) (pulumi.StringOutput, error) {
	none := pulumi.StringOutput{}
	partition, err := aws.GetPartition(ctx, nil, pulumi.Parent(n))
	if err != nil {
		return none, fmt.Errorf("looking up the partition: %w", err)
	}
	region, err := aws.GetRegion(ctx, nil, pulumi.Parent(n))
	if err != nil {
		return none, fmt.Errorf("looking up the region: %w", err)
	}
	caller, err := aws.GetCallerIdentity(ctx, nil, pulumi.Parent(n))
	if err != nil {
		return none, fmt.Errorf("looking up the account: %w", err)
	}
	source := fmt.Sprintf("arn:%s:ec2:%s:%s:vpc-flow-log/*", partition.Partition, region.Name, caller.AccountId)
	return iampolicy.Trust("vpc-flow-logs.amazonaws.com",
		iampolicy.StringEquals("aws:SourceAccount", pulumi.String(caller.AccountId)),
		iampolicy.ArnLike("aws:SourceArn", pulumi.String(source)),
	), nil
}

// flowLogPermissions omits logs:CreateLogGroup. A late delivery would otherwise make the group again after its
// deletion.
func flowLogPermissions(group pulumi.StringInput) pulumi.StringOutput {
	return iampolicy.Document(
		iampolicy.Statement{
			Actions:   []string{"logs:CreateLogStream", "logs:DescribeLogGroups", "logs:DescribeLogStreams", "logs:PutLogEvents"},
			Resources: []pulumi.StringInput{group, pulumi.Sprintf("%s:*", group)},
		},
	)
}
