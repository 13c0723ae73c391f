package change

import "fmt"

// Kind is the kind of a source's server. It determines the format of a stream-position, the meaning of a column that
// a record omits, and the column types.
type Kind string

// The kinds of sources. Empty means MySQL.
const (
	MySQL      Kind = "mysql" // MariaDB and Aurora MySQL too
	PostgreSQL Kind = "postgresql"
)

// Validate refuses an unknown kind.
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
// A PostgreSQL update omits unchanged values that are stored outside of the row (TOAST,
// https://www.postgresql.org/docs/17/logicaldecoding-output-plugin.html). With REPLICA IDENTITY FULL they are in the
// before-image. A NULL column is present as null, because the target endpoint has IncludeNullAndEmpty. In MySQL an
// omitted column is NULL.
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

// Former is the row before an update, as far as the record contains it; ok is false when it contains none. In
// PostgreSQL an empty before-image means none: an update that keeps the key logs no former row, unless the table's
// REPLICA IDENTITY is FULL.
func (r *Record) Former() (row Row, ok bool) {
	if r.Operation != Update || r.Before == nil || r.Kind.Postgres() && len(r.Before) == 0 {
		return nil, false
	}
	return r.Before, true
}

// Untold reports whether a PostgreSQL update may have omitted unchanged values. That is so when there is no
// before-image, or it contains only the key. A column in neither part may then have any value. A before-image with
// another column comes from a table with REPLICA IDENTITY FULL, and has every value that the update omits.
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
