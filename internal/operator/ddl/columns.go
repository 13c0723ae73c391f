package ddl

import (
	"slices"
	"strings"
	"time"
)

// gone returns the columns that a table had at the last look and no longer has. It leaves out columns that are reported
// already. It returns none if there is no table or the names are unknown.
func (k Known) gone(now *Table) []string {
	if k.Table == nil || now == nil {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(k.Table.Names), func(name string) bool { return slices.Contains(now.Names, name) || k.tells(name) })
}

// tells reports whether a recorded change names a dropped column.
func (k Known) tells(column string) bool {
	return slices.ContainsFunc(k.Changes, func(c Change) bool { return slices.Contains(c.Columns, column) })
}

// named returns the table with the names of its columns. Earlier releases did not store names, so it takes the present
// ones.
func (t *Table) named(now *Table) *Table {
	if t == nil || now == nil || t.Names != nil {
		return t
	}
	with := *t
	with.Names = now.Names
	return &with
}

// columnsGone describes columns that were dropped or renamed between two times.
func columnsGone(names []string, after, before time.Time) Change {
	what := "DROP or RENAME of the column "
	if len(names) > 1 {
		what = "DROP or RENAME of the columns "
	}
	return Change{What: what + strings.Join(names, ", "), Columns: names, After: after, Before: before}
}

// Sighting holds the canary's observations of a table's columns. The canary looks once a minute, so it can see a change
// before the first look of `cdc status`.
type Sighting struct {
	// Seen is the last time when the canary found the columns changed.
	Seen time.Time `json:"seen"`
	// Columns are the columns that have gone since the table's load.
	Columns []string `json:"columns"`
}

// Missed returns a change that the canary saw and `cdc status` did not, or nil. before and after are the stored
// definitions before and after the latest look.
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
