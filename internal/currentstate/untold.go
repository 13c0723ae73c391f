package currentstate

import (
	"cdcpipeline/internal/change"
	"cdcpipeline/internal/table"
	"slices"
)

// untold lists, by name, the columns that a PostgreSQL update omits and whose values are therefore unknown
// ([change.Record.Untold]).
func (f *Function) untold(e *entry, key []string, r *change.Record) []string {
	if !r.Untold(key) {
		return nil
	}
	row := r.Row()
	var columns []string
	lacks := func(name string) {
		if _, told := row.Get(name); !told {
			columns = append(columns, name)
		}
	}
	for name, t := range e.Columns {
		if f.outside(e.name(), name, t) {
			lacks(name)
		}
	}
	for _, name := range e.Unannounced {
		lacks(name)
	}
	slices.Sort(columns)
	return columns
}

// outside reports whether a column's values may be stored outside of their row. If the type comes only from DMS,
// this holds for all texts and exact numbers.
func (f *Function) outside(n table.Name, column string, t fieldType) bool {
	if declared, known := f.tables[n].Columns[column]; known {
		return change.Outside(declared)
	}
	return t == keyword || t == decimal
}
