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

// Each hands on every row, as one statement sees them: a consistent view, for which the server keeps old versions of the rows
// that others change meanwhile (https://dev.mysql.com/doc/refman/8.0/en/innodb-consistent-read.html). Rows come as they are
// read, in no order that could be relied on, so that the key may be of any type and memory holds one row. Values are as
// [Column.Canonical] takes them; floating-point numbers are exact.
func (t *Table) Each(ctx context.Context, db *sql.DB, visit func(row []sql.NullString) error) (err error) {
	conn, err := db.Conn(ctx)
	if err != nil {
		return fmt.Errorf("reading rows of %s: %w", t.Name, explain(err))
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	// A limit of a statement's time is one of short queries. MySQL has the first variable, MariaDB the second, PostgreSQL the third.
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

// visitError tells an error of the visitor from one of the database.
type visitError struct{ error }

// Find reads the rows, as they are now, whose key the server takes for equal to that of a given row: none or one, and one
// whose text is written otherwise when the column's collation says that it is the same.
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

// Argument for the database, at the place that [Table.Parameter] writes. Integers go as integers: compared with a string they would be compared as doubles. A FLOAT
// goes as the double that it is: its decimal digits are another double, which equals no FLOAT.
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

// read prepares the statement even without arguments: only prepared ones have results in which a FLOAT keeps its digits.
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
