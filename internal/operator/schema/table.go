// Package schema reads the definitions and rows of tables in MySQL-compatible and PostgreSQL databases.
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

// Table is the part of a table's definition that the operator's packages need.
type Table struct {
	Name table.Name
	// Columns lists the columns in the table's order. It leaves out computed columns (GENERATED ALWAYS AS) and
	// invisible ones, which DMS does not carry,
	// https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Source.MySQL.html#CHAP_Source.MySQL.Limitations,
	// https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Source.PostgreSQL.html#CHAP_Source.PostgreSQL.Limitations.
	Columns []Column
	// Key holds the indices in Columns of the primary key's columns, in the key's order.
	Key []int
	// Engine is the database's engine. The methods write its SQL. The default is MySQL.
	Engine Engine
}

// Quoted returns the table's name for SQL.
func (t *Table) Quoted() string { return t.Quote(t.Name.Database) + "." + t.Quote(t.Name.Table) }

// Quote quotes an identifier for SQL.
func (t *Table) Quote(identifier string) string {
	if t.Engine == PostgreSQL {
		return quotePostgres(identifier)
	}
	return quote(identifier)
}

// Parameter returns the placeholder of the n-th value, counted from 1. The statement writes the value to the column or
// compares it with the column.
func (t *Table) Parameter(c Column, n int) string {
	if t.Engine == PostgreSQL {
		return c.parameterPostgres(n)
	}
	return "?"
}

// Equals returns a condition that compares the column with the n-th parameter, counted from 1. It casts a parameter for
// a DECIMAL, because MySQL would compare a decimal with a string as doubles
// (https://dev.mysql.com/doc/refman/8.0/en/type-conversion.html).
func (t *Table) Equals(c Column, n int) string {
	if t.Engine == MySQL && c.Kind == Decimal {
		return fmt.Sprintf("%s = CAST(? AS DECIMAL(%d,%d))", quote(c.Name), c.Precision, c.Scale)
	}
	return t.Quote(c.Name) + " = " + t.Parameter(c, n)
}

// selectExpression returns an expression whose result [Column.Canonical] can read.
func (t *Table) selectExpression(c Column) string {
	switch {
	case t.Engine == PostgreSQL:
		return c.selectPostgres()
	case c.Kind == Bit:
		return quote(c.Name) + "+0"
	}
	return quote(c.Name)
}

// Kind groups column types whose values are treated alike.
type Kind int

// These are the kinds of columns. For an Unsupported column (a vector, or a type of a later server) only NULL is
// understood.
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
	// Inet stands for MariaDB's INET4 and INET6.
	Inet
)

// Column is a column of a table.
type Column struct {
	Name string
	Kind Kind
	// Nullable is true if the column may be NULL.
	Nullable bool
	// AutoIncrement is true if the database generates the value: AUTO_INCREMENT, an identity, or a sequence.
	AutoIncrement bool
	// Key is true if the column is part of the primary key. Unique is true if it is part of another unique index.
	Key, Unique bool
	// Foreign is true if the column refers to another table.
	Foreign bool
	// Unsigned is true if the column has no values below 0.
	Unsigned bool
	// Bits is the number of bits of an Integer or Bit.
	Bits int
	// Precision is the number of digits, for a Decimal, Float or Double. For a time it is the number of digits after
	// the second. 0 means that the type gives none.
	Precision int
	// Scale is the number of digits after the point. It is -1 for a Float or Double without one.
	Scale int
	// Length is the greatest length, in characters for Text and in bytes for Binary. An Inet always has the full
	// length.
	Length int64
	// Bytes is the greatest number of bytes of a TEXT, whose limit is not in characters. 0 means no such limit.
	Bytes int64
	// Fixed is true if a Binary always has its full length.
	Fixed bool
	// Charset is the character set of a Text, such as utf8mb4.
	Charset string
	// Members lists the members of an Enum or Set.
	Members []string
	// Type is PostgreSQL's name of the type, such as numeric(10,2). It is empty for MySQL.
	Type string
}
