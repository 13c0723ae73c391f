// Package schema reads the definitions and rows of tables of a MySQL-compatible database or of PostgreSQL.
//
// It reads every table. It returns [ErrNoKey] for a table without a primary key that records carry, because nothing
// distinguishes its rows. Package workload, which writes rows, has stricter checks.
package schema

import (
	"cdcpipeline/internal/table"
	"fmt"
	"strings"
)

// quote writes an identifier for MySQL.
func quote(identifier string) string {
	return "`" + strings.ReplaceAll(identifier, "`", "``") + "`"
}

// Table is the definition of a table, as far as it is needed here.
type Table struct {
	Name table.Name
	// Columns in the table's order, without those that DMS does not carry: computed ones (GENERATED ALWAYS AS) and invisible
	// ones, https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Source.MySQL.html#CHAP_Source.MySQL.Limitations,
	// https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Source.PostgreSQL.html#CHAP_Source.PostgreSQL.Limitations.
	Columns []Column
	// Key holds the indices in Columns of the primary key, in the key's order.
	Key []int
	// Engine of the database, whose SQL the methods write. Default MySQL.
	Engine Engine
}

// Quoted is the table's name for SQL.
func (t *Table) Quoted() string { return t.Quote(t.Name.Database) + "." + t.Quote(t.Name.Table) }

// Quote writes an identifier for SQL.
func (t *Table) Quote(identifier string) string {
	if t.Engine == PostgreSQL {
		return quotePostgres(identifier)
	}
	return quote(identifier)
}

// Parameter is the place of the n-th value, from 1, in a statement that writes it into the column, or compares it with the column.
func (t *Table) Parameter(c Column, n int) string {
	if t.Engine == PostgreSQL {
		return c.parameterPostgres(n)
	}
	return "?"
}

// Equals compares the column with the n-th parameter, from 1. A decimal that MySQL compares with a string is compared as a double
// (https://dev.mysql.com/doc/refman/8.0/en/type-conversion.html).
func (t *Table) Equals(c Column, n int) string {
	if t.Engine == MySQL && c.Kind == Decimal {
		return fmt.Sprintf("%s = CAST(? AS DECIMAL(%d,%d))", quote(c.Name), c.Precision, c.Scale)
	}
	return t.Quote(c.Name) + " = " + t.Parameter(c, n)
}

// selectExpression reads the column so that [Column.Canonical] understands what comes back.
func (t *Table) selectExpression(c Column) string {
	switch {
	case t.Engine == PostgreSQL:
		return c.selectPostgres()
	case c.Kind == Bit:
		return quote(c.Name) + "+0"
	}
	return quote(c.Name)
}

// Kind is what a column's values have in common.
type Kind int

// The kinds of columns. Of Unsupported ones (vectors, whatever comes with a later server) only NULL is understood.
const (
	Unsupported Kind = iota
	Integer
	Decimal
	Float
	Double
	Bool
	Bit
	Date
	DateTime
	Timestamp
	Time
	Year
	Text
	Binary
	Enum
	Set
	JSON
	UUID
	// Spatial values are bytes: an SRID of four bytes and WKB, https://dev.mysql.com/doc/refman/8.0/en/gis-data-formats.html.
	Spatial
	// Inet is MariaDB's INET4 or INET6.
	Inet
)

// Column of a table.
type Column struct {
	Name string
	Kind Kind
	// Nullable columns are NULL now and then.
	Nullable bool
	// AutoIncrement columns get their value from the database: AUTO_INCREMENT, an identity, a sequence.
	AutoIncrement bool
	// Key says that the column is part of the primary key, Unique that it is part of another unique index.
	Key, Unique bool
	// Foreign says that the column refers to another table.
	Foreign bool
	// Unsigned numbers have no values below 0.
	Unsigned bool
	// Bits of an Integer or Bit.
	Bits int
	// Precision in digits of a Decimal, Float or Double, or of the fraction of a second. 0: not given.
	Precision int
	// Scale in digits after the point; -1 for a Float or Double without one.
	Scale int
	// Length at most, in characters for Text, in bytes for Binary; of an Inet always.
	Length int64
	// Bytes at most for a TEXT, whose limit is not in characters. 0: no such limit.
	Bytes int64
	// Fixed says that a Binary always has its full length.
	Fixed bool
	// Charset of a Text, e.g. utf8mb4.
	Charset string
	// Members of an Enum or Set.
	Members []string
	// Type in PostgreSQL's words, e.g. numeric(10,2); empty for MySQL.
	Type string
}
