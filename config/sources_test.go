package config

import (
	"errors"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"gopkg.in/yaml.v3"
	"pgregory.net/rapid"
)

// parsed parses a stack's `config:` in the user's spelling.
func parsed(t testing.TB, stack, config string) Config {
	c, err := ParseFor(stack, stackValues(t, expand.Replace(config)), nil)
	require.NoError(t, err)
	return c
}

func feedsOf(c Config) (names []string) {
	for _, f := range c.Feeds() {
		names = append(names, f.Name)
	}
	return names
}

func TestAStackWithoutNamedSourcesHasItsOwnAsItIs(t *testing.T) {
	for _, c := range []Config{parsed(t, "dev", ``), parsed(t, "prod", `source: {enabled: true}`), Config{}.WithDefaults()} {
		require.Equal(t, []Feed{{Source: c.Source, Stream: c.Stream, Replication: c.Replication, Search: c.Search, Lake: c.Lake, Canary: true}}, c.Feeds())
	}
}

func TestTheUnnamedSourceComesFirstAndTheOthersByName(t *testing.T) {
	require.Equal(t, []string{"", "a", "b2", "orders"}, feedsOf(parsed(t, "dev", `{source: {enabled: true}, sources: {orders: {}, b2: {}, a: {}}}`)))
	require.Equal(t, []string{"", "orders"}, feedsOf(parsed(t, "dev", `{source: {instances: 2}, sources: {orders: {}}}`)), "a key of the section says that there is one")
}

func TestWithoutAnUnnamedSourceThereIsNoClusterOfIt(t *testing.T) {
	for _, stack := range []string{"dev", "blue"} {
		c := parsed(t, stack, `{source: {enabled: false}, sources: {orders: {}}}`)
		require.Equal(t, []string{"orders"}, feedsOf(c))
		require.Equal(t, Source{Enabled: new(false)}, c.Source)
		require.Equal(t, c, c.WithDefaults())
	}
}

func TestASourceHasNamesOfItsOwn(t *testing.T) {
	const both = `{source: {enabled: true}, sources: {orders: {}}}`
	named := func(c Config) []string {
		f := c.Feeds()[1]
		return []string{f.Source.ClusterName, f.Stream.Name, f.Search.HistoryIndex, f.Lake.Prefix, f.Lake.ErrorPrefix}
	}
	dev, prod := parsed(t, "dev", both), parsed(t, "prod", both)
	require.Equal(t, []string{"dms-src-orders", "retail_trans_stream_orders", "orders-retail-trans", "raw/source=orders", "errors/source=orders"}, named(dev))
	require.Equal(t, []string{"dms-src-prod-orders", "retail_trans_stream_prod_orders", "orders-retail-trans", "raw/source=orders", "errors/source=orders"}, named(prod))
	require.Equal(t, []string{"dms-src-prod", "retail_trans_stream_prod", "retail-trans", "raw", "errors"}, []string{prod.Source.ClusterName, prod.Stream.Name, prod.Search.HistoryIndex, prod.Lake.Prefix, prod.Lake.ErrorPrefix})
	set := parsed(t, "prod", `{source: {enabled: true}, sources: {orders: {clusterName: o, stream: {name: s}}}, search: {historyIndex: rows}, lake: {prefix: x/y, errorPrefix: e}}`)
	require.Equal(t, []string{"o", "s", "orders-rows", "x/y/source=orders", "e/source=orders"}, named(set))
	require.Empty(t, parsed(t, "prod", `{VPC, source: {enabled: true}, sources: {orders: {EXISTING}}}`).Sources["orders"].ClusterName, "there is no cluster")
}

func TestAKeyIsTheUsersOwn(t *testing.T) {
	named, unnamed := Feed{Name: "orders"}, Feed{}
	for key, want := range map[string]string{
		"source": "sources.orders", "source.tables[0].table": "sources.orders.tables[0].table", "stream.shards": "sources.orders.stream.shards", "replication": "sources.orders.replication",
	} {
		require.Equal(t, want, named.Key(key))
		require.Equal(t, key, unnamed.Key(key))
	}
}

func TestWhatASourceDoesNotSetIsAsInTheSections(t *testing.T) {
	c := parsed(t, "dev", `{source: {enabled: true}, stream: {shards: 3, retentionHours: 200},
replication: {instanceClass: dms.r6i.large, engineVersion: 3.5.4, storageGb: 70, multiAz: true, migrationType: cdc, lobMaxSizeKb: 8},
sources: {same: {}, own: {stream: {shards: 1}, replication: {storageGb: 90, multiAz: false, migrationType: full-load}}}}`)
	same, own := c.Sources["same"], c.Sources["own"]
	require.Equal(t, Stream{Name: "retail_trans_stream_same", Shards: 3, RetentionHours: 200}, same.Stream)
	require.Equal(t, c.Replication, same.Replication)
	require.Equal(t, Stream{Name: "retail_trans_stream_own", Shards: 1, RetentionHours: 200}, own.Stream)
	require.Equal(t, Replication{
		Kind: OnInstance, InstanceClass: "dms.r6i.large", EngineVersion: "3.5.4", StorageGb: 90, MultiAz: new(false), MigrationType: FullLoad, LobMaxSizeKb: 8,
	}, own.Replication)
}

