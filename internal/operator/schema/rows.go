package schema

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// Each passes every row to visit. It reads them by one statement and so in a consistent view; the server keeps old
// versions of rows that change meanwhile (https://dev.mysql.com/doc/refman/8.0/en/innodb-consistent-read.html). The
// order is undefined, so the key may have any type, and memory holds one row at a time. Values have the form that
// [Column.Canonical] accepts, and floating-point numbers are exact.
func (t *Table) Each(ctx context.Context, db *sql.DB, visit func(row []sql.NullString) error) (err error) {
	conn, err := db.Conn(ctx)
	if err != nil {
		return fmt.Errorf("reading rows of %s: %w", t.Name, explain(err))
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	// The server's time limit for statements is meant for short queries, so it is switched off. MySQL has the first
	// variable, MariaDB the second, PostgreSQL the third.
	for _, limit := range []string{"max_execution_time", "max_statement_time", "statement_timeout"} {
		_, _ = conn.ExecContext(ctx, "SET SESSION "+limit+" = 0")
	}
	var refused *visitError
	err = t.read(ctx, conn, "", nil, func(row []sql.NullString) error {
		if err := visit(row); err != nil {
			return &visitError{err}
		}
		return nil
	})
	if errors.As(err, &refused) {
		return refused.error
	}
	if err != nil {
		return fmt.Errorf("reading rows of %s: %w", t.Name, explain(err))
	}
	return nil
}

// visitError marks an error of the visitor, as opposed to one of the database.
type visitError struct{ error }

// Find reads the present rows whose key the server considers equal to that of a given row. It usually returns one row
// or none. A text in another spelling matches if the column's collation says so.
func (t *Table) Find(ctx context.Context, db *sql.DB, row []sql.NullString) ([][]sql.NullString, error) {
	var conditions []string
	var args []any
	for _, i := range t.Key {
		c := t.Columns[i]
		arg, err := t.Argument(c, row[i])
		if err != nil {
			return nil, fmt.Errorf("finding a row of %s: column %s: %w", t.Name, c.Name, err)
		}
		args = append(args, arg)
		conditions = append(conditions, t.Equals(c, len(args)))
	}
	var rows [][]sql.NullString
	err := t.read(ctx, db, " WHERE "+strings.Join(conditions, " AND "), args, func(row []sql.NullString) error {
		rows = append(rows, row)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("finding a row of %s: %w", t.Name, explain(err))
	}
	return rows, nil
}

// Argument converts a value to the argument for the placeholder that [Table.Parameter] writes. Integers stay integers,
// because the server would compare a string with a number as doubles. A FLOAT becomes its exact double, because the
// double of its decimal digits equals no FLOAT.
func (t *Table) Argument(c Column, value sql.NullString) (driver.Value, error) {
	switch {
	case !value.Valid:
		return nil, nil
	case t.Engine == PostgreSQL:
		return c.argumentPostgres(value.String), nil
	}
	switch c.Kind {
	case Integer, Bool, Bit, Year:
		if n, err := strconv.ParseInt(value.String, 10, 64); err == nil {
			return n, nil
		}
		n, err := strconv.ParseUint(value.String, 10, 64)
		if err != nil {
			return nil, fmt.Errorf("reading an integer: %w", err)
		}
		return n, nil
	case Float, Double:
		f, err := strconv.ParseFloat(value.String, c.floatBits())
		if err != nil {
			return nil, fmt.Errorf("reading a number: %w", err)
		}
		return f, nil
	case Binary:
		return []byte(value.String), nil
	case Unsupported, Decimal, Date, DateTime, Timestamp, Time, Text, Enum, Set, JSON, UUID, Spatial, Inet:
	}
	return value.String, nil
}

func (c Column) floatBits() int {
	if c.Kind == Float {
		return 32
	}
	return 64
}

// preparer is a *sql.DB or a *sql.Conn.
type preparer interface {
	PrepareContext(ctx context.Context, query string) (*sql.Stmt, error)
}

// read always prepares the statement, because only the results of prepared statements keep all digits of a FLOAT.
func (t *Table) read(ctx context.Context, db preparer, where string, args []any, visit func([]sql.NullString) error) error {
	columns := make([]string, len(t.Columns))
	for i, c := range t.Columns {
		columns[i] = t.selectExpression(c)
	}
	statement, err := db.PrepareContext(ctx, "SELECT "+strings.Join(columns, ", ")+" FROM "+t.Quoted()+where)
	if err != nil {
		return fmt.Errorf("preparing: %w", err)
	}
	defer func() { _ = statement.Close() }()
	found, err := statement.QueryContext(ctx, args...)
	if err != nil {
		return fmt.Errorf("selecting: %w", err)
	}
	defer func() { _ = found.Close() }()
	into := make([]any, len(columns))
	for found.Next() {
		row := make([]sql.NullString, len(columns))
		for i := range row {
			into[i] = &row[i]
		}
		if err := found.Scan(into...); err != nil {
			return fmt.Errorf("reading a row: %w", err)
		}
		if err := t.decode(row); err != nil {
			return err
		}
		if err := visit(row); err != nil {
			return err
		}
	}
	if err := found.Err(); err != nil {
		return fmt.Errorf("selecting: %w", err)
	}
	return nil
}
