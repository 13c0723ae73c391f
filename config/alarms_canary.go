package config

import (
	"fmt"
	"slices"
)

// CanaryTable is the table that every canary writes to. For PostgreSQL its database is a schema.
var CanaryTable = Table{Database: "cdc_canary", Table: "heartbeat"}

// canary reports whether a source has a canary. A canary needs the current index, because it looks there for the
// row that it wrote.
func (c Config) canary(of Source) bool {
	wanted := of.Bootstrap != BootstrapCheck
	if c.Alarms.Canary != nil {
		wanted = *c.Alarms.Canary
	}
	return wanted && c.Search.Current.On()
}

// Followed returns all tables that the task follows: the source's tables, the tables of cdc conformance, and the
// canary's table unless a pattern already matches it.
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
