package dms

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
)

// openView begins a transaction that sees the database as it is now, or an exported snapshot.
func openView(ctx context.Context, conn *pgx.Conn, exported string) error {
	if _, err := conn.Exec(ctx, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"); err != nil {
		return fmt.Errorf("opening a snapshot: %w", err)
	}
	if exported == "" {
		return nil
	}
	if _, err := conn.Exec(ctx, "SET TRANSACTION SNAPSHOT '"+exported+"'"); err != nil {
		return fmt.Errorf("opening the slot's snapshot: %w", err)
	}
	return nil
}

func (r *postgresReader) load(ctx context.Context) error {
	if err := r.loadTables(ctx, func(t *table) error { return r.loadTable(ctx, r.conn, t) }); err != nil {
		return err
	}
	if _, err := r.conn.Exec(ctx, "COMMIT"); err != nil {
		return fmt.Errorf("closing the snapshot: %w", err)
	}
	return nil
}

// loadTable reads rows as text, like the log.
func (r *postgresReader) loadTable(ctx context.Context, conn *pgx.Conn, t *table) error {
	columns := make([]string, len(t.columns))
	for i := range t.columns {
		columns[i] = pgx.Identifier{t.columns[i].name}.Sanitize()
	}
	rows := conn.PgConn().ExecParams(ctx, "SELECT "+strings.Join(columns, ", ")+" FROM "+quoted(t.name), nil, nil, nil, nil)
	for rows.NextRow() {
		row := make([]any, len(t.columns))
		for i, text := range rows.Values() {
			if text == nil {
				continue
			}
			var err error
			if row[i], err = t.columns[i].read(string(text)); err != nil {
				_, _ = rows.Close() // the first error counts
				return fmt.Errorf("table %s: %w", t.name, err)
			}
		}
		if err := r.loadRow(ctx, t, row); err != nil {
			_, _ = rows.Close() // the first error counts
			return err
		}
	}
	if _, err := rows.Close(); err != nil {
		return fmt.Errorf("selecting: %w", err)
	}
	return nil
}

// reload works like that of a MySQL source: changes up to now may come again.
func (f *decoder) reload(ctx context.Context, n name) error {
	t := f.table(n)
	if t == nil {
		f.log.Warn("a table to reload is no longer followed", "table", n.String())
		return nil
	}
	conn, err := f.source.connectPostgres(ctx, f.endpoint().database)
	if err != nil {
		return err
	}
	defer func() { _ = closePostgres(conn) }()
	if err := openView(ctx, conn, ""); err != nil {
		return err
	}
	f.stats.reloading(n)
	if err := f.loadTable(ctx, conn, t); err != nil {
		return err
	}
	return f.send(ctx, record{delivered: func() { f.stats.reloaded(n) }})
}
