package ddl

import (
	"slices"
	"strings"
	"time"
)

// gone are the columns that a table had when it was last seen, and has no longer, but for those that are told already. None when there is no
// table, or their names are not known.
func (k Known) gone(now *Table) []string {
	if k.Table == nil || now == nil {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(k.Table.Names), func(name string) bool { return slices.Contains(now.Names, name) || k.tells(name) })
}

// tells that a column is gone.
func (k Known) tells(column string) bool {
	return slices.ContainsFunc(k.Changes, func(c Change) bool { return slices.Contains(c.Columns, column) })
}

// named is a table with the names of its columns. What an earlier release has kept has none: they are taken for those of now.
func (t *Table) named(now *Table) *Table {
	if t == nil || now == nil || t.Names != nil {
		return t
	}
	with := *t
	with.Names = now.Names
	return &with
}

// columnsGone between two times.
func columnsGone(names []string, after, before time.Time) Change {
	what := "DROP or RENAME of the column "
	if len(names) > 1 {
		what = "DROP or RENAME of the columns "
	}
	return Change{What: what + strings.Join(names, ", "), Columns: names, After: after, Before: before}
}

// Sighting is what the canary has seen, once a minute, of a table's columns: at the first look of `cdc status` they may be gone already.
type Sighting struct {
	// Seen is when the table was last found otherwise than before.
	Seen time.Time `json:"seen"`
	// Columns that are gone since the table's load.
	Columns []string `json:"columns"`
}

// Missed is the change that a sighting tells of and a look has not: before is what was known at that look, and after it. Nil for none.
func (s Sighting) Missed(before, after Known) *Change {
	since := before.Seen
	if after.Loaded.After(since) {
		since = after.Loaded
	}
	if !s.Seen.After(since) {
		return nil
	}
	names := slices.DeleteFunc(slices.Clone(s.Columns), after.tells)
	if len(names) == 0 {
		return nil
	}
	c := columnsGone(names, since, s.Seen)
	return &c
}
