package schema

import (
	"cdcpipeline/internal/table"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// ErrNoKey means that the change records of a table do not identify its rows.
var ErrNoKey = errors.New("its records do not identify a row")

// Load reads a table's columns and keys from the database's catalog. It returns [ErrNoKey] for a table without a
// primary key that records carry.
func Load(ctx context.Context, db *sql.DB, name table.Name) (*Table, error) {
	read := load
	if EngineOf(db) == PostgreSQL {
		read = loadPostgres
	}
	t, err := read(ctx, db, name)
	if err != nil {
		return nil, fmt.Errorf("reading the columns of %s: %w", name, explain(err))
	}
	if len(t.Key) == 0 {
		return nil, fmt.Errorf("%s: it has no primary key: %w; add a primary key, or leave the table out of source.tables", name, ErrNoKey)
	}
	return t, nil
}

func load(ctx context.Context, db *sql.DB, name table.Name) (*Table, error) {
	var kind string
	err := db.QueryRowContext(ctx, `SELECT TABLE_TYPE FROM information_schema.TABLES WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ?`,
		name.Database, name.Table).Scan(&kind)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return nil, errors.New("the user sees no such table: check the name; `pulumi up` creates the tables of source.tables")
	case err != nil:
		return nil, fmt.Errorf("looking for the table: %w", err)
	case kind != "BASE TABLE" && kind != "SYSTEM VERSIONED":
		return nil, fmt.Errorf("it is a %s: give the name of a table", strings.ToLower(kind))
	}
	t := &Table{Name: name}
	for _, step := range []func(context.Context, *sql.DB, *Table) error{loadColumns, loadKeys, loadForeignKeys, loadJSONChecks} {
		if err := step(ctx, db, t); err != nil {
			return nil, err
		}
	}
	return t, nil
}

// Estimate returns the server's own estimate of a table's rows, which is cheap to read. It returns 0 if there is none.
func Estimate(ctx context.Context, db *sql.DB, name table.Name) (n int64, err error) {
	query := `SELECT COALESCE(TABLE_ROWS, 0) FROM information_schema.TABLES WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ?`
	if EngineOf(db) == PostgreSQL { // -1 for a table that was never analyzed
		query = `SELECT greatest(reltuples, 0)::bigint FROM pg_class WHERE oid = to_regclass(quote_ident($1) || '.' || quote_ident($2))`
	}
	if err := db.QueryRowContext(ctx, query, name.Database, name.Table).Scan(&n); err != nil {
		return 0, fmt.Errorf("reading the number of rows of %s: %w", name, explain(err))
	}
	return n, nil
}

