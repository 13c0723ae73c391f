package config_test

import (
	"cdcpipeline/config"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
)

func tables(n int) []config.Table {
	all := make([]config.Table, n)
	for i := range all {
		all[i] = config.Table{Database: "shop", Table: fmt.Sprintf("t%d", i)}
	}
	return all
}

func TestDefaultsAreNotWarnedOf(t *testing.T) {
	for _, environment := range []config.Environment{config.Dev, config.Prod} {
		require.Empty(t, config.Config{Environment: environment}.WithDefaults().Warnings(), environment)
	}
}

func TestWhatIsValidAndTooSmallIsWarnedOf(t *testing.T) {
	orders := config.NamedSource{Source: config.Source{Tables: tables(251), SchemaFiles: []string{"shop.sql"}}, Stream: config.Stream{Shards: 3}}
	for _, c := range []struct {
		what   string
		config config.Config
		says   []string
	}{
		{
			"readers that share shards",
			config.Config{Stream: config.Stream{Shards: 4}},
			[]string{"stream.shards: 4 shards accept 4 MB a second, but their 3 readers share 2 MB a second of each shard and read only 2.7 MB: set search.current.enhancedFanOut to true, or use one and a half times as many shards"},
		},
		{"a reader of its own", config.Config{Stream: config.Stream{Shards: 4}, Search: config.Search{Current: config.CurrentState{EnhancedFanOut: new(true)}}}, nil},
		{"no function", config.Config{Stream: config.Stream{Shards: 4}, Search: config.Search{Current: config.CurrentState{Enabled: new(false)}}}, nil},
		{
			"calls",
			config.Config{Environment: config.Prod, Stream: config.Stream{Shards: 101}, Search: config.Search{Current: config.CurrentState{Parallelization: 10}}},
			[]string{"search.current.parallelization: 10 for each shard makes up to 1010 calls at once, but an account has 1000 by default: use less, use fewer shards, or ask AWS for more (`cdc preflight` shows your limit)"},
		},
		{
			"a history that is kept for long",
			config.Config{Environment: config.Prod, Search: config.Search{HistoryRetentionDays: 120}},
			[]string{"search.historyRetentionDays: 120 days of 1 history and the indices of 1 table put 241 shards on each node, but AWS advises at most 200 for the heap of r7g.large.search: keep the history for fewer days (the lake keeps all of it), or use a larger search.instanceType"},
		},
		{
			"a named source",
			config.Config{Source: config.Source{Enabled: new(false)}, Sources: map[string]config.NamedSource{"orders": orders}},
			[]string{
				"sources.orders.stream.shards: 3 shards accept 3 MB a second, but their 3 readers share 2 MB a second of each shard and read only 2.0 MB: set search.current.enhancedFanOut to true, or use one and a half times as many shards",
				"sources.orders.tables: 251 tables need up to 502 partitions of the lake's delivery when the hour changes, but a delivery has 500 by default: ask AWS for more, or spread the tables over several sources",
			},
		},
		{"patterns, of which nobody knows how many tables they are", config.Config{Source: config.Source{Tables: []config.Table{{Database: "shop", Table: "%"}}, SchemaFiles: []string{"shop.sql"}}}, nil},
	} {
		complete := c.config.WithDefaults()
		require.NoError(t, complete.Validate(), c.what)
		require.Equal(t, c.says, complete.Warnings(), c.what)
	}
}
