package program

import (
	"cdcpipeline/components/feed"
	"cdcpipeline/components/pipeline"
	"cdcpipeline/config"
	"cdcpipeline/internal/componenttest"
	"cdcpipeline/internal/table"
	"context"
	"errors"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"
)

// notLoaded deploys a pipeline with two tables and returns the output; asked tells whether DMS was called.
func notLoaded(t *testing.T, preview bool, answer []string, failure error) (output []string, asked bool) {
	t.Helper()
	tables := []config.Table{{Database: "testdb", Table: "retail_trans"}, {Database: "shop", Table: "%"}}
	known := false
	require.NoError(t, pulumi.RunErr(func(ctx *pulumi.Context) error {
		archive := pulumi.NewAssetArchive(map[string]any{"bootstrap": pulumi.NewStringAsset("")})
		cfg := config.Config{Source: config.Source{Tables: tables, SchemaFiles: []string{"unloaded_test.go"}}}
		p, err := pipeline.New(ctx, "cdc", &pipeline.Args{Config: cfg, Code: feed.Code{Bootstrap: archive, Rotation: archive, CurrentState: archive, Canary: archive}})
		if err != nil {
			return err
		}
		tablesNotLoaded(ctx, p.Feeds[0], pulumi.String("").ToStringOutput(), func(_ context.Context, taskArn string, followed []table.Pattern) ([]string, error) {
			asked = true
			require.Contains(t, taskArn, ":task:cdc-replication-task")
			require.Equal(t, []table.Pattern{{Database: "testdb", Table: "retail_trans"}, {Database: "shop", Table: "%"}}, followed)
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
	output, asked := notLoaded(t, false, []string{"shop.added"}, nil)
	require.True(t, asked)
	require.Equal(t, []string{"shop.added"}, output)
}

func TestAPreviewAsksDMSNothing(t *testing.T) {
	_, asked := notLoaded(t, true, nil, nil)
	require.False(t, asked)
}

func TestADeploymentDoesNotFailWhenDMSDoesNotAnswer(t *testing.T) {
	output, _ := notLoaded(t, false, nil, errors.New("throttled"))
	require.Empty(t, output)
}
