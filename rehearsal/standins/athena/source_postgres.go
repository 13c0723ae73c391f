package athena

import (
	"cdcpipeline/internal/change"
	"cdcpipeline/internal/lake/views"
	"cdcpipeline/internal/operator/schema"
	names "cdcpipeline/internal/table"
	"context"
	"database/sql"
	"encoding/hex"
	"fmt"
	"strings"
)

// postgresTable is a PostgreSQL table, read through the operator's tool.
func postgresTable(ctx context.Context, db *sql.DB, database, name string) (sourceTable, error) {
	t := sourceTable{Table: views.Table{Database: database, Name: name, Kind: change.PostgreSQL}}
	read, err := schema.Load(ctx, db, names.Name{Database: database, Table: name})
	if err != nil {
		return t, err //nolint:wrapcheck // Compare adds what was done
	}
	for _, c := range read.Columns {
		t.Columns = append(t.Columns, views.Column{Name: c.Name, Type: c.Type})
	}
	for _, i := range read.Key {
		t.PrimaryKey = append(t.PrimaryKey, read.Columns[i].Name)
	}
	t.postgres = read
	catalog, err := views.Describe("source", t.Table)
	t.fields = catalog.Rows.Fields
	return t, err //nolint:wrapcheck // as above
}

// postgresRows are the rows with each value in the view's form.
func (t sourceTable) postgresRows(ctx context.Context, db *sql.DB) ([]Row, error) {
	var all []Row
	err := t.postgres.Each(ctx, db, func(values []sql.NullString) error {
		row := Row{}
		for i, f := range t.fields {
			row[f.Name] = nil
			if i < len(values) && values[i].Valid {
				row[f.Name] = shownOfPostgres(t.postgres.Columns[i], values[i].String)
			}
		}
		all = append(all, row)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("as the tool reads it: %w", err)
	}
	return all, nil
}

func shownOfPostgres(c schema.Column, text string) string {
	switch c.Kind {
	case schema.Bool:
		return map[string]string{"1": "true", "0": "false"}[text]
	case schema.Binary:
		return "0x" + strings.ToUpper(hex.EncodeToString([]byte(text)))
	default:
		return text
	}
}
