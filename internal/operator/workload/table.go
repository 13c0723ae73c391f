package workload

import (
	"cdcpipeline/internal/operator/schema"
	"cdcpipeline/internal/table"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
)

// load reads a table. It refuses a table for which no row can be generated.
func load(ctx context.Context, db *sql.DB, name table.Name) (*schema.Table, error) {
	t, err := schema.Load(ctx, db, name)
	if err != nil {
		return nil, err
	}
	return t, writable(t)
}

// writable refuses a table in which generated changes would fail.
func writable(t *schema.Table) error {
	var problems []error
	for _, c := range t.Columns {
		switch {
		case c.Nullable && !c.Key:
		case c.Foreign:
			problems = append(problems, fmt.Errorf("column %s refers to another table and cannot be NULL, but this command does not follow foreign keys", c.Name))
		case !generated(c.Kind):
			problems = append(problems, fmt.Errorf("column %s has a type without a generator and cannot be NULL", c.Name))
		}
	}
	if len(problems) == 0 {
		return nil
	}
	return fmt.Errorf("the command cannot make a row for %s: %w; name another table with --table (`cdc verify --deep` can still compare this one)", t.Name, errors.Join(problems...))
}

// generated reports whether values of a kind can be generated.
func generated(k schema.Kind) bool {
	return !slices.Contains([]schema.Kind{schema.Unsupported, schema.Spatial, schema.Inet}, k)
}

// settable reports whether a value other than NULL can be generated and changed later.
func settable(c schema.Column) bool { return generated(c.Kind) && !c.Foreign && !c.AutoIncrement }

// autoIncrement returns the index of the AUTO_INCREMENT column, or -1. A table has at most one.
func autoIncrement(t *schema.Table) int {
	return slices.IndexFunc(t.Columns, func(c schema.Column) bool { return c.AutoIncrement })
}

// mutable lists the columns that an update may change: never the primary key.
func mutable(t *schema.Table) []int {
	var columns []int
	for i, c := range t.Columns {
		if settable(c) && !c.Key {
			columns = append(columns, i)
		}
	}
	return columns
}