func TestASourceOfAnotherKindHasNothingThatItsTaskHasNot(t *testing.T) {
	c := parsed(t, "dev", `{source: {enabled: true}, replication: {instanceClass: dms.r6i.large, multiAz: true}, sources: {orders: {replication: {kind: serverless}}}}`)
	require.Equal(t, Replication{Kind: Serverless, MaxDcu: 4, MinDcu: 1, MultiAz: new(true), MigrationType: FullLoadAndCDC, LobMaxSizeKb: 64}, c.Sources["orders"].Replication)
	c = parsed(t, "dev", `{source: {enabled: true}, replication: {kind: serverless, maxDcu: 8}, sources: {orders: {replication: {kind: instance, storageGb: 60}}, stock: {replication: {maxDcu: 1}}}}`)
	require.Equal(t, Replication{Kind: OnInstance, InstanceClass: "dms.t3.medium", EngineVersion: "3.6.1", StorageGb: 60, MultiAz: new(false), MigrationType: FullLoadAndCDC, LobMaxSizeKb: 64}, c.Sources["orders"].Replication)
	require.Equal(t, []int{1, 1}, []int{c.Sources["stock"].Replication.MaxDcu, c.Sources["stock"].Replication.MinDcu})
}

func TestASourceMovesWithTheOthersUnlessItSaysItsKind(t *testing.T) {
	c := parsed(t, "dev", `{source: {enabled: true}, replication: {next: serverless, maxDcu: 8, storageGb: 60},
sources: {moves: {}, moved: {replication: {kind: serverless}}, stays: {replication: {kind: instance}}}}`)
	require.Equal(t, c.Replication, c.Sources["moves"].Replication)
	moved, stays := c.Sources["moved"].Replication, c.Sources["stays"].Replication
	require.Equal(t, []any{Serverless, ReplicationKind(""), 8, 0}, []any{moved.Kind, moved.Next, moved.MaxDcu, moved.StorageGb})
	require.Equal(t, []any{OnInstance, ReplicationKind(""), 0, 60}, []any{stays.Kind, stays.Next, stays.MaxDcu, stays.StorageGb})
}

func TestNamingAndDefaultsLeaveTheirInputAlone(t *testing.T) {
	given := Config{Source: Source{Enabled: new(true)}, Sources: map[string]NamedSource{"orders": {}}}
	require.NotEmpty(t, given.Named("blue").Sources["orders"].ClusterName)
	require.NotEmpty(t, given.WithDefaults().Sources["orders"].Stream.RetentionHours)
	require.Equal(t, NamedSource{}, given.Sources["orders"])
}

func TestEverySourceOfEveryStackHasNamesThatAWSTakes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		stack := rapid.OneOf(rapid.StringMatching(`[A-Za-z0-9_.-]{1,100}`), rapid.StringMatching(`[A-Za-z0-9_.-]{40,100}`)).Draw(t, "stack")
		names := rapid.SliceOfNDistinct(rapid.StringMatching(`[b-z][a-z0-9]{14,15}`), 2, 4, rapid.ID).Draw(t, "sources")
		c := Config{Source: Source{Enabled: new(true)}, Sources: map[string]NamedSource{}}
		for _, name := range names {
			c.Sources[name] = NamedSource{}
		}
		require.NoError(t, c.Named(stack).WithDefaults().Validate())
	})
}

func TestDeletedRowsAreRememberedForTheLongestStream(t *testing.T) {
	for config, days := range map[string]int{
		``: 37,
		`{source: {enabled: true}, sources: {a: {stream: {retentionHours: 240}}, b: {}}}`:                          40,
		`{source: {enabled: true}, stream: {retentionHours: 240}, sources: {a: {}}}`:                               40,
		`{source: {enabled: false}, stream: {retentionHours: 240}, sources: {a: {stream: {retentionHours: 169}}}}`: 38,
	} {
		require.Equal(t, days, parsed(t, "dev", config).Lake.Tables.TombstoneDays, config)
	}
}

