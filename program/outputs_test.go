package program

import (
	"cdcpipeline/components/pipeline"
	"cdcpipeline/config"
	"cdcpipeline/internal/componenttest"
	"cdcpipeline/internal/outputs"
	"cdcpipeline/internal/table"
	"context"
	"encoding/json"
	"sync"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"
)

// read deploys a pipeline under mocks and reads its outputs as the operator's tool does.
func read(t *testing.T, cfg config.Config) outputs.Outputs {
	t.Helper()
	var mu sync.Mutex
	values := map[string]any{}
	componenttest.Run(t, func(ctx *pulumi.Context) error {
		archive := pulumi.NewAssetArchive(map[string]any{"bootstrap": pulumi.NewStringAsset("")})
		p, err := pipeline.New(ctx, "cdc", &pipeline.Args{Config: cfg, BootstrapCode: archive, RotationCode: archive, CurrentStateCode: archive})
		if err != nil {
			return err
		}
		all, err := describe(ctx, &Deployment{Pipeline: p, running: pulumi.String("").ToStringOutput()}, cfg.WithDefaults(), func(context.Context, string, []table.Pattern) ([]string, error) {
			return []string{"shop.added"}, nil
		})
		if err != nil {
			return err
		}
		all.Each(func(name string, value any) {
			pulumi.ToOutput(value).ApplyT(func(v any) error {
				mu.Lock()
				defer mu.Unlock()
				values[name] = v
				return nil
			})
		})
		return nil
	})
	printed, err := json.Marshal(values)
	require.NoError(t, err)
	o, err := outputs.Parse(printed)
	require.NoError(t, err)
	return o
}

func TestEveryOutputThatIsWrittenIsRead(t *testing.T) {
	o := read(t, config.Config{
		Source: config.Source{Conformance: true, RowsSince: config.RowsSince{"testdb.retail_trans": "2026-01-31T12:00:00Z"}},
		Lake:   config.Lake{Tables: config.LakeTables{Format: config.FormatIceberg}}, Replication: config.Replication{Next: config.Serverless},
	})

	outputs.Set[string, int, []string, map[string]string](o).Each(func(name string, value any) {
		require.NotEmpty(t, value, name)
	})
	require.Equal(t, []string{"testdb.retail_trans"}, o.Tables)
	require.Equal(t, componenttest.Region, o.Region)
	require.Equal(t, "cdc_conformance.%", o.ProbeTables)
	require.Equal(t, 9200, o.SearchTunnelPort)
	require.Equal(t, "cdc-tables-job", o.TablesJob)
	require.Equal(t, map[string]string{"testdb.retail_trans": "2026-01-31T12:00:00Z"}, o.RowsSince)
	require.Contains(t, o.ConsoleLinks["task"], "us-east-1.console.aws.amazon.com/dms")
}

func TestPartsThatAreLeftOutHaveEmptyOutputs(t *testing.T) {
	o := read(t, config.Config{
		Search: config.Search{Reach: config.ReachDirect, Current: config.CurrentState{Enabled: new(false)}},
		Lake:   config.Lake{Catalog: config.Catalog{Enabled: new(false)}},
	})
	require.Empty(t, o.BastionInstanceID+o.CurrentIndices+o.CurrentFunctionName+o.CurrentParkedPrefix+o.CurrentFailedPrefix+o.CatalogDatabase+o.AthenaWorkgroup+o.TablesJob+o.ProbeTables)
	require.NotEmpty(t, o.SearchURL)
}
