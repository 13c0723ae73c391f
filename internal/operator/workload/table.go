package workload

import (
	"cdcpipeline/internal/table"
	"strings"
)

// quoted writes a name for SQL.
func quoted(n table.Name) string { return quote(n.Database) + "." + quote(n.Table) }

func quote(identifier string) string {
	return "`" + strings.ReplaceAll(identifier, "`", "``") + "`"
}

// Table is what has to be known of a table to write into it.
type Table struct {
	Name table.Name
	// Columns in the table's order, without those that the database computes (GENERATED ALWAYS AS).
	Columns []Column
	// Key holds the indices in Columns of the primary key, in the key's order.
	Key []int
}

// Kind is what a column's values have in common.
type Kind int

// The kinds of columns. Unsupported ones (geometry, vectors, ...) stay NULL.
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
)

// Column of a table.
type Column struct {
	Name string
	Kind Kind
	// Nullable columns are NULL now and then.
	Nullable bool
	// AutoIncrement columns get their value from the database.
	AutoIncrement bool
	// Key says that the column is part of the primary key, Unique that it is part of another unique index.
	Key, Unique bool
	// Foreign says that the column refers to another table. It stays NULL.
	Foreign bool
	// Unsigned numbers have no values below 0.
	Unsigned bool
	// Bits of an Integer or Bit.
	Bits int
	// Precision in digits of a Decimal, Float or Double, or of the fraction of a second. 0: not given.
	Precision int
	// Scale in digits after the point; -1 for a Float or Double without one.
	Scale int
	// Length at most, in characters for Text, in bytes for Binary.
	Length int64
	// Bytes at most for a TEXT, whose limit is not in characters. 0: no such limit.
	Bytes int64
	// Fixed says that a Binary always has its full length.
	Fixed bool
	// Charset of a Text, e.g. utf8mb4.
	Charset string
	// Members of an Enum or Set.
	Members []string
}

// settable says whether a value other than NULL can be generated and changed later.
func (c Column) settable() bool { return c.Kind != Unsupported && !c.Foreign && !c.AutoIncrement }

// autoIncrement is the index of the AUTO_INCREMENT column, or -1. A table has at most one.
func (t *Table) autoIncrement() int {
	for i, c := range t.Columns {
		if c.AutoIncrement {
			return i
		}
	}
	return -1
}

// mutable lists the columns that an update may change: never the primary key.
func (t *Table) mutable() []int {
	var columns []int
	for i, c := range t.Columns {
		if c.settable() && !c.Key {
			columns = append(columns, i)
		}
	}
	return columns
}
