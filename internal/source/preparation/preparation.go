// Package preparation holds what preparing a database for DMS has in common for all engines: requests, findings,
// secrets, and the rules that select tables and columns.
package preparation

import (
	"cdcpipeline/internal/table"
	"fmt"
)

// Table names a table to follow, or several, with % for any text.
type Table struct {
	// Database is MySQL's database, or PostgreSQL's schema.
	Database string `json:"database"`
	Table    string `json:"table"`
}

// ColumnRule is a rule of the task for a table's columns.
type ColumnRule struct {
	Table Table `json:"table"`
	// Omit these from every record.
	Omit []string `json:"omit,omitempty"`
	// Filter rows by these.
	Filter []string `json:"filter,omitempty"`
}

// Script is SQL with a name for messages.
type Script struct {
	Name string `json:"name"`
	SQL  string `json:"sql"`
}

// String is database.table.
func (t Table) String() string { return t.Database + "." + t.Table }

// Wild reports whether t is a pattern.
func (t Table) Wild() bool {
	_, one := table.Pattern(t).One()
	return !one
}

// Matches reports whether a table is one of the pattern's.
func (t Table) Matches(name Table) bool {
	return table.Pattern(t).Matches(table.Name(name))
}

// Entry is a table in the configuration's syntax: database and table are quoted, because names may look like numbers
// and patterns may begin with a %.
func (t Table) Entry() string { return fmt.Sprintf("{database: %q, table: %q}", t.Database, t.Table) }

// Count writes a number of things in words.
func Count(n int, of string) string {
	if n != 1 {
		of += "s"
	}
	return fmt.Sprintf("%d %s", n, of)
}

// Free is the first name that is not taken: the name itself, or with a number after it.
func Free(name string, taken func(string) bool) string {
	next := name
	for n := 2; taken(next); n++ {
		next = fmt.Sprintf("%s_%d", name, n)
	}
	return next
}
