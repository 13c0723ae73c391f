package program

import (
	"cdcpipeline/components/feed"
	"cdcpipeline/components/pipeline"
	"cdcpipeline/config"
	"cdcpipeline/internal/componenttest"
	"cdcpipeline/internal/outputs"
	"cdcpipeline/internal/table"
	"context"
	"encoding/json"
	"slices"
	"sync"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"
)

// read deploys a pipeline under mocks and reads its outputs as the operator's tool does.
func read(t *testing.T, cfg config.Config) outputs.Outputs {
	t.Helper()
	var mu sync.Mutex
	var told sync.WaitGroup // the program does not wait for an output that belongs to no resource
	values := map[string]any{}
	componenttest.Run(t, func(ctx *pulumi.Context) error {
		archive := pulumi.NewAssetArchive(map[string]any{"bootstrap": pulumi.NewStringAsset("")})
		p, err := pipeline.New(ctx, "cdc", &pipeline.Args{Config: cfg, Code: feed.Code{Bootstrap: archive, Rotation: archive, CurrentState: archive, Canary: archive}})
		if err != nil {
			return err
		}
		d := &Deployment{Pipeline: p}
		for range p.Feeds {
			d.running = append(d.running, pulumi.String("").ToStringOutput())
		}
		all, err := describe(ctx, d, cfg.WithDefaults(), func(context.Context, string, []table.Pattern) ([]string, error) {
			return []string{"shop.added"}, nil
		})
		if err != nil {
			return err
		}
		keep := func(in map[string]any) func(name string, value any) {
			return func(name string, value any) {
				told.Add(1)
				pulumi.ToOutput(value).ApplyT(func(v any) error {
					defer told.Done()
					mu.Lock()
					defer mu.Unlock()
					in[name] = v
					return nil
				})
			}
		}
		all.Each(keep(values))
		sources := map[string]any{}
		for name, of := range all.Sources {
			own := map[string]any{}
			of.Own(keep(own))
			sources[name] = own
		}
		if len(sources) > 0 {
			values["sources"] = sources
		}
		return nil
	})
	told.Wait()
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
	o.NextSearch = read(t, config.Config{Search: config.Search{Next: config.OnCollections}}).NextSearch // two moves at once are refused

	outputs.Set[string, int, []string, map[string]string](o).Each(func(name string, value any) {
		if slices.Contains([]string{"historyCollection", "currentCollection"}, name) {
			require.Empty(t, value, name)
			return
		}
		if name == "sourceDatabase" { // PostgreSQL only
			require.Empty(t, value, name)
			return
		}
		require.NotEmpty(t, value, name)
	})
	require.Equal(t, []string{"domain", o.SearchURL, o.SearchURL}, []string{o.SearchKind, o.HistoryEndpoint, o.CurrentEndpoint})
	require.Equal(t, []string{"testdb.retail_trans"}, o.Tables)
	require.Equal(t, componenttest.Region, o.Region)
	require.Equal(t, "cdc_conformance.%", o.ProbeTables)
	require.Equal(t, 9200, o.SearchTunnelPort)
	require.Equal(t, "cdc-tables-job", o.TablesJob)
	require.Equal(t, map[string]string{"testdb.retail_trans": "2026-01-31T12:00:00Z"}, o.RowsSince)
	require.Contains(t, o.ConsoleLinks["task"], "us-east-1.console.aws.amazon.com/dms")
}

func TestASourceTellsItsEngine(t *testing.T) {
	o := read(t, config.Config{Source: config.Source{Enabled: new(true)}, Sources: map[string]config.NamedSource{"orders": {Source: config.Source{Engine: config.EnginePostgreSQL}}}})
	orders, err := o.ForSource("orders")
	require.NoError(t, err)
	require.Equal(t, []string{"mysql", "", "postgresql", "testdb"}, []string{o.SourceEngine, o.SourceDatabase, orders.SourceEngine, orders.SourceDatabase})
}

