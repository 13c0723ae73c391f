package pipeline_test

import (
	"cdcpipeline/components/pipeline"
	"cdcpipeline/config"
	"cdcpipeline/internal/componenttest"
	"cdcpipeline/internal/task"
	"context"
	"errors"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"
)

// notLoaded deploys a pipeline of two tables and gives the output back; asked says whether DMS was asked.
func notLoaded(t *testing.T, preview bool, answer task.State, failure error) (output []string, asked bool) {
	t.Helper()
	tables := []config.Table{{Database: "testdb", Table: "retail_trans"}, {Database: "shop", Table: "%"}}
	known := false
	require.NoError(t, pulumi.RunErr(func(ctx *pulumi.Context) error {
		archive := pulumi.NewAssetArchive(map[string]any{"bootstrap": pulumi.NewStringAsset("")})
		cfg := config.Config{Source: config.Source{Tables: tables, SchemaFiles: []string{"unloaded_test.go"}}}
		p, err := pipeline.New(ctx, "cdc", &pipeline.Args{Config: cfg, BootstrapCode: archive, RotationCode: archive, CurrentStateCode: archive})
		if err != nil {
			return err
		}
		p.TablesNotLoaded(ctx, cfg.Source, func(_ context.Context, taskArn string, followed []task.Table) (task.State, error) {
			asked = true
			require.Contains(t, taskArn, ":task:cdc-replication-task")
			require.Equal(t, []task.Table{{Database: "testdb", Table: "retail_trans"}, {Database: "shop", Table: "%"}}, followed)
			return answer, failure
		}).ApplyT(func(names []string) error {
			output, known = names, true
			return nil
		})
		return nil
	}, pulumi.WithMocks("project", "stack", &componenttest.Recorder{}), func(r *pulumi.RunInfo) { r.DryRun = preview }))
	require.Equal(t, !preview, known, "unknown in a preview only")
	return output, asked
}

func TestTablesThatWereNeverLoadedAreAnOutput(t *testing.T) {
	output, asked := notLoaded(t, false, task.State{Status: "running", NotLoaded: []string{"shop.added"}}, nil)
	require.True(t, asked)
	require.Equal(t, []string{"shop.added"}, output)
}

func TestAPreviewAsksDMSNothing(t *testing.T) {
	_, asked := notLoaded(t, true, task.State{}, nil)
	require.False(t, asked)
}

func TestADeploymentDoesNotFailWhenDMSDoesNotAnswer(t *testing.T) {
	output, _ := notLoaded(t, false, task.State{}, errors.New("throttled"))
	require.Empty(t, output)
}

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
