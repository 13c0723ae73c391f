package config

import (
	"cdcpipeline/internal/naming"
	"cmp"
	"maps"
	"reflect"
	"slices"
	"strings"
)

// NamedSource is a further source. It has the keys of [Source], and a stream and a task of its own.
type NamedSource struct {
	Source
	// Stream is the stream of the source. A key that is not set has its value from the section stream, except the name. The default name
	// is retail_trans_stream, then the stack's name unless the stack is dev, then the source's name.
	Stream Stream `json:"stream" pulumi:"stream,optional"`
	// Replication is the task of the source. A key that is not set has its value from the section replication. A source that sets kind
	// does not take next from there.
	Replication Replication `json:"replication" pulumi:"replication,optional"`
}

// Feed is one source with what is its own, complete.
type Feed struct {
	// Name of the source; empty for the unnamed one.
	Name        string
	Source      Source
	Stream      Stream
	Replication Replication
	// Search has the source's own history index.
	Search Search
	// Lake has the source's own prefixes.
	Lake Lake
	// Canary says that the source has one.
	Canary bool
}

// Feeds returns the sources of the stack: first the unnamed one if it is enabled, then the others by name. Call it
// after WithDefaults.
func (c Config) Feeds() []Feed {
	var feeds []Feed
	if c.unnamed() {
		feeds = append(feeds, Feed{Source: c.Source, Stream: c.Stream, Replication: c.Replication, Search: c.Search, Lake: c.Lake, Canary: c.canary(c.Source)})
	}
	for _, name := range slices.Sorted(maps.Keys(c.Sources)) {
		s := c.Sources[name]
		feed := Feed{Name: name, Source: s.Source, Stream: s.Stream, Replication: s.Replication, Search: c.Search, Lake: c.Lake, Canary: c.canary(s.Source)}
		feed.Search.HistoryIndex = name + "-" + c.Search.HistoryIndex
		feed.Lake.Prefix += "/source=" + name
		feed.Lake.ErrorPrefix += "/source=" + name
		feeds = append(feeds, feed)
	}
	return feeds
}

// Key converts a key of the unnamed source into the key of this source. For a source named orders, source.tables
// becomes sources.orders.tables, and stream.shards becomes sources.orders.stream.shards.
func (f Feed) Key(key string) string {
	if f.Name == "" {
		return key
	}
	if key != "source" && !strings.HasPrefix(key, "source.") {
		key = "." + key
	}
	return "sources." + f.Name + strings.TrimPrefix(key, "source")
}

// KeepsTables reports whether the job keeps tables for this source. It keeps only tables that are given by name.
func (f Feed) KeepsTables() bool {
	return f.Lake.Tables.On() && slices.ContainsFunc(f.Source.Tables, func(t Table) bool {
		_, one := t.pattern().One()
		return one
	})
}

// SubnetNeeds returns the most addresses of one subnet that a source uses: three for each delivery into a domain
// or collection (https://docs.aws.amazon.com/firehose/latest/APIReference/API_VpcConfiguration.html), two for each
// task, because a new instance or capacity replaces the old one, and one for each instance of the cluster. Its
// functions share the network interfaces of all functions.
func (f Feed) SubnetNeeds() int {
	return 3*len(f.Search.Kinds()) + 2*len(f.Replication.Kinds()) + f.Source.Instances
}

// keysOf lists the given keys for each feed. The arguments are keys of the unnamed source.
func keysOf(feeds []Feed, keys ...string) string {
	var all []string
	for _, f := range feeds {
		for _, key := range keys {
			all = append(all, f.Key(key))
		}
	}
	return strings.Join(all, ", ")
}

// unnamed reports whether the stack has an unnamed source. It also works before WithDefaults.
func (c Config) unnamed() bool {
	return c.Source.On() || c.Source.Enabled == nil && !c.ambiguous()
}

// ambiguous reports whether the configuration has named sources but does not tell whether there is an unnamed one.
func (c Config) ambiguous() bool {
	return len(c.Sources) > 0 && reflect.ValueOf(c.Source).IsZero()
}

// namedSources returns the named sources with all defaults.
func (c Config) namedSources() map[string]NamedSource {
	all := maps.Clone(c.Sources)
	for name, s := range all {
		s = s.named(name)
		s.Source = s.Source.WithDefaults(c.Environment)
		s.Stream = s.Stream.over(c.Stream).WithDefaults(c.Environment)
		s.Replication = s.Replication.over(c.Replication).WithDefaults(c.Environment)
		all[name] = s
	}
	return all
}

// named appends the source's name to default names that must be unique in an account. parts are the parts of such
// a name; the last one is the source's.
func (s NamedSource) named(parts ...string) NamedSource {
	if s.Existing == nil && s.ClusterName == "" {
		s.ClusterName = naming.Fit(maxClusterName, append([]string{defaultClusterName}, parts...)...)
	}
	s.Stream.Name = cmp.Or(s.Stream.Name, fitStream(parts...))
	return s
}

// over fills unset values, except the name, from the section.
func (s Stream) over(section Stream) Stream {
	s.Shards = cmp.Or(s.Shards, section.Shards)
	s.RetentionHours = cmp.Or(s.RetentionHours, section.RetentionHours)
	return s
}

// over fills unset values from the section. It takes settings of a replication instance or of serverless capacity
// only if the source has a task of that kind.
func (s Replication) over(section Replication) Replication {
	if s.Kind == "" {
		s.Next = cmp.Or(s.Next, section.Next)
	}
	s.Kind = cmp.Or(s.Kind, section.Kind, OnInstance)
	for _, kind := range s.Kinds() {
		switch kind {
		case OnInstance:
			s.InstanceClass = cmp.Or(s.InstanceClass, section.InstanceClass)
			s.EngineVersion = cmp.Or(s.EngineVersion, section.EngineVersion)
			s.StorageGb = cmp.Or(s.StorageGb, section.StorageGb)
		case Serverless:
			s.MaxDcu = cmp.Or(s.MaxDcu, section.MaxDcu)
			s.MinDcu = cmp.Or(s.MinDcu, section.MinDcu)
		}
	}
	s.MultiAz = cmp.Or(s.MultiAz, section.MultiAz)
	s.MigrationType = cmp.Or(s.MigrationType, section.MigrationType)
	s.LobMaxSizeKb = cmp.Or(s.LobMaxSizeKb, section.LobMaxSizeKb)
	return s
}

// retentionHours returns the longest retention of all streams. Call it after the defaults of sources and streams.
func (c Config) retentionHours() int {
	longest := 0
	for _, f := range c.Feeds() {
		longest = max(longest, f.Stream.RetentionHours)
	}
	return longest
}
