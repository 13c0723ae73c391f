// Package ddl finds the tables that a statement has emptied, replaced or dropped since they were loaded. DMS sends no record
// of TRUNCATE, DROP and RENAME TABLE, and of statements on partitions: rows that went with one stay in every sink,
// https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Source.MySQL.html#CHAP_Source.MySQL.Limitations. And it finds the columns that were
// dropped or renamed: whatever records tell of that, a row that does not change afterwards has none, and is shown as it was.
//
// MySQL tells by the identity that InnoDB gives a table, and each partition, when it makes them, PostgreSQL by the file that holds the table. What a table was at
// its load is kept ([Store]), and compared whenever somebody looks.
package ddl

import (
	"slices"
	"time"
)

// Table is how a database has made a table.
type Table struct {
	// ID is InnoDB's, or PostgreSQL's of the table and its file. TRUNCATE, DROP and CREATE, and a swap by RENAME give a name another one; so does an ALTER TABLE that
	// rebuilds, and no other ALTER. Empty for a partitioned table, and one of another engine.
	ID string `json:"id,omitempty"`
	// Created is information_schema.TABLES.CREATE_TIME, in UTC. It tells less: not of an older table that is swapped in, and
	// in MariaDB not of a TRUNCATE, but of every ALTER.
	Created time.Time `json:"created"`
	// Columns is a digest of the columns as DMS sees them: names, types, nullability, collations, in their order.
	Columns string `json:"columns"`
	// Names of the columns that DMS carries, in their order; nil in what an earlier release has kept.
	Names []string `json:"names,omitempty"`
	// Partitions in their order.
	Partitions []Partition `json:"partitions,omitempty"`
}

// Partition of a table; ID as a table's, of all its subpartitions.
type Partition struct {
	Name string `json:"name"`
	ID   string `json:"id"`
}

// Statistics is what DMS says of a table.
type Statistics struct {
	// Began and Loaded are the beginning and the end of its last load; zero for a table that was never loaded.
	Began, Loaded time.Time
	// Ddls that DMS has taken from the binlog. It counts ALTER and TRUNCATE TABLE, and no DROP:
	// https://github.com/kiwonyoon0701/DMS/blob/8b8eb3c/DDL-propagation/mysql-ddl.md.
	Ddls int64
}

// What a change may have been.
const (
	Replaced = "TRUNCATE, DROP and CREATE, RENAME, or a rebuild (OPTIMIZE, VACUUM FULL)"
	Altered  = "an ALTER TABLE, or TRUNCATE, DROP and CREATE, RENAME (this is the first comparison)"
	Awaited  = "RENAME, DROP and CREATE, or an ALTER TABLE that DMS has not reached yet"
	Gone     = "DROP or RENAME"
)

// Change of a table after which rows are shown that are no more, or as they were before.
type Change struct {
	// What it may have been: statements of SQL.
	What string `json:"what"`
	// Columns that are gone; empty for a change that took rows away.
	Columns []string `json:"columns,omitempty"`
	// After and Before are the times between which it was.
	After  time.Time `json:"after"`
	Before time.Time `json:"before"`
}

// Known is the stored definition of a table.
type Known struct {
	// Loaded is the end of the load since which changes are noted.
	Loaded time.Time `json:"loaded"`
	// Table as it was at Seen, the look at which it was last found otherwise than before, with what DMS had counted then;
	// nil when it was not there.
	Table *Table    `json:"table"`
	Seen  time.Time `json:"seen"`
	Ddls  int64     `json:"ddls"`
	// Unexplained is when the table was first seen with other columns while DMS had counted no statement.
	Unexplained time.Time `json:"unexplained,omitzero"`
	// Changes since the load.
	Changes []Change `json:"changes,omitempty"`
}

// Accepted is the definition of a table that an operator has compared and accepts as loaded.
func Accepted(now *Table, s Statistics, at time.Time) Known {
	return Known{Loaded: s.Loaded, Table: now, Seen: at, Ddls: s.Ddls}
}

// settled is how long DMS may take to come to an ALTER TABLE before a change of columns is held for another statement's.
const settled = 10 * time.Minute

// Look at a table as it is now, nil when there is none: what is known of it from now on, and the changes to tell of. The
// zero Known is that of a table at which nobody has looked.
//
// A table that was made anew with other columns, while DMS has counted a statement, was altered, which records tell.
func Look(k Known, now *Table, s Statistics, at time.Time) (Known, []Change) {
	if k.Seen.IsZero() || !k.Loaded.Equal(s.Loaded) {
		return first(now, s, at)
	}
	k.Table = k.Table.named(now)
	seen := func(what string) (Known, []Change) {
		k.Changes = slices.Clip(k.Changes)
		if what != "" {
			k.Changes = append(k.Changes, k.change(what, now, at))
		}
		if gone := k.gone(now); len(gone) > 0 && what != Replaced {
			k.Changes = append(k.Changes, columnsGone(gone, k.Seen, at))
		}
		k.Table, k.Seen, k.Ddls, k.Unexplained = now, at, s.Ddls, time.Time{}
		return k, k.Changes
	}
	switch {
	case now == nil && k.Table == nil:
		return k, k.Changes
	case now == nil:
		return seen(Gone)
	case k.Table == nil: // that it was gone is noted already
		return seen("")
	}
	what := k.Table.since(*now)
	counted := s.Ddls > k.Ddls || s.Ddls < k.Ddls && s.Ddls > 0 // a task that begins anew counts from 0
	switch {
	case what == "" && k.Table.equal(*now) && k.Unexplained.IsZero():
		return k, k.Changes
	case what == "", what == Replaced && k.Table.Columns != now.Columns && counted:
		return seen("")
	case what != Replaced || k.Table.Columns == now.Columns:
		return seen(what)
	case k.Unexplained.IsZero():
		k.Unexplained = at
	case at.Sub(k.Unexplained) > settled:
		return seen(Replaced)
	}
	return k, append(slices.Clip(k.Changes), k.change(Awaited, now, at))
}

// change between the last look and this one. A table that was made in between was not there before.
func (k Known) change(what string, now *Table, at time.Time) Change {
	c := Change{What: what, After: k.Seen, Before: at}
	if now != nil && now.Created.After(c.After) && !now.Created.After(at) {
		c.After = now.Created
	}
	return c
}

// first is the first look since a load. A table that was made before the load began has not been replaced since.
func first(now *Table, s Statistics, at time.Time) (Known, []Change) {
	k := Accepted(now, s, at)
	switch {
	case now == nil:
		k.Changes = []Change{{What: Gone, After: s.Loaded, Before: at}}
	case s.Began.IsZero() || !now.Created.After(s.Began):
	case s.Ddls == 0:
		k.Changes = []Change{{What: Replaced, After: now.Created, Before: at}}
	default:
		k.Changes = []Change{{What: Altered, After: now.Created, Before: at}}
	}
	return k, k.Changes
}

func (t Table) equal(o Table) bool {
	return t.ID == o.ID && t.Created.Equal(o.Created) && t.Columns == o.Columns && slices.Equal(t.Partitions, o.Partitions)
}

// since says which statement changed a table. It is empty if none did, or if no rows were removed.
func (t Table) since(now Table) string {
	if len(t.Partitions) > 0 && len(now.Partitions) > 0 {
		return repartitioned(t.Partitions, now.Partitions)
	}
	same := t.ID == now.ID
	if t.ID == "" || now.ID == "" {
		same = t.Created.Equal(now.Created) && len(t.Partitions) == len(now.Partitions)
	}
	if same {
		return ""
	}
	return Replaced
}
