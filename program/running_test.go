package program

import (
	"cdcpipeline/components/pipeline"
	"cdcpipeline/config"
	"cdcpipeline/internal/componenttest"
	"context"
	"errors"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"
)

// deployed deploys a pipeline whose task is kept running by keep.
func deployed(t *testing.T, preview bool, keep keeper) error {
	t.Helper()
	return pulumi.RunErr(func(ctx *pulumi.Context) error {
		archive := pulumi.NewAssetArchive(map[string]any{"bootstrap": pulumi.NewStringAsset("")})
		p, err := pipeline.New(ctx, "cdc", &pipeline.Args{
			Config:        config.Config{Source: config.Source{Tables: []config.Table{{Database: "shop", Table: "orders"}}, SchemaFiles: []string{"running_test.go"}}},
			BootstrapCode: archive, RotationCode: archive, CurrentStateCode: archive,
		})
		if err != nil {
			return err
		}
		d := &Deployment{Pipeline: p, running: runTask(ctx, p, keep)}
		return d.TaskRuns(ctx)
	}, pulumi.WithMocks("project", "stack", &componenttest.Recorder{}), func(r *pulumi.RunInfo) { r.DryRun = preview })
}

func TestADeploymentEndsWhenTheTaskRuns(t *testing.T) {
	kept := ""
	require.NoError(t, deployed(t, false, func(_ context.Context, arn, next string, _ func(string)) error {
		kept = arn + next
		return nil
	}))
	require.Regexp(t, `:task:cdc-replication-task$`, kept, "there is no next task")
}

func TestADeploymentFailsWhenTheTaskDoesNotRun(t *testing.T) {
	err := deployed(t, false, func(context.Context, string, string, func(string)) error {
		return errors.New("the task failed: no binlog")
	})
	require.ErrorContains(t, err, "the replication task does not run: the task failed: no binlog\nmend that, then `pulumi up` or `cdc start`")
}

func TestAPreviewStartsNothing(t *testing.T) {
	require.NoError(t, deployed(t, true, func(context.Context, string, string, func(string)) error { return errors.New("must not be asked") }))
}