// each calls scan for every row of a query about t.
func each(ctx context.Context, db *sql.DB, t *Table, query string, scan func(*sql.Rows) error) error {
	rows, err := db.QueryContext(ctx, query, t.Name.Database, t.Name.Table)
	if err != nil {
		return fmt.Errorf("querying information_schema: %w", err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		if err := scan(rows); err != nil {
			return err
		}
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("reading information_schema: %w", err)
	}
	return nil
}

// description is a column's entry in information_schema.
type description struct {
	name, dataType, columnType, nullable, extra, charset string
	length, bytes                                        int64
	precision, scale, fraction                           int
}

func loadColumns(ctx context.Context, db *sql.DB, t *Table) error {
	return each(ctx, db, t, `SELECT COLUMN_NAME, DATA_TYPE, COLUMN_TYPE, IS_NULLABLE, EXTRA, COALESCE(CHARACTER_SET_NAME, ''),
		COALESCE(CHARACTER_MAXIMUM_LENGTH, 0), COALESCE(CHARACTER_OCTET_LENGTH, 0),
		COALESCE(NUMERIC_PRECISION, 0), COALESCE(NUMERIC_SCALE, -1), COALESCE(DATETIME_PRECISION, 0)
		FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ? ORDER BY ORDINAL_POSITION`,
		func(rows *sql.Rows) error {
			var d description
			if err := rows.Scan(&d.name, &d.dataType, &d.columnType, &d.nullable, &d.extra, &d.charset,
				&d.length, &d.bytes, &d.precision, &d.scale, &d.fraction); err != nil {
				return fmt.Errorf("reading a column: %w", err)
			}
			if extra := strings.ToUpper(d.extra); strings.Contains(extra, "VIRTUAL GENERATED") || strings.Contains(extra, "STORED GENERATED") || strings.Contains(extra, "INVISIBLE") {
				return nil
			}
			c, err := d.column()
			if err != nil {
				return err
			}
			t.Columns = append(t.Columns, c)
			return nil
		})
}

func loadKeys(ctx context.Context, db *sql.DB, t *Table) error {
	return each(ctx, db, t, `SELECT INDEX_NAME, COALESCE(COLUMN_NAME, '') FROM information_schema.STATISTICS
		WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ? AND NON_UNIQUE = 0 ORDER BY INDEX_NAME, SEQ_IN_INDEX`,
		func(rows *sql.Rows) error {
			var index, column string
			if err := rows.Scan(&index, &column); err != nil {
				return fmt.Errorf("reading a key: %w", err)
			}
			i := slices.IndexFunc(t.Columns, func(c Column) bool { return c.Name == column })
			switch {
			case i >= 0 && index == "PRIMARY":
				t.Columns[i].Key = true
				t.Key = append(t.Key, i)
			case i >= 0:
				t.Columns[i].Unique = true
			case index == "PRIMARY":
				return fmt.Errorf("DMS does not transfer column %s of the primary key, because the database computes it or it is invisible: %w; leave the table out of source.tables", column, ErrNoKey)
			}
			return nil
		})
}

func loadForeignKeys(ctx context.Context, db *sql.DB, t *Table) error {
	return each(ctx, db, t, `SELECT COLUMN_NAME FROM information_schema.KEY_COLUMN_USAGE
		WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ? AND REFERENCED_TABLE_NAME IS NOT NULL`,
		func(rows *sql.Rows) error {
			var column string
			if err := rows.Scan(&column); err != nil {
				return fmt.Errorf("reading a foreign key: %w", err)
			}
			for i := range t.Columns {
				t.Columns[i].Foreign = t.Columns[i].Foreign || t.Columns[i].Name == column
			}
			return nil
		})
}

// loadJSONChecks finds MariaDB's JSON columns. Such a column is LONGTEXT with a check constraint
// (https://mariadb.com/kb/en/json/). MySQL has a JSON type instead.
func loadJSONChecks(ctx context.Context, db *sql.DB, t *Table) error {
	var version string
	if err := db.QueryRowContext(ctx, `SELECT VERSION()`).Scan(&version); err != nil {
		return fmt.Errorf("reading the server's version: %w", err)
	}
	if !strings.Contains(version, "MariaDB") {
		return nil
	}
	return each(ctx, db, t, `SELECT CHECK_CLAUSE FROM information_schema.CHECK_CONSTRAINTS WHERE CONSTRAINT_SCHEMA = ? AND TABLE_NAME = ?`,
		func(rows *sql.Rows) error {
			var clause string
			if err := rows.Scan(&clause); err != nil {
				return fmt.Errorf("reading a check constraint: %w", err)
			}
			for i, c := range t.Columns {
				if c.Kind == Text && strings.Contains(clause, "json_valid("+quote(c.Name)+")") {
					t.Columns[i].Kind = JSON
				}
			}
			return nil
		})
}

// column derives a column's kind and limits from its description.
func (d description) column() (Column, error) {
	c := Column{
		Name:          d.name,
		Nullable:      d.nullable == "YES",
		AutoIncrement: strings.Contains(strings.ToLower(d.extra), "auto_increment"),
		Unsigned:      strings.Contains(strings.ToLower(d.columnType), "unsigned"),
		Length:        d.length,
		Charset:       d.charset,
		Precision:     d.precision,
		Scale:         d.scale,
	}
	switch kind := strings.ToLower(d.dataType); kind {
	case "tinyint", "smallint", "mediumint", "int", "bigint":
		c.Kind = Integer
		c.Bits = map[string]int{"tinyint": 8, "smallint": 16, "mediumint": 24, "int": 32, "bigint": 64}[kind]
		if strings.HasPrefix(strings.ToLower(d.columnType), "tinyint(1)") {
			c.Kind = Bool
		}
	case "decimal":
		c.Kind = Decimal
	case "float":
		c.Kind = Float
	case "double":
		c.Kind = Double
	case "bit":
		c.Kind, c.Bits = Bit, d.precision
	case "date":
		c.Kind = Date
	case "datetime":
		c.Kind, c.Precision = DateTime, d.fraction
	case "timestamp":
		c.Kind, c.Precision = Timestamp, d.fraction
	case "time":
		c.Kind, c.Precision = Time, d.fraction
	case "year":
		c.Kind = Year
	case "char", "varchar":
		c.Kind = Text
	case "tinytext", "text", "mediumtext", "longtext":
		c.Kind, c.Bytes = Text, d.bytes
	case "binary":
		c.Kind, c.Fixed = Binary, true
	case "varbinary", "tinyblob", "blob", "mediumblob", "longblob":
		c.Kind = Binary
	case "enum", "set":
		members, err := parseMembers(d.columnType)
		if err != nil {
			return Column{}, fmt.Errorf("column %s: %w", d.name, err)
		}
		c.Members = members
		c.Kind = map[string]Kind{"enum": Enum, "set": Set}[kind]
	case "json":
		c.Kind = JSON
	case "uuid":
		c.Kind = UUID
	case "inet4":
		c.Kind, c.Length = Inet, 4
	case "inet6":
		c.Kind, c.Length = Inet, 16
	case "geometry", "point", "linestring", "polygon", "multipoint", "multilinestring", "multipolygon", "geometrycollection", "geomcollection":
		c.Kind = Spatial
	}
	return c, nil
}

// parseMembers parses the members of a type like enum('a','b'). A quote within a member is doubled.
func parseMembers(columnType string) ([]string, error) {
	open, end := strings.Index(columnType, "("), strings.LastIndex(columnType, ")")
	if open < 0 || end < open {
		return nil, fmt.Errorf("type %s: no members in parentheses", strconv.Quote(columnType))
	}
	var members []string
	for rest := columnType[open+1 : end]; rest != ""; {
		if rest[0] != '\'' {
			return nil, fmt.Errorf("type %s: a member is not quoted", strconv.Quote(columnType))
		}
		var member strings.Builder
		i := 1
		for ; i < len(rest); i++ {
			if rest[i] == '\'' {
				if i+1 == len(rest) || rest[i+1] != '\'' {
					break
				}
				i++
			}
			member.WriteByte(rest[i])
		}
		if i >= len(rest) {
			return nil, fmt.Errorf("type %s: a member does not end", strconv.Quote(columnType))
		}
		members = append(members, member.String())
		rest = strings.TrimPrefix(rest[i+1:], ",")
	}
	if len(members) == 0 {
		return nil, fmt.Errorf("type %s: no members", strconv.Quote(columnType))
	}
	return members, nil
}
