package config

import (
	"cdcpipeline/internal/size"
	"fmt"
	"slices"
)

// Warnings lists risks of a valid configuration, by the model of `cdc size`. Each warning begins with its key and
// says what to do. The warnings depend only on the configuration, which does not say how many rows come. Call it
// after WithDefaults.
func (c Config) Warnings() []string {
	var all []string
	warn := func(key, format string, args ...any) { all = append(all, key+": "+fmt.Sprintf(format, args...)) }
	calls := 0
	for _, f := range c.Feeds() {
		calls += f.calls()
		f.warn(warn)
	}
	if calls > size.AccountCalls {
		warn("search.current.parallelization", "%d for each shard makes up to %d calls at once, but an account has %d by default: use less, use fewer shards, or ask AWS for more (`cdc preflight` shows your limit)",
			c.Search.Current.Parallelization, calls, size.AccountCalls)
	}
	c.warnOfShards(warn)
	return all
}

// calls returns how many calls of the function run at once. It is 0 if the configuration does not set the number
// of shards.
func (f Feed) calls() int {
	if !f.Search.Current.On() {
		return 0
	}
	return f.Stream.Shards * f.Search.Current.Parallelization
}

func (f Feed) warn(warn func(key, format string, args ...any)) {
	current := f.Search.Current
	if readers := size.Readers(*current.EnhancedFanOut); f.Stream.Shards > 0 && current.On() && readers*size.ShardBytes > size.ShardReadBytes {
		taken := float64(f.Stream.Shards) * size.ShardReadBytes / float64(readers) / 1e6
		warn(f.Key("stream.shards"), "%d shards accept %d MB a second, but their %d readers share 2 MB a second of each shard and read only %.1f MB: set search.current.enhancedFanOut to true, or use one and a half times as many shards",
			f.Stream.Shards, f.Stream.Shards, readers, taken)
	}
	named := 0
	for _, t := range f.Source.Tables {
		if _, one := t.pattern().One(); one {
			named++
		}
	}
	if at := size.Partitions(named); at > size.ActivePartitions {
		warn(f.Key("source.tables"), "%d tables need up to %d partitions of the lake's delivery when the hour changes, but a delivery has %d by default: ask AWS for more, or spread the tables over several sources", named, at, size.ActivePartitions)
	}
}

// warnOfShards warns of too many shards in a prod domain. It does not warn in dev, whose single node may exceed
// AWS's recommendation.
func (c Config) warnOfShards(warn func(key, format string, args ...any)) {
	i := slices.IndexFunc(size.Nodes, func(n size.Node) bool { return n.Type == c.Search.InstanceType })
	if c.Environment != Prod || !c.Search.On(OnDomain) || i < 0 {
		return
	}
	feeds, tables := c.Feeds(), 0
	for _, f := range feeds {
		if f.Search.Current.On() {
			tables += len(f.Source.Tables)
		}
	}
	most := size.ShardsPerHeapGiB * size.Nodes[i].HeapGiB()
	if has := size.ShardsOnNode(len(feeds), c.Search.HistoryRetentionDays, tables, c.Search.InstanceCount); has > most {
		warn("search.historyRetentionDays", "%d days of %s and the indices of %s put %.0f shards on each node, but AWS advises at most %.0f for the heap of %s: keep the history for fewer days (the lake keeps all of it), or use a larger search.instanceType",
			c.Search.HistoryRetentionDays, counted(len(feeds), "history", "histories"), counted(tables, "table", "tables"), has, most, c.Search.InstanceType)
	}
}

func counted(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
