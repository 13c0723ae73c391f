package dms

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"github.com/go-mysql-org/go-mysql/mysql"
)

// snapshot opens a consistent view of the tables and returns the binlog position from which their changes follow.
//
// MariaDB returns the view's exact position without a lock,
// https://mariadb.com/kb/en/enhancements-for-start-transaction-with-consistent-snapshot/. For MySQL the position is
// read first, so a row that is committed in between comes twice, loaded and as a change.
func (r *mysqlReader) snapshot(ctx context.Context, conn *sql.Conn) (mysql.Position, error) {
	at, err := r.now(ctx, conn)
	if err != nil {
		return at, err
	}
	for _, statement := range []string{"SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ", "START TRANSACTION WITH CONSISTENT SNAPSHOT"} {
		if _, err := conn.ExecContext(ctx, statement); err != nil {
			return at, fmt.Errorf("opening a snapshot: %w", err)
		}
	}
	if !r.server.mariadb || !r.task.cdc {
		return at, nil
	}
	var ignored string
	err = errors.Join(
		conn.QueryRowContext(ctx, "SHOW STATUS LIKE 'binlog_snapshot_file'").Scan(&ignored, &at.Name),
		conn.QueryRowContext(ctx, "SHOW STATUS LIKE 'binlog_snapshot_position'").Scan(&ignored, &at.Pos),
	)
	if err != nil {
		return at, fmt.Errorf("reading the snapshot's position: %w", err)
	}
	return at, nil
}

// now is the end of the source's binlog.
func (r *mysqlReader) now(ctx context.Context, conn *sql.Conn) (mysql.Position, error) {
	var at mysql.Position
	if !r.task.cdc {
		return at, nil
	}
	rows, err := conn.QueryContext(ctx, "SHOW MASTER STATUS")
	if err != nil {
		if rows, err = conn.QueryContext(ctx, "SHOW BINARY LOG STATUS"); err != nil { // MySQL 8.4
			return at, fmt.Errorf("reading the binlog's end: %w", err)
		}
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil || len(columns) < 2 || !rows.Next() {
		return at, errors.Join(errors.New("reading the binlog's end: the source has no binlog"), err, rows.Err())
	}
	values := make([]any, len(columns))
	values[0], values[1] = &at.Name, &at.Pos
	for i := 2; i < len(values); i++ {
		values[i] = new(any)
	}
	if err := rows.Scan(values...); err != nil {
		return at, fmt.Errorf("reading the binlog's end: %w", err)
	}
	return at, nil
}

// load sends every row of every table, one table after the other through the snapshot's connection. DMS would read
// MaxFullLoadSubTasks tables at the same time.
func (r *mysqlReader) load(ctx context.Context) error {
	if err := r.loadTables(ctx, func(t *table) error { return r.loadTable(ctx, r.conn.Conn, t) }); err != nil {
		return err
	}
	if _, err := r.conn.ExecContext(ctx, "COMMIT"); err != nil {
		return fmt.Errorf("closing the snapshot: %w", err)
	}
	return nil
}

func (r *run) loadTables(ctx context.Context, load func(*table) error) error {
	for _, t := range r.tables {
		r.stats.loading(t.name)
		if err := load(t); err != nil {
			return fmt.Errorf("loading %s: %w", t.name, err)
		}
		if err := r.send(ctx, record{delivered: func() { r.stats.loaded(t.name) }}); err != nil {
			return err
		}
	}
	return nil
}

func (r *mysqlReader) loadTable(ctx context.Context, conn *sql.Conn, t *table) error {
	quoted := make([]string, len(t.columns))
	for i := range t.columns {
		quoted[i] = quote(t.columns[i].name)
	}
	// A prepared statement has binary results, so that floating-point numbers are exact.
	statement, err := conn.PrepareContext(ctx, "SELECT "+strings.Join(quoted, ", ")+" FROM "+quote(t.schema)+"."+quote(t.table))
	if err != nil {
		return fmt.Errorf("preparing: %w", err)
	}
	defer statement.Close()
	rows, err := statement.QueryContext(ctx)
	if err != nil {
		return fmt.Errorf("selecting: %w", err)
	}
	defer rows.Close()
	row, into := make([]any, len(t.columns)), make([]any, len(t.columns))
	for i := range row {
		into[i] = &row[i]
	}
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			return fmt.Errorf("reading a row: %w", err)
		}
		if err := r.loadRow(ctx, t, row); err != nil {
			return err
		}
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("selecting: %w", err)
	}
	return nil
}

// loadRow sends a row if it passes the filters.
func (r *run) loadRow(ctx context.Context, t *table, row []any) error {
	chosen, err := t.passes(row, false)
	if err != nil || !chosen {
		return err
	}
	key, data, err := r.envelope.load(t, row)
	if err != nil {
		return r.dataError(err)
	}
	return r.send(ctx, record{key, data, func() { r.stats.count(t.name, opLoad) }})
}

// dataError applies the policy for a row that cannot be written.
func (r *run) dataError(err error) error {
	policy := r.task.settings.ErrorBehavior.DataErrorPolicy
	if truncated := (*truncationError)(nil); errors.As(err, &truncated) {
		policy = truncated.policy
	}
	if policy == stopTask {
		return err
	}
	r.log.Error("a row is left out", "policy", policy, "error", err)
	return nil
}

func quote(identifier string) string { return "`" + strings.ReplaceAll(identifier, "`", "``") + "`" }
