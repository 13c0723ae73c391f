package pipeline_test

import (
	"cdcpipeline/config"
	"cdcpipeline/internal/componenttest"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"
)

func TestEverythingCanBeAdopted(t *testing.T) {
	const key, secret = "arn:aws:kms:us-east-1:123456789012:key/mine", "arn:aws:secretsmanager:us-east-1:123456789012:secret:cdc-AbCdEf"
	r := &componenttest.Recorder{}
	require.NoError(t, pulumi.RunErr(program(config.Config{
		Environment: config.Prod,
		Encryption:  config.Encryption{KmsKeyArn: key},
		Network:     config.Network{VpcID: componenttest.ExistingVpcID, PrivateSubnetIDs: []string{"subnet-01234567", "subnet-89abcdef", "subnet-00112233"}},
		Source: config.Source{
			Bootstrap: config.BootstrapCheck, ReplicationSecretArn: secret,
			Existing: &config.ExistingDatabase{Host: "db.example.internal", SecurityGroupID: "sg-0123456789abcdef0"},
			Tables:   []config.Table{{Database: "shop", Table: "%"}},
		},
		Lake: config.Lake{LogBucket: "access-logs"},
	}), pulumi.WithMocks("project", "stack", componenttest.ExistingVpc{Recorder: r})))
	for _, typ := range []string{
		"aws:kms/key:Key", "aws:ec2/vpc:Vpc", "aws:ec2/subnet:Subnet", "aws:rds/cluster:Cluster",
		"aws:secretsmanager/secretRotation:SecretRotation",
	} {
		require.Empty(t, r.All(typ), typ)
	}
	require.Equal(t, secret, r.One(t, "aws:dms/endpoint:Endpoint", "cdc-replication-source").Input("secretsManagerArn"))
	require.Equal(t, key, r.One(t, "aws:kinesis/stream:Stream").Input("kmsKeyId"))
	require.Equal(t, "access-logs", r.One(t, "aws:s3/bucketLoggingV2:BucketLoggingV2").Input("targetBucket"))
	require.Contains(t, r.One(t, "aws:lambda/invocation:Invocation").Input("input"), `"checkOnly":true`)
}
