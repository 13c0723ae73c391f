package verify

import (
	"cdcpipeline/internal/operator/schema"
	"cdcpipeline/internal/table"
	"context"
	"database/sql"
)

// Source reads the database.
type Source interface {
	Table(ctx context.Context, name table.Name) (*schema.Table, error)
	// Rows estimates the number of the table's rows.
	Rows(ctx context.Context, name table.Name) (int64, error)
	// Each passes every row of one consistent view to visit.
	Each(ctx context.Context, t *schema.Table, visit func(row []sql.NullString) error) error
	// Find reads the present rows whose key the server considers equal.
	Find(ctx context.Context, t *schema.Table, key []sql.NullString) ([][]sql.NullString, error)
}

// Database implements [Source] by SQL.
type Database struct{ DB *sql.DB }

// Table reads a table's definition.
func (d Database) Table(ctx context.Context, name table.Name) (*schema.Table, error) {
	return schema.Load(ctx, d.DB, name)
}

// Rows returns the server's estimate, which is cheap.
func (d Database) Rows(ctx context.Context, name table.Name) (int64, error) {
	return schema.Estimate(ctx, d.DB, name)
}

// Each reads every row.
func (d Database) Each(ctx context.Context, t *schema.Table, visit func(row []sql.NullString) error) error {
	return t.Each(ctx, d.DB, visit)
}

// Find reads rows by their key.
func (d Database) Find(ctx context.Context, t *schema.Table, key []sql.NullString) ([][]sql.NullString, error) {
	return t.Find(ctx, d.DB, key)
}
