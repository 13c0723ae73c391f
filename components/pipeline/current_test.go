package pipeline_test

import (
	"cdcpipeline/config"
	"cdcpipeline/internal/componenttest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const mappingType = "aws:lambda/eventSourceMapping:EventSourceMapping"

func TestTheCurrentStateIsConnectedBeforeTheTaskStarts(t *testing.T) {
	r := componenttest.Run(t, program(config.Config{}))
	require.Contains(t, strings.Join(r.One(t, "aws:dms/replicationTask:ReplicationTask").DependsOn, " "), mappingType+"::cdc-current")
	mapping := r.One(t, mappingType)
	dependsOn := strings.Join(mapping.DependsOn, " ")
	for _, want := range []string{"aws:ec2/vpcEndpoint:VpcEndpoint", "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule::cdc-network-functions-to-search", "s3/bucketPolicy:BucketPolicy"} {
		require.Contains(t, dependsOn, want)
	}
	require.Equal(t, r.One(t, "aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream", "cdc-search-delivery").Input("kinesisSourceConfiguration").(map[string]any)["kinesisStreamArn"], mapping.Input("eventSourceArn"))
}

func TestTheFunctionLearnsTheTablesFromTheBootstrap(t *testing.T) {
	function := componenttest.Run(t, program(config.Config{})).One(t, "aws:lambda/function:Function", "cdc-current-function")
	require.Contains(t, strings.Join(function.PropertyDependsOn["environment"], " "), "aws:lambda/invocation:Invocation::cdc-bootstrap-invocation")
}

func TestWithoutTheCurrentStateThereIsNothingOfIt(t *testing.T) {
	r := componenttest.Run(t, program(config.Config{Search: config.Search{Current: config.CurrentState{Enabled: new(false)}}}))
	for _, x := range r.Resources() {
		require.NotContains(t, x.Name, "current", x.Type)
	}
	require.Empty(t, r.All(mappingType))
}
