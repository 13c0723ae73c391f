// Package preparation is what preparing a database for DMS has of every engine: what is asked for, what was found, the secrets,
// and the rules by which tables and columns are followed.
package preparation

import (
	"cdcpipeline/internal/table"
	"fmt"
)

// Table names a table to follow, or with % for any text, several.
type Table struct {
	// Database is MySQL's; of PostgreSQL it is the schema.
	Database string `json:"database"`
	Table    string `json:"table"`
}

// ColumnRule is what the task does with columns of a table.
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

// Entry is a table as an entry of a list in the configuration: database and table in quotes, since names may look like
// numbers and patterns begin with a %.
func (t Table) Entry() string { return fmt.Sprintf("{database: %q, table: %q}", t.Database, t.Table) }

// Count is a number of things in words.
func Count(n int, of string) string {
	if n != 1 {
		of += "s"
	}
	return fmt.Sprintf("%d %s", n, of)
}

// Free is the name, or with a number behind it, the first that is not taken.
func Free(name string, taken func(string) bool) string {
	next := name
	for n := 2; taken(next); n++ {
		next = fmt.Sprintf("%s_%d", name, n)
	}
	return next
}
