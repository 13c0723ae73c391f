package main

import (
	"cdcpipeline/internal/componenttest"
	"maps"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"
)

var configured = map[string]string{
	"project:vpcId":                   componenttest.ExistingVpcID,
	"project:privateSubnetIds":        `["subnet-0123456789abcdef0","subnet-0123456789abcdef1"]`,
	"project:databaseSecurityGroupId": "sg-0123456789abcdef0",
	"project:replicationSecretArn":    "arn:aws:secretsmanager:eu-west-1:123456789012:secret:shop-AbCdEf",
}

func run(values map[string]string) (*componenttest.Recorder, error) {
	recorder := &componenttest.Recorder{}
	return recorder, pulumi.RunErr(program, pulumi.WithMocks(componenttest.Project, componenttest.Stack, componenttest.ExistingVpc{Recorder: recorder}),
		func(info *pulumi.RunInfo) { info.Config = values })
}

func TestTheTaskIsInTheVpcAndStartsAfterTheDelivery(t *testing.T) {
	made, err := run(configured)
	require.NoError(t, err)
	require.Empty(t, made.All("aws:ec2/vpc:Vpc"), "the VPC is there")
	require.Equal(t, []any{"subnet-0123456789abcdef0", "subnet-0123456789abcdef1"}, made.One(t, "aws:dms/replicationSubnetGroup:ReplicationSubnetGroup").Input("subnetIds"))
	task := made.One(t, "aws:dms/replicationTask:ReplicationTask")
	require.Contains(t, strings.Join(task.DependsOn, " "), "aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream::delivery-delivery")
}

func TestWhatIsNotConfiguredIsNamed(t *testing.T) {
	_, err := run(nil)
	for _, key := range []string{"vpcId", "privateSubnetIds", "databaseSecurityGroupId", "replicationSecretArn"} {
		require.ErrorContains(t, err, key+": is missing: pulumi config set "+key)
	}
	one := maps.Clone(configured)
	one["project:privateSubnetIds"] = "subnet-0123456789abcdef0"
	_, err = run(one)
	require.ErrorContains(t, err, "privateSubnetIds: is no list of ids")
}
