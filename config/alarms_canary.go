package config

import (
	"fmt"
	"slices"
)

// CanaryTable is where a canary writes; of PostgreSQL its database is a schema.
var CanaryTable = Table{Database: "cdc_canary", Table: "heartbeat"}

// canary reports whether a source has one: it looks in the current index for what it has written.
func (c Config) canary(of Source) bool {
	wanted := of.Bootstrap != BootstrapCheck
	if c.Alarms.Canary != nil {
		wanted = *c.Alarms.Canary
	}
	return wanted && c.Search.Current.On()
}

// Followed are all tables of the task: those of the source, of cdc conformance, and the canary's, unless a pattern takes that in.
func (f Feed) Followed() []Table {
	all := slices.Concat(f.Source.Tables, f.Source.Probes())
	takesIn := func(t Table) bool { return t.pattern().Covers(CanaryTable.pattern()) }
	if f.Canary && !slices.ContainsFunc(all, takesIn) {
		all = append(all, CanaryTable)
	}
	return all
}

func (c Config) validateCanary(p *problems) {
	if wanted := c.Alarms.Canary; wanted != nil && *wanted && !c.Search.Current.On() {
		p.add("alarms.canary", "is true, but the canary looks for its row in the current index: set search.current.enabled to true, or remove this key")
	}
	for _, f := range c.Feeds() {
		for i, e := range f.Source.Exclude {
			if f.Canary && e.pattern().Overlaps(CanaryTable.pattern()) {
				p.add(f.Key(fmt.Sprintf("source.exclude[%d]", i)), "%s excludes %s, the canary's table: do not exclude it, or set alarms.canary to false", e.pattern(), CanaryTable)
			}
		}
	}
}