func TestPartsThatAreLeftOutHaveEmptyOutputs(t *testing.T) {
	o := read(t, config.Config{
		Search: config.Search{Reach: config.ReachDirect, Current: config.CurrentState{Enabled: new(false)}},
		Lake:   config.Lake{Catalog: config.Catalog{Enabled: new(false)}},
	})
	require.Empty(t, o.BastionInstanceID+o.CurrentIndices+o.CurrentFunctionName+o.CurrentParkedPrefix+o.CurrentFailedPrefix+o.CatalogDatabase+o.AthenaWorkgroup+o.TablesJob+o.ProbeTables)
	require.NotEmpty(t, o.SearchURL)
}

func TestCollectionsHaveOutputsInPlaceOfADomains(t *testing.T) {
	o := read(t, config.Config{Search: config.Search{Kind: config.OnCollections, Reach: config.ReachDirect}})
	require.Equal(t, "serverless", o.SearchKind)
	require.Empty(t, o.SearchDomainName+o.SearchEndpoint+o.SearchURL+o.SearchMasterSecretArn+o.BastionInstanceID)
	require.Equal(t, []string{"retail-trans-history", "retail-trans-current"}, []string{o.HistoryCollection, o.CurrentCollection})
	require.Equal(t, "https://cdc-collections-history.us-east-1.aoss.amazonaws.com", o.HistoryEndpoint)
	require.Equal(t, "https://cdc-collections-current.us-east-1.aoss.amazonaws.com", o.CurrentEndpoint)
	require.Equal(t, o.HistoryEndpoint+"/_dashboards/", o.DashboardsURL)
	require.Equal(t, 9201, o.SearchTunnelPort)
}

func TestTheNextPlaceHasOutputsOfItsOwn(t *testing.T) {
	o := read(t, config.Config{Search: config.Search{Next: config.OnCollections}})
	require.Equal(t, "retail-trans", o.SearchDomainName)
	next, err := o.Next()
	require.NoError(t, err)
	alone := read(t, config.Config{Search: config.Search{Kind: config.OnCollections}})
	alone.SearchTunnelPort, alone.ConsoleLinks, alone.NextSearch, next.ConsoleLinks = next.SearchTunnelPort, nil, nil, nil
	require.Equal(t, alone, next, "they are those of the stack that has moved there")
	_, err = alone.Next()
	require.ErrorContains(t, err, "set search.next to the other kind")
}

func TestEachSourceHasOutputsOfItsOwn(t *testing.T) {
	named := config.NamedSource{Source: config.Source{Tables: []config.Table{{Database: "shop", Table: "orders"}}, SchemaFiles: []string{"outputs_test.go"}}}
	cfg := config.Config{
		Source:  config.Source{Enabled: new(true)},
		Sources: map[string]config.NamedSource{"orders": named, "billing": {}},
		Lake:    config.Lake{Tables: config.LakeTables{Format: config.FormatIceberg}},
	}.Named("dev")
	o := read(t, cfg)
	require.Len(t, o.All(), 3)
	orders, err := o.ForSource("orders")
	require.NoError(t, err)
	require.Equal(t, []string{"shop.orders"}, orders.Tables)
	require.Equal(t, []string{"raw/source=orders", "errors/source=orders", "orders-retail-trans", "retail_trans_stream_orders", "current-orders", "cdc-orders-tables-job"},
		[]string{orders.LakePrefix, orders.LakeErrorPrefix, orders.HistoryIndex, orders.StreamName, orders.CurrentRegistry, orders.TablesJob})
	require.Equal(t, "errors/source=orders/current/", orders.CurrentParkedPrefix)
	require.Contains(t, orders.TaskArn, "cdc-orders-replication-task")
	require.Equal(t, o.LakeBucket, orders.LakeBucket)
	require.Equal(t, []string{"raw", "retail-trans", "retail_trans_stream", "current"}, []string{o.LakePrefix, o.HistoryIndex, o.StreamName, o.CurrentRegistry})
}

func TestAStackOfNamedSourcesAloneHasNoOutputsOfAnUnnamedOne(t *testing.T) {
	o := read(t, config.Config{Source: config.Source{Enabled: new(false)}, Sources: map[string]config.NamedSource{"orders": {}}}.Named("dev"))
	require.Empty(t, o.SourceHost+o.StreamName+o.TaskArn+o.LakePrefix+o.HistoryIndex+o.CurrentRegistry)
	only, err := o.ForSource("")
	require.NoError(t, err)
	require.Equal(t, "orders raw/source=orders", only.Source+" "+only.LakePrefix)
}
