package provider

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// A component's own dependencies do not reach what it makes: the plugin hands on what the option dependsOn names.
func TestDependsOnReachesWhatTheComponentMakes(t *testing.T) {
	const other = "urn:pulumi:stack::project::x:y:Z::z"
	replication := inputs{
		"tables": []any{table}, "source": inputs{"engineName": "aurora", "secretArn": "arn:aws:secretsmanager:us-east-1:123456789012:secret:orders-AbCdEf"},
		"streamArn": "arn:aws:kinesis:us-east-1:123456789012:stream/changes", "kmsKeyArn": keyArn, "subnetIds": []any{"subnet-1", "subnet-2"}, "securityGroupId": "sg-1",
	}
	lake := inputs{"streamArn": "arn:aws:kinesis:us-east-1:123456789012:stream/changes", "bucketArn": "arn:aws:s3:::lake", "kmsKeyArn": keyArn}
	writer := inputs{"access": itself(accessToken, "access"), "streamArn": streamArn, "kmsKeyArn": keyArn, "securityGroupId": "sg-1"}
	releasedFunctions(t)
	for _, c := range []struct {
		token, typ, name string
		given            inputs
	}{
		{streamToken, "aws:kinesis/stream:Stream", "x-stream", inputs{"kmsKeyArn": keyArn}},
		{"cdcpipeline:lake:Delivery", "aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream", "x-delivery", lake},
		{"cdcpipeline:network:Network", "aws:ec2/securityGroup:SecurityGroup", "x-delivery", nil},
		{"cdcpipeline:replication:Replication", "aws:dms/replicationInstance:ReplicationInstance", "x-instance", replication},
		{"cdcpipeline:replication:Replication", "aws:dms/replicationTask:ReplicationTask", "x-task", replication},
		{accessToken, "pulumi:providers:opensearch", "x", inputs{"domain": itself("cdcpipeline:search:Domain", "search"), "search": inputs{"reach": "direct"}}},
		{deliveryToken, "aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream", "x", merged(writer, inputs{
			"backupBucketArn": bucketArn, "vpcSubnetIds": []any{"subnet-1"}, "roleArn": "arn:aws:iam::123456789012:role/delivery",
		})},
		{rowsToken, "aws:lambda/eventSourceMapping:EventSourceMapping", "x", merged(writer, inputs{"parkingBucketArn": bucketArn, "subnetIds": []any{"subnet-1"}})},
		{canaryToken, "aws:scheduler/schedule:Schedule", "x-schedule", inputs{
			"access": itself(accessToken, "access"), "secretArn": secretArn, "bucket": "lake", "bucketArn": bucketArn, "failedPrefix": "aws/lambda/1/", "kmsKeyArn": keyArn,
			"subnetIds": []any{"subnet-1"}, "securityGroupId": "sg-1",
		}},
	} {
		l := inLanguages(t)
		l.searchedDomain()
		l.make(c.token, "x", c.given, other)
		require.Contains(t, l.recorder.One(t, c.typ, c.name).DependsOn, other, "%s of %s", c.typ, c.token)
	}
}
