package workload

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
)

// Preparer is a *sql.DB, *sql.Tx or *sql.Conn.
type Preparer interface {
	PrepareContext(ctx context.Context, query string) (*sql.Stmt, error)
}

// Page reads up to limit rows in the order of the primary key: those after a row, or the first ones when it is nil.
// Values are as [Column.Canonical] takes them; floating-point numbers are exact.
func (t *Table) Page(ctx context.Context, db Preparer, after []sql.NullString, limit int) ([][]sql.NullString, error) {
	if err := t.pageable(); err != nil {
		return nil, fmt.Errorf("table %s: %w", t.Name, err)
	}
	where, args, err := t.beyond(after)
	if err == nil {
		var rows [][]sql.NullString
		if rows, err = t.read(ctx, db, where+" ORDER BY "+strings.Join(t.keyNames(), ", ")+fmt.Sprintf(" LIMIT %d", limit), args); err == nil {
			return rows, nil
		}
	}
	return nil, fmt.Errorf("reading rows of %s: %w", t.Name, explain(err))
}

// Find reads the row with the key of a given row as it is now; nil when there is none.
func (t *Table) Find(ctx context.Context, db Preparer, row []sql.NullString) ([]sql.NullString, error) {
	var conditions []string
	for _, i := range t.Key {
		conditions = append(conditions, t.Columns[i].condition("="))
	}
	args, err := t.arguments(row, t.Key)
	if err != nil {
		return nil, err
	}
	rows, err := t.read(ctx, db, " WHERE "+strings.Join(conditions, " AND "), args)
	if err != nil {
		return nil, fmt.Errorf("reading a row of %s: %w", t.Name, explain(err))
	}
	if len(rows) == 0 {
		return nil, nil
	}
	return rows[0], nil
}

// pageable refuses keys whose order in a comparison is not that of ORDER BY.
func (t *Table) pageable() error {
	for _, i := range t.Key {
		switch c := t.Columns[i]; c.Kind {
		case Float, Enum, Set:
			return fmt.Errorf("column %s of the primary key is a FLOAT, ENUM or SET, by which rows cannot be read in chunks", c.Name)
		default:
		}
	}
	return nil
}

func (t *Table) keyNames() []string {
	names := make([]string, len(t.Key))
	for n, i := range t.Key {
		names[n] = quote(t.Columns[i].Name)
	}
	return names
}

// beyond is the condition of the rows after one: (a > ?) OR (a = ? AND b > ?) ..., which uses the primary key.
func (t *Table) beyond(after []sql.NullString) (where string, args []any, err error) {
	if after == nil {
		return "", nil, nil
	}
	var either []string
	for n, i := range t.Key {
		var all []string
		for _, j := range t.Key[:n] {
			all = append(all, t.Columns[j].condition("="))
		}
		all = append(all, t.Columns[i].condition(">"))
		either = append(either, "("+strings.Join(all, " AND ")+")")
		more, err := t.arguments(after, t.Key[:n+1])
		if err != nil {
			return "", nil, err
		}
		args = append(args, more...)
	}
	return " WHERE " + strings.Join(either, " OR "), args, nil
}

func (t *Table) arguments(row []sql.NullString, columns []int) ([]any, error) {
	args := make([]any, len(columns))
	for n, i := range columns {
		arg, err := t.Columns[i].argument(row[i])
		if err != nil {
			return nil, fmt.Errorf("column %s: %w", t.Columns[i].Name, err)
		}
		args[n] = arg
	}
	return args, nil
}

// read prepares the statement even without arguments: only prepared ones have results in which a FLOAT keeps its digits.
func (t *Table) read(ctx context.Context, db Preparer, rest string, args []any) ([][]sql.NullString, error) {
	columns := make([]string, len(t.Columns))
	for i, c := range t.Columns {
		columns[i] = c.SelectExpression()
	}
	statement, err := db.PrepareContext(ctx, "SELECT "+strings.Join(columns, ", ")+" FROM "+quoted(t.Name)+rest)
	if err != nil {
		return nil, fmt.Errorf("preparing: %w", err)
	}
	defer func() { _ = statement.Close() }()
	found, err := statement.QueryContext(ctx, args...)
	if err != nil {
		return nil, fmt.Errorf("selecting: %w", err)
	}
	defer func() { _ = found.Close() }()
	var rows [][]sql.NullString
	into := make([]any, len(columns))
	for found.Next() {
		row := make([]sql.NullString, len(columns))
		for i := range row {
			into[i] = &row[i]
		}
		if err := found.Scan(into...); err != nil {
			return nil, fmt.Errorf("reading a row: %w", err)
		}
		rows = append(rows, row)
	}
	if err := found.Err(); err != nil {
		return nil, fmt.Errorf("selecting: %w", err)
	}
	return rows, nil
}
