// Package ddl finds tables that a statement has emptied, replaced or dropped since they were loaded. DMS sends no
// record of TRUNCATE, DROP and RENAME TABLE, or of statements on partitions, so the removed rows stay in every sink,
// https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Source.MySQL.html#CHAP_Source.MySQL.Limitations.
//
// The package also finds columns that were dropped or renamed. A row that does not change afterwards has no new record,
// so it is still shown with its old columns.
//
// In MySQL, InnoDB gives each table and partition an id when it makes them. In PostgreSQL, each table has a file.
// [Store] keeps the state of a table at its load, and each look compares the table with it.
package ddl

import (
	"slices"
	"time"
)

// Table describes how a database has made a table.
type Table struct {
	// ID is InnoDB's id, or PostgreSQL's ids of the table and its file. It changes with TRUNCATE, with DROP and CREATE,
	// and with a swap by RENAME. An ALTER TABLE changes it only if it rebuilds the table. It is empty for a partitioned
	// table and for other engines.
	ID string `json:"id,omitempty"`
	// Created is information_schema.TABLES.CREATE_TIME in UTC. It is less exact than ID. It misses an older table that
	// is swapped in, and in MariaDB a TRUNCATE, but it changes with every ALTER.
	Created time.Time `json:"created"`
	// Columns is a digest of the columns as DMS sees them: names, types, nullability and collations, in order.
	Columns string `json:"columns"`
	// Names lists the columns that DMS carries, in order. It is nil if an earlier release stored the table.
	Names []string `json:"names,omitempty"`
	// Partitions lists the partitions in order.
	Partitions []Partition `json:"partitions,omitempty"`
}

// Partition is a partition of a table. Its ID has the form of a table's and covers all its subpartitions.
type Partition struct {
	Name string `json:"name"`
	ID   string `json:"id"`
}

// Statistics is what DMS reports of a table.
type Statistics struct {
	// Began and Loaded are the beginning and the end of the table's last load. Both are zero if the table was never
	// loaded.
	Began, Loaded time.Time
	// Ddls counts the DDL statements that DMS has read from the binlog. DMS counts ALTER and TRUNCATE TABLE, but not
	// DROP: https://github.com/kiwonyoon0701/DMS/blob/8b8eb3c/DDL-propagation/mysql-ddl.md.
	Ddls int64
}

// These texts describe the possible causes of a change.
const (
	Replaced = "TRUNCATE, DROP and CREATE, RENAME, or a rebuild (OPTIMIZE, VACUUM FULL)"
	Altered  = "an ALTER TABLE, or TRUNCATE, DROP and CREATE, RENAME (this is the first comparison)"
	Awaited  = "RENAME, DROP and CREATE, or an ALTER TABLE that DMS has not reached yet"
	Gone     = "DROP or RENAME"
)

// Change is a change to a table that left stale rows in the sinks. Those rows no longer exist in the source, or they
// still show a dropped column.
type Change struct {
	// What names the SQL statements that may have caused the change.
	What string `json:"what"`
	// Columns lists the dropped columns. It is empty if the change removed rows.
	Columns []string `json:"columns,omitempty"`
	// After and Before bound the time of the change.
	After  time.Time `json:"after"`
	Before time.Time `json:"before"`
}

// Known is the stored definition of a table.
type Known struct {
	// Loaded is the end of the load since which changes are recorded.
	Loaded time.Time `json:"loaded"`
	// Table is the definition at the time Seen, when a look last found a difference. Ddls is DMS's count at that time.
	// Table is nil if the table did not exist.
	Table *Table    `json:"table"`
	Seen  time.Time `json:"seen"`
	Ddls  int64     `json:"ddls"`
	// Unexplained is the time when a look first found other columns although DMS had counted no statement.
	Unexplained time.Time `json:"unexplained,omitzero"`
	// Changes lists the changes since the load.
	Changes []Change `json:"changes,omitempty"`
}

// Accepted returns the definition of a table that an operator has compared and accepts as loaded.
func Accepted(now *Table, s Statistics, at time.Time) Known {
	return Known{Loaded: s.Loaded, Table: now, Seen: at, Ddls: s.Ddls}
}

// settled is how long DMS may take to read an ALTER TABLE. If DMS has counted no statement by then, another statement
// changed the columns.
const settled = 10 * time.Minute

// Look compares the stored definition with the present table, which is nil if it does not exist. It returns the new
// definition and the changes to report. The zero Known stands for a table at which nobody has looked.
//
// If the table was rebuilt with other columns and DMS has counted a statement, the cause was an ALTER TABLE. Records
// tell of that, so Look reports no replacement.
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
	case k.Table == nil: // a change already records that it was gone
		return seen("")
	}
	what := k.Table.since(*now)
	counted := s.Ddls > k.Ddls || s.Ddls < k.Ddls && s.Ddls > 0 // a new task counts from 0
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

// change describes a change between the last look and this one. If the table was created in between, the change is not
// earlier than that.
func (k Known) change(what string, now *Table, at time.Time) Change {
	c := Change{What: what, After: k.Seen, Before: at}
	if now != nil && now.Created.After(c.After) && !now.Created.After(at) {
		c.After = now.Created
	}
	return c
}

// first handles the first look since a load. A table that was made before the load began has not been replaced since.
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
