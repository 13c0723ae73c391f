package change

import "fmt"

// Kind is what a source's server is. It says how the server's log is told in a stream-position, what a column means that a record
// lacks, and which types the columns have.
type Kind string

// The kinds of sources. An empty one is MySQL.
const (
	MySQL      Kind = "mysql" // MariaDB and Aurora MySQL too
	PostgreSQL Kind = "postgresql"
)

// Validate says what is wrong with a kind.
func (k Kind) Validate() error {
	switch k {
	case "", MySQL, PostgreSQL:
		return nil
	}
	return fmt.Errorf("%q is no kind of source: it is %s or %s", string(k), MySQL, PostgreSQL)
}

// Postgres reports whether the source is a PostgreSQL server.
func (k Kind) Postgres() bool { return k == PostgreSQL }

// Row is the whole row: after an insert or update, before a delete.
//
// An update of PostgreSQL lacks the values that it has left unchanged where they are stored outside of the row (TOAST,
// https://www.postgresql.org/docs/17/logicaldecoding-output-plugin.html); they are in the before-image of a table whose REPLICA
// IDENTITY is FULL. A column that is NULL is there, as null: the target endpoint has IncludeNullAndEmpty. A column that a record of
// MySQL lacks is NULL.
func (r *Record) Row() Row {
	if !r.Kind.Postgres() || r.Operation != Update || len(r.Before) == 0 {
		return r.Data
	}
	whole := r.Data
	for _, c := range r.Before {
		if _, told := r.Data.Get(c.Name); !told {
			if len(whole) == len(r.Data) {
				whole = append(make(Row, 0, len(r.Data)+len(r.Before)), r.Data...)
			}
			whole = append(whole, c)
		}
	}
	return whole
}

// Former is the row before an update, as far as the record has it; ok is false when it does not tell of one. Of PostgreSQL an empty
// before-image tells of none: an update that leaves the key as it was logs no former row, unless the table's REPLICA IDENTITY is FULL.
func (r *Record) Former() (row Row, ok bool) {
	if r.Operation != Update || r.Before == nil || r.Kind.Postgres() && len(r.Before) == 0 {
		return nil, false
	}
	return r.Before, true
}

// Untold reports whether an update of PostgreSQL may have left out values that it did not change: its before-image has nothing but
// the key, or there is none, so that a column which is in neither may have any value. A before-image with another column is of
// a table whose REPLICA IDENTITY is FULL, and has every value that the update lacks.
func (r *Record) Untold(key []string) bool {
	if !r.Kind.Postgres() || r.Operation != Update {
		return false
	}
	inKey := 0
	for _, name := range key {
		if _, ok := r.Before.Get(name); ok {
			inKey++
		}
	}
	return len(r.Before) == inKey
}
