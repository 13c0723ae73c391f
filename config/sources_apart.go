package config

import (
	"cdcpipeline/internal/table"
	"fmt"
	"slices"
	"strings"
)

// validateApart refuses settings that two sources must not share.
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

// validateBeside compares the source with another one: the unnamed source, or a named one before it.
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

// server returns the existing database's host in one spelling, or an empty text if the stack makes a cluster.
func (f Feed) server() string {
	if f.Source.Existing == nil || f.Source.Existing.Host == "" {
		return ""
	}
	return fmt.Sprintf("%s:%d", strings.TrimSuffix(strings.ToLower(f.Source.Existing.Host), "."), f.Source.Existing.Port)
}

// validateOnOneServer allows two tasks on one server only if no row belongs to both.
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

// followed returns all tables of the task.
func (s Source) followed() []Table { return slices.Concat(s.Tables, s.Probes()) }

// followedKey returns the key of the table with index i in followed.
func (f Feed) followedKey(i int) string {
	if i >= len(f.Source.Tables) {
		return f.Key("source.conformance")
	}
	return f.Key(fmt.Sprintf("source.tables[%d]", i))
}

// leavesOut reports whether an exclusion covers every table that t matches.
func (s Source) leavesOut(t Table) bool {
	return slices.ContainsFunc(s.Exclude, func(e ExcludedTable) bool { return e.pattern().Covers(t.pattern()) })
}

// inAthena lists the suffixes of the names that a table has in the lake's catalog: its rows, changes and records,
// its table, the next generation's table, and the rows that a view computes from the records.
var inAthena = []string{"", "_changes", "_records", "_table", "_next", "_raw"}

// validateInAthena refuses tables of two sources that would have the same name in Athena. For example, orders_x.y
// of the unnamed source and x.y of the source orders both become orders_x_y. The catalog makes names unique within
// one source only. If it did so across sources, a new source would rename tables of the unnamed one.
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

// validateControlInAthena refuses a table whose name in Athena is another source's table of control records.
func (f Feed) validateControlInAthena(p *problems, other Feed) {
	for i, t := range other.Source.Tables {
		if name := bothInAthena(f.Name+"_dms_control", other.athena(t)); f.Name != "" && name != "" {
			p.add(f.Key("source"), "its control records would get the name %s in Athena, and so would %s (%s): give the source another name", name, other.Key(fmt.Sprintf("source.tables[%d]", i)), t)
			return
		}
	}
}

// bothInAthena returns a name that both tables would have in the catalog, or an empty text.
func bothInAthena(one, other string) string {
	for _, end := range inAthena {
		if name := one + end; slices.ContainsFunc(inAthena, func(e string) bool { return other+e == name }) {
			return name
		}
	}
	return ""
}

// athena returns the table's name in the lake's catalog. For a pattern it returns an empty text, because its
// tables are unknown.
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
