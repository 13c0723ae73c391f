package config

import (
	"cdcpipeline/internal/table"
	"fmt"
	"slices"
	"strings"
)

// validateApart holds what two sources may not have in common.
func (c Config) validateApart(p *problems) {
	feeds := c.Feeds()
	for i, f := range feeds {
		for _, other := range feeds[:i] {
			f.validateBeside(p, other)
			if c.Lake.Catalog.On() {
				f.validateInAthena(p, other)
			}
		}
	}
	c.validateHistories(p)
}

// validateBeside another source, the unnamed one or one before it.
func (f Feed) validateBeside(p *problems, other Feed) {
	if a, b := f.Source, other.Source; a.Existing == nil && b.Existing == nil && a.ClusterName == b.ClusterName {
		p.add(f.Key("source.clusterName"), "%q is also %s: give each cluster a name of its own", a.ClusterName, other.Key("source.clusterName"))
	}
	if f.Stream.Name == other.Stream.Name {
		p.add(f.Key("stream.name"), "%q is also %s: give each source a stream of its own", f.Stream.Name, other.Key("stream.name"))
	}
	switch {
	case f.server() == "" || f.server() != other.server():
	case f.Source.Engine != other.Source.Engine:
		p.add(f.Key("source.engine"), "%s, but %s: %s is for the same server, %s, which can be only one of the two: give each source its own server", f.Source.Engine, other.Key("source.engine"), other.Source.Engine, f.server())
	case f.Source.DatabaseName == other.Source.DatabaseName:
		f.validateOnOneServer(p, other)
	}
}

// server is the database that exists, in one spelling; empty when a cluster is made.
func (f Feed) server() string {
	if f.Source.Existing == nil || f.Source.Existing.Host == "" {
		return ""
	}
	return fmt.Sprintf("%s:%d", strings.TrimSuffix(strings.ToLower(f.Source.Existing.Host), "."), f.Source.Existing.Port)
}

// validateOnOneServer: two tasks may follow one server, when each row is the one's or the other's.
func (f Feed) validateOnOneServer(p *problems, other Feed) {
	for i, a := range f.Source.followed() {
		for j, b := range other.Source.followed() {
			if a.pattern().Folded().Overlaps(b.pattern().Folded()) && !other.Source.leavesOut(a) && !f.Source.leavesOut(b) {
				p.add(f.followedKey(i), "%s and %s (%s) include the same tables of one database, %s, so both sources would carry the same rows: separate the patterns, or remove one of them", a, other.followedKey(j), b, f.server())
				return
			}
		}
	}
	if a, b := f.Source, other.Source; a.Bootstrap == BootstrapApply && b.Bootstrap == BootstrapApply && a.BinlogRetentionHours != b.BinlogRetentionHours {
		p.add(f.Key("source.binlogRetentionHours"), "%d, but %s: %d is for the same database, %s, so each deployment would set one value and then the other: give both the same value", a.BinlogRetentionHours, other.Key("source.binlogRetentionHours"), b.BinlogRetentionHours, f.server())
	}
}

// followed are all tables of the task.
func (s Source) followed() []Table { return slices.Concat(s.Tables, s.Probes()) }

// followedKey of one of them.
func (f Feed) followedKey(i int) string {
	if i >= len(f.Source.Tables) {
		return f.Key("source.conformance")
	}
	return f.Key(fmt.Sprintf("source.tables[%d]", i))
}

// leavesOut reports whether an exclusion covers all that t takes in.
func (s Source) leavesOut(t Table) bool {
	return slices.ContainsFunc(s.Exclude, func(e ExcludedTable) bool { return e.pattern().Covers(t.pattern()) })
}

// inAthena ends the names that a table has in the lake's catalog: its rows, changes and records, its table, the next one, and
// the rows that are worked out from the records.
var inAthena = []string{"", "_changes", "_records", "_table", "_next", "_raw"}

// validateInAthena: orders_x.y of the unnamed source would be orders_x_y, which x.y of the source orders is. Names of one
// source are made apart, and so were these: but then the unnamed source's would change when another source comes.
func (f Feed) validateInAthena(p *problems, other Feed) {
	f.validateControlInAthena(p, other)
	for i, a := range f.Source.Tables {
		for j, b := range other.Source.Tables {
			if f.athena(a) == "" || other.athena(b) == "" {
				continue
			}
			if name := bothInAthena(f.athena(a), other.athena(b)); name != "" {
				p.add(f.Key("source"), "%s (tables[%d]) would get the name %s in Athena, and so would %s (%s): give the source another name", a, i, name, other.Key(fmt.Sprintf("source.tables[%d]", j)), b)
				return
			}
		}
	}
}

// validateControlInAthena: the records that are about no row are a table too, behind the source's name. No table of a named source
// is called as those of another are.
func (f Feed) validateControlInAthena(p *problems, other Feed) {
	for i, t := range other.Source.Tables {
		if name := bothInAthena(f.Name+"_dms_control", other.athena(t)); f.Name != "" && name != "" {
			p.add(f.Key("source"), "its control records would get the name %s in Athena, and so would %s (%s): give the source another name", name, other.Key(fmt.Sprintf("source.tables[%d]", i)), t)
			return
		}
	}
}

// bothInAthena is a name that both of two tables have in the catalog; empty when there is none.
func bothInAthena(one, other string) string {
	for _, end := range inAthena {
		if name := one + end; slices.ContainsFunc(inAthena, func(e string) bool { return other+e == name }) {
			return name
		}
	}
	return ""
}

// athena is what a table is called in the lake's catalog; empty for a pattern, whose tables are not known yet.
func (f Feed) athena(t Table) string {
	one, given := t.pattern().One()
	if !given {
		return ""
	}
	name := table.Plain(one.Database) + "_" + table.Plain(one.Table)
	if f.Name != "" {
		name = f.Name + "_" + name
	}
	return name
}
