package verify

import (
	"cdcpipeline/internal/operator/schema"
	"cdcpipeline/internal/table"
	"context"
	"database/sql"
)

// Source is the database.
type Source interface {
	Table(ctx context.Context, name table.Name) (*schema.Table, error)
	// Rows is about how many the table has.
	Rows(ctx context.Context, name table.Name) (int64, error)
	// Each hands on every row of one consistent view.
	Each(ctx context.Context, t *schema.Table, visit func(row []sql.NullString) error) error
	// Find reads the rows whose key the server takes for equal, as they are now.
	Find(ctx context.Context, t *schema.Table, key []sql.NullString) ([][]sql.NullString, error)
}

// Database is a [Source] by SQL.
type Database struct{ DB *sql.DB }

// Table reads the definition.
func (d Database) Table(ctx context.Context, name table.Name) (*schema.Table, error) {
	return schema.Load(ctx, d.DB, name)
}

// Rows is the server's estimate, which costs nothing.
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
