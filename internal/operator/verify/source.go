package verify

import (
	"cdcpipeline/internal/operator/workload"
	"cdcpipeline/internal/table"
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// Source is the database.
type Source interface {
	Table(ctx context.Context, name table.Name) (*workload.Table, error)
	// Rows is about how many the table has.
	Rows(ctx context.Context, name table.Name) (int64, error)
	// Snapshot opens one consistent view, in which pages are read, until it is closed.
	Snapshot(ctx context.Context) (Snapshot, error)
	// Find reads a row as it is now; nil without one.
	Find(ctx context.Context, t *workload.Table, key []sql.NullString) ([]sql.NullString, error)
}

// Snapshot is a view of the source at one moment.
type Snapshot interface {
	Page(ctx context.Context, t *workload.Table, after []sql.NullString, limit int) ([][]sql.NullString, error)
	Close() error
}

// Database is a [Source] by SQL.
type Database struct{ DB *sql.DB }

// Table reads the definition.
func (d Database) Table(ctx context.Context, name table.Name) (*workload.Table, error) {
	return workload.LoadTable(ctx, d.DB, name)
}

// Rows is the server's estimate, which costs nothing.
func (d Database) Rows(ctx context.Context, name table.Name) (int64, error) {
	var n int64
	err := d.DB.QueryRowContext(ctx, `SELECT COALESCE(TABLE_ROWS, 0) FROM information_schema.TABLES WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ?`,
		name.Database, name.Table).Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("reading the number of rows of %s: %w", name, err)
	}
	return n, nil
}

// Snapshot is a read-only transaction at REPEATABLE READ: every page shows the table as the first one did. While it is
// open the server keeps old versions of the rows that others change.
func (d Database) Snapshot(ctx context.Context) (Snapshot, error) {
	tx, err := d.DB.BeginTx(ctx, &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true})
	if err != nil {
		return nil, fmt.Errorf("opening a consistent view: %w", err)
	}
	return view{tx}, nil
}

// Find reads a row.
func (d Database) Find(ctx context.Context, t *workload.Table, key []sql.NullString) ([]sql.NullString, error) {
	return t.Find(ctx, d.DB, key)
}

type view struct{ tx *sql.Tx }

func (v view) Page(ctx context.Context, t *workload.Table, after []sql.NullString, limit int) ([][]sql.NullString, error) {
	return t.Page(ctx, v.tx, after, limit)
}

func (v view) Close() error {
	if err := v.tx.Rollback(); err != nil && !errors.Is(err, sql.ErrTxDone) {
		return fmt.Errorf("closing the view: %w", err)
	}
	return nil
}