func TestTablesAreKeptOfSourcesThatNameThem(t *testing.T) {
	c := parsed(t, "dev", `{VPC, source: {EXISTING, tables: [{database: shop, table: "%"}]}, sources: {orders: {}}, lake: {tables: {format: iceberg}}}`)
	require.Equal(t, []bool{false, true, true}, []bool{c.Feeds()[0].KeepsTables(), c.Feeds()[1].KeepsTables(), c.KeepsTables()})
	c.Sources = nil
	require.False(t, c.KeepsTables())
	require.False(t, parsed(t, "dev", `{source: {enabled: true}, sources: {orders: {}}}`).KeepsTables())
}

func TestEverySourceTakesAddresses(t *testing.T) {
	for config, want := range map[string]int{
		``: 23,
		`{source: {enabled: false}, sources: {a: {}}}`:                                                       23,
		`{source: {enabled: true}, sources: {a: {}}}`:                                                        29,
		`{source: {enabled: true}, sources: {a: {instances: 3}, b: {replication: {next: serverless}}}}`:      39,
		`{VPC, source: {enabled: true}, search: {kind: serverless, next: domain}, sources: {a: {EXISTING}}}`: 31,
	} {
		require.Equal(t, want, parsed(t, "dev", config).SubnetNeeds(), config)
	}
}

func TestFilesOfEverySourceAreRead(t *testing.T) {
	c := parsed(t, "dev", `{source: {schemaFiles: [a.sql]}, sources: {orders: {schemaFiles: [b.sql, c.sql], caFile: d.pem}}}`)
	err := c.CheckFiles(func(name string) ([]byte, error) {
		if name == "b.sql" {
			return []byte("SELECT 1"), nil
		}
		return nil, errors.New("is not there")
	})
	require.EqualError(t, err, lines(
		"source.schemaFiles[0]: a.sql: is not there (paths are relative to the project's folder)",
		"sources.orders.schemaFiles[1]: c.sql: is not there (paths are relative to the project's folder)",
		"sources.orders.caFile: d.pem: is not there (paths are relative to the project's folder)"))
}

func TestAcceptedSources(t *testing.T) {
	for name, config := range map[string]string{
		"tables of one server, apart":            onOneServer(``, `, tables: [{database: shop, table: "%"}]`),
		"tables of one server, one left out":     onOneServer(`, tables: [{database: shop, table: "%"}], exclude: [{database: shop, table: "order%"}]`, `, tables: [{database: shop, table: orders}]`),
		"the same, the other way round":          onOneServer(`, tables: [{database: shop, table: orders}]`, `, tables: [{database: shop, table: "%"}], exclude: [{database: shop, table: "order%"}]`),
		"a retention of a server one only reads": `{VPC, source: {EXISTING}, sources: {orders: {existing: {host: db.example.com, securityGroupId: sg-01234567}, bootstrap: check, replicationSecretArn: SECRETARN, binlogRetentionHours: 48, tables: [{database: shop, table: orders}]}}}`,
		"the same tables of two servers":         `{VPC, source: {EXISTING}, sources: {orders: {existing: {host: db.example.com, port: 3307, secretArn: SECRETARN, securityGroupId: sg-01234567}}}}`,
		"names in Athena without a catalog":      `{VPC, source: {EXISTING, tables: [{database: orders_x, table: y}]}, sources: {orders: {tables: [{database: x, table: y}], schemaFiles: [a.sql]}}, lake: {catalog: {enabled: false}}}`,
		"a history with nobody to match it":      `{source: {enabled: false}, search: {historyIndex: orders}, sources: {orders: {}, stock: {}}}`,
		"numbers and booleans in quotes":         `{source: {enabled: "true"}, sources: {orders: {instances: "2", replication: {multiAz: "true"}}}}`,
		"twenty":                                 `{source: {enabled: true}, network: {cidr: 10.0.0.0/16}, sources: {TWENTY}}`,
		"no sources":                             `sources: {}`,
		"sources that are null":                  `sources: null`,
	} {
		t.Run(name, func(t *testing.T) { parsed(t, "dev", config) })
	}
	require.Equal(t, Config{}.WithDefaults().Source, parsed(t, "dev", `sources: {}`).Source)
}

func TestTheExamplesOfThePageAreValid(t *testing.T) {
	text, err := os.ReadFile(page)
	require.NoError(t, err)
	examples := regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllStringSubmatch(string(text), -1)
	require.Len(t, examples, 2)
	for _, example := range examples {
		var stack struct {
			Config map[string]any `yaml:"config"`
		}
		require.NoError(t, yaml.Unmarshal([]byte(strings.ReplaceAll(example[1], Namespace+":", "")), &stack))
		plain, err := yaml.Marshal(stack.Config)
		require.NoError(t, err)
		parsed(t, "prod", string(plain))
	}
}
