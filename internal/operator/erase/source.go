package erase

import (
	"cdcpipeline/internal/change"
	"cdcpipeline/internal/operator/schema"
	"cdcpipeline/internal/table"
	"context"
	"database/sql"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
)

// Database implements [Source] by SQL.
type Database struct{ DB *sql.DB }

// Key reads the primary key's columns and their types.
func (d Database) Key(ctx context.Context, name table.Name) (change.KeyColumns, error) {
	t, err := schema.Load(ctx, d.DB, name)
	if err != nil {
		return change.KeyColumns{}, err //nolint:wrapcheck // the error names the table
	}
	columns := change.KeyColumns{}
	for _, i := range t.Key {
		if t.Engine == schema.PostgreSQL {
			columns.Names, columns.Types = append(columns.Names, t.Columns[i].Name), append(columns.Types, t.Columns[i].Type)
			continue
		}
		var declared string
		err := d.DB.QueryRowContext(ctx, `SELECT COLUMN_TYPE FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ? AND COLUMN_NAME = ?`,
			name.Database, name.Table, t.Columns[i].Name).Scan(&declared)
		if err != nil {
			return change.KeyColumns{}, fmt.Errorf("reading the type of the column %s of %s: %w", t.Columns[i].Name, name, err)
		}
		columns.Names, columns.Types = append(columns.Names, t.Columns[i].Name), append(columns.Types, declared)
	}
	return columns, nil
}

// Has looks for the row as the server compares keys. A text that equals the key only by its collation counts.
func (d Database) Has(ctx context.Context, name table.Name, key change.Key) (bool, error) {
	t, err := schema.Load(ctx, d.DB, name)
	if err != nil {
		return false, err //nolint:wrapcheck // the error names the table
	}
	row := make([]sql.NullString, len(t.Columns))
	for n, i := range t.Key {
		value, err := asked(t.Columns[i], key[n])
		if err != nil {
			return false, fmt.Errorf("--key %s: %w", t.Columns[i].Name, err)
		}
		row[i] = sql.NullString{String: value, Valid: true}
	}
	found, err := t.Find(ctx, d.DB, row)
	return len(found) > 0, err //nolint:wrapcheck // the error names the table
}

// asked converts a key's value to the form that the database accepts.
func asked(c schema.Column, value string) (string, error) {
	switch c.Kind {
	case schema.Binary:
		raw, err := hex.DecodeString(strings.TrimPrefix(value, "0x"))
		if err != nil || value != "" && !strings.HasPrefix(value, "0x") {
			return "", fmt.Errorf("%q is not hexadecimal: write bytes as 0xCAFE", value)
		}
		return string(raw), nil
	case schema.Date, schema.DateTime, schema.Timestamp:
		return strings.Replace(strings.TrimSuffix(value, "Z"), "T", " ", 1), nil
	case schema.Integer, schema.Bool, schema.Bit, schema.Year:
		switch value {
		case "true":
			return "1", nil
		case "false":
			return "0", nil
		}
		if digits, isHex := strings.CutPrefix(value, "0x"); isHex {
			if n, err := strconv.ParseUint(digits, 16, 64); err == nil {
				return strconv.FormatUint(n, 10), nil
			}
		}
		return value, nil
	default:
		return value, nil
	}
}
