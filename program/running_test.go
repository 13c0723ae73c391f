package program

import (
	"cdcpipeline/components/feed"
	"cdcpipeline/components/pipeline"
	"cdcpipeline/config"
	"cdcpipeline/internal/componenttest"
	"context"
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"
)

// deployed deploys a pipeline whose task is started by keep.
func deployed(t *testing.T, preview bool, keep keeper) error {
	t.Helper()
	return deployedWith(t, nil, preview, keep)
}

// deployedWith also has named sources.
func deployedWith(t *testing.T, sources map[string]config.NamedSource, preview bool, keep keeper) error {
	t.Helper()
	return pulumi.RunErr(func(ctx *pulumi.Context) error {
		archive := pulumi.NewAssetArchive(map[string]any{"bootstrap": pulumi.NewStringAsset("")})
		p, err := pipeline.New(ctx, "cdc", &pipeline.Args{
			Config: config.Config{Source: config.Source{Tables: []config.Table{{Database: "shop", Table: "orders"}}, SchemaFiles: []string{"running_test.go"}}, Sources: sources}.Named("dev"),
			Code:   feed.Code{Bootstrap: archive, Rotation: archive, CurrentState: archive, Canary: archive},
		})
		if err != nil {
			return err
		}
		d := &Deployment{Pipeline: p}
		for _, f := range p.Feeds {
			d.running = append(d.running, runTask(ctx, f, keep))
		}
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
	require.ErrorContains(t, err, "the replication task does not run: the task failed: no binlog\nfix this, then run `pulumi up` or `cdc start`")
}

func TestTheTaskOfEachSourceIsKeptAndTheOnesThatDoNotRunAreNamed(t *testing.T) {
	var mu sync.Mutex
	var kept []string
	err := deployedWith(t, map[string]config.NamedSource{"orders": {}, "billing": {}}, false, func(_ context.Context, arn, _ string, _ func(string)) error {
		mu.Lock()
		defer mu.Unlock()
		kept = append(kept, arn[strings.LastIndex(arn, ":")+1:])
		if strings.Contains(arn, "cdc-orders-") {
			return errors.New("access denied")
		}
		return nil
	})
	require.ElementsMatch(t, []string{"cdc-replication-task", "cdc-billing-replication-task", "cdc-orders-replication-task"}, kept)
	require.ErrorContains(t, err, "the replication task of the source orders does not run: access denied\nfix this, then run `pulumi up` or `cdc start --source orders`")
	require.NotContains(t, err.Error(), "task does not run")
}

func TestAPreviewStartsNothing(t *testing.T) {
	require.NoError(t, deployed(t, true, func(context.Context, string, string, func(string)) error { return errors.New("must not be asked") }))
}
