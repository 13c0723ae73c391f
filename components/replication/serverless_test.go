package replication_test

import (
	"cdcpipeline/components/replication"
	"cdcpipeline/config"
	"cdcpipeline/internal/componenttest"
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"
)

func kinds(kind, next config.ReplicationKind) *replication.ReplicationArgs {
	a := args()
	a.Replication = config.Replication{Kind: kind, Next: next}
	return a
}

func TestAServerlessTaskHasNoInstance(t *testing.T) {
	r := run(t, kinds(config.Serverless, ""))
	require.Empty(t, r.All("aws:dms/replicationInstance:ReplicationInstance"))
	require.Empty(t, r.All("aws:dms/replicationTask:ReplicationTask"))
	task := r.One(t, "aws:dms/replicationConfig:ReplicationConfig")
	require.Equal(t, false, task.Input("startReplication"), "whoever deploys starts it")
	require.Equal(t, "full-load-and-cdc", task.Input("replicationType"))
	compute, ok := task.Input("computeConfig").(map[string]any)
	require.True(t, ok)
	require.Equal(t, key, compute["kmsKeyId"])
	require.EqualValues(t, 4, compute["maxCapacityUnits"])
	require.EqualValues(t, 1, compute["minCapacityUnits"])
	require.Equal(t, false, compute["multiAz"])
	require.Contains(t, strings.Join(task.DependsOn, " "), "::replication-serverless-log", "DMS would make the log without a key")
	require.Equal(t, "dms-serverless-replication-project-stack-replication", r.One(t, "aws:cloudwatch/logGroup:LogGroup").Input("name"))
}

// Both kinds of task have the same rules, settings and endpoints, so each can take the other's place.
func TestBothKindsReadAndWriteAlike(t *testing.T) {
	r := run(t, kinds(config.OnInstance, config.Serverless))
	instance, serverless := r.One(t, "aws:dms/replicationTask:ReplicationTask"), r.One(t, "aws:dms/replicationConfig:ReplicationConfig")
	for _, names := range [][2]string{
		{"tableMappings", "tableMappings"},
		{"replicationTaskSettings", "replicationSettings"},
		{"sourceEndpointArn", "sourceEndpointArn"},
		{"targetEndpointArn", "targetEndpointArn"},
		{"migrationType", "replicationType"},
	} {
		require.NotEmpty(t, instance.Input(names[0]))
		require.Equal(t, instance.Input(names[0]), serverless.Input(names[1]), names[1])
	}
}

func TestWhichTaskIsThePresentOneAndWhichTheNext(t *testing.T) {
	const serverless, instance = ":replication-config:", ":task:"
	for _, c := range []struct {
		kind, next    config.ReplicationKind
		present, then string
	}{
		{config.OnInstance, "", instance, ""},
		{config.Serverless, "", serverless, ""},
		{config.OnInstance, config.Serverless, instance, serverless},
		{config.Serverless, config.OnInstance, serverless, instance},
	} {
		var arns []any
		componenttest.Run(t, func(ctx *pulumi.Context) error {
			made, err := replication.NewReplication(ctx, "replication", kinds(c.kind, c.next))
			if err != nil {
				return err
			}
			pulumi.All(made.TaskArn, made.NextTaskArn).ApplyT(func(all []any) error {
				arns = all
				return nil
			})
			return nil
		})
		require.Contains(t, arns[0], c.present)
		require.Contains(t, arns[1], c.then)
		require.Equal(t, c.then == "", arns[1] == "")
	}
}

// The hook applies without a serverless task too: a removed one runs until the end of the deployment.
func TestAServerlessTaskIsStoppedBeforeItOrItsEndpointsChange(t *testing.T) {
	for kind, hooked := range map[config.ReplicationKind][]string{
		config.OnInstance: {"aws:dms/endpoint:Endpoint", "aws:dms/endpoint:Endpoint"},
		config.Serverless: {"aws:dms/endpoint:Endpoint", "aws:dms/endpoint:Endpoint", "aws:dms/replicationConfig:ReplicationConfig"},
	} {
		a := kinds(kind, "")
		a.Stop = func(context.Context, string) error { return errors.New("nothing changes") }
		var types []string
		for _, x := range run(t, a).Resources() {
			if len(x.BeforeUpdate) > 0 {
				types = append(types, x.Type)
			}
		}
		require.ElementsMatch(t, hooked, types)
	}
}
