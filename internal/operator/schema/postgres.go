package schema

import (
	"cdcpipeline/internal/source/postgres"
	"cdcpipeline/internal/table"
	"context"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
)

func quotePostgres(identifier string) string { return pgx.Identifier{identifier}.Sanitize() }

// openPostgres connects to PostgreSQL. The session's time zone is UTC, and it prints values in a fixed form.
func (c Connection) openPostgres(ctx context.Context, _ string) (*sql.DB, error) {
	settings, err := pgx.ParseConfig("")
	if err != nil {
		return nil, fmt.Errorf("setting up the driver: %w", err)
	}
	// Environment variables (PGHOST, PGSSLMODE, ...) are ignored, because they could allow a connection without TLS.
	settings.Host, settings.Port, settings.User, settings.Password, settings.Database = c.Host, uint16(c.Port), c.User, c.Password, c.Database
	settings.TLSConfig, settings.Fallbacks = c.verified(), nil
	settings.ConnectTimeout = 15 * time.Second
	settings.DialFunc = (&net.Dialer{Timeout: 15 * time.Second}).DialContext
	settings.RuntimeParams = map[string]string{
		"application_name": "cdc", "TimeZone": "UTC", "DateStyle": "ISO, YMD", "IntervalStyle": "postgres", "bytea_output": "hex", "extra_float_digits": "1",
	}
	db := stdlib.OpenDB(*settings)
	if err := db.PingContext(ctx); err != nil {
		_ = db.Close()
		return nil, explainConnection(err)
	}
	return db, nil
}

// relationPostgres selects a table's id and kind.
const relationPostgres = `SELECT c.oid, c.relkind FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = $1 AND c.relname = $2`

// relations names the kinds of relations that are no tables, by pg_class.relkind,
// https://www.postgresql.org/docs/17/catalog-pg-class.html.
var relations = map[string]string{
	"v": "view", "m": "materialized view", "f": "foreign table", "i": "index", "S": "sequence", "c": "composite type", "p": "partitioned table, which DMS does not transfer",
}

func loadPostgres(ctx context.Context, db *sql.DB, name table.Name) (*Table, error) {
	var id uint32
	var kind string
	err := db.QueryRowContext(ctx, relationPostgres, name.Database, name.Table).Scan(&id, &kind)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return nil, errors.New("this database has no such table: check the name, schema.table; `pulumi up` creates the tables of source.tables")
	case err != nil:
		return nil, fmt.Errorf("looking for the table: %w", err)
	case kind != "r":
		return nil, fmt.Errorf("it is a %s: give the name of a table", relations[kind])
	}
	t := &Table{Name: name, Engine: PostgreSQL}
	if err := loadColumnsPostgres(ctx, db, t, id); err != nil {
		return nil, fmt.Errorf("reading pg_attribute: %w", err)
	}
	if err := loadKeysPostgres(ctx, db, t, id); err != nil {
		return nil, fmt.Errorf("reading pg_index: %w", err)
	}
	return t, nil
}

// columnsPostgres selects columns. A column of a domain type appears with its base type. A type modifier holds limits:
// characters plus 4, or precision and scale.
const columnsPostgres = `SELECT a.attnum, a.attname, format_type(b.oid, b.typmod), b.typname, b.typtype, NOT b.required,
	a.attidentity <> '' OR coalesce(pg_get_expr(d.adbin, d.adrelid) LIKE 'nextval(%', false),
	b.typmod, (SELECT coalesce(json_agg(e.enumlabel ORDER BY e.enumsortorder)::text, '[]') FROM pg_enum e WHERE e.enumtypid = b.oid),
	EXISTS (SELECT FROM pg_constraint f WHERE f.conrelid = a.attrelid AND f.contype = 'f' AND a.attnum = ANY (f.conkey))
	FROM pg_attribute a CROSS JOIN ` + postgres.BaseType + ` b
	LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
	WHERE a.attrelid = $1 AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '' ORDER BY a.attnum`

func loadColumnsPostgres(ctx context.Context, db *sql.DB, t *Table, id uint32) error {
	rows, err := db.QueryContext(ctx, columnsPostgres, id)
	if err != nil {
		return err //nolint:wrapcheck // the caller wraps it
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var c Column
		var number, modifier int
		var base, class, members string
		if err := rows.Scan(&number, &c.Name, &c.Type, &base, &class, &c.Nullable, &c.AutoIncrement, &modifier, &members, &c.Foreign); err != nil {
			return err //nolint:wrapcheck // the caller wraps it
		}
		if err := json.Unmarshal([]byte(members), &c.Members); err != nil {
			return fmt.Errorf("column %s: its members: %w", c.Name, err)
		}
		c.describePostgres(base, class, modifier)
		t.Columns = append(t.Columns, c)
	}
	return rows.Err() //nolint:wrapcheck // the caller wraps it
}

const (
	// unbounded is the assumed limit of a text whose type has none. PostgreSQL's own limit is a gigabyte.
	unbounded = 1 << 20
	// DMS carries a numeric without precision with these digits,
	// https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Source.PostgreSQL.html#CHAP_Source-PostgreSQL-DataTypes.
	numericPrecision, numericScale = 28, 6
	// header is what PostgreSQL adds to a length in a type modifier.
	header = 4
)

// describePostgres derives a column's kind and limits from its type's name, class and modifier.
func (c *Column) describePostgres(base, class string, modifier int) {
	limit := int64(unbounded)
	if modifier >= header {
		limit = int64(modifier - header)
	}
	c.Scale = -1
	switch base {
	case "int2", "int4", "int8":
		c.Kind, c.Bits = Integer, map[string]int{"int2": 16, "int4": 32, "int8": 64}[base]
	case "numeric":
		c.Kind, c.Precision, c.Scale = Decimal, numericPrecision, numericScale
		if modifier >= header {
			c.Precision, c.Scale = int(limit>>16), int(limit&0x7ff)
		}
	case "float4":
		c.Kind = Float
	case "float8":
		c.Kind = Double
	case "bool":
		c.Kind = Bool
	case "date":
		c.Kind = Date
	case "timestamp", "timestamptz", "time":
		c.Kind = map[string]Kind{"timestamp": DateTime, "timestamptz": Timestamp, "time": Time}[base]
		if c.Precision = 6; modifier >= 0 {
			c.Precision = modifier
		}
	case "text", "varchar", "bpchar", "citext":
		c.Kind, c.Length, c.Charset = Text, limit, "utf8mb4"
	case "bytea":
		c.Kind, c.Length = Binary, unbounded
	case "json", "jsonb":
		c.Kind = JSON
	case "uuid":
		c.Kind = UUID
	}
	if class == "e" {
		c.Kind = Enum
	}
}

// keysPostgres selects the columns of unique indices. The columns of the primary key are in the key's order.
const keysPostgres = `SELECT a.attname, i.indisprimary FROM pg_index i CROSS JOIN LATERAL unnest(i.indkey) WITH ORDINALITY k (attnum, place)
	JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum
	WHERE i.indrelid = $1 AND i.indisunique AND k.place <= i.indnkeyatts ORDER BY i.indexrelid, k.place`

func loadKeysPostgres(ctx context.Context, db *sql.DB, t *Table, id uint32) error {
	rows, err := db.QueryContext(ctx, keysPostgres, id)
	if err != nil {
		return err //nolint:wrapcheck // the caller wraps it
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var column string
		var primary bool
		if err := rows.Scan(&column, &primary); err != nil {
			return err //nolint:wrapcheck // the caller wraps it
		}
		i := slices.IndexFunc(t.Columns, func(c Column) bool { return c.Name == column })
		switch {
		case primary && i < 0:
			return fmt.Errorf("DMS does not transfer column %s of the primary key, because the database computes it: %w; leave the table out of source.tables", column, ErrNoKey)
		case i < 0:
		case primary:
			t.Columns[i].Key = true
			t.Key = append(t.Key, i)
		default:
			t.Columns[i].Unique = true
		}
	}
	return rows.Err() //nolint:wrapcheck // the caller wraps it
}

// parameterPostgres casts a text to the column's type, because the server may assume another type for the parameter.
func (c Column) parameterPostgres(n int) string {
	return fmt.Sprintf("CAST($%d::text AS %s)", n, c.Type)
}

func (c Column) argumentPostgres(value string) string {
	if c.Kind == Binary {
		return `\x` + hex.EncodeToString([]byte(value))
	}
	return value
}

// selectPostgres reads the column as text in the form of [Column.Canonical]. A boolean is 1 or 0, and a time is in UTC
// without its zone.
func (c Column) selectPostgres() string {
	name := quotePostgres(c.Name)
	switch c.Kind {
	case Bool:
		return name + "::int::text"
	case Timestamp:
		return "(" + name + " AT TIME ZONE 'UTC')::text"
	default:
		return name + "::text"
	}
}

// decode converts the hexadecimal digits that PostgreSQL prints to bytes. It also restores zeros at the end of times,
// which PostgreSQL leaves out.
func (t *Table) decode(row []sql.NullString) error {
	if t.Engine != PostgreSQL {
		return nil
	}
	for i, c := range t.Columns {
		if !row[i].Valid {
			continue
		}
		switch c.Kind {
		case Binary:
			raw, err := hex.DecodeString(strings.TrimPrefix(row[i].String, `\x`))
			if err != nil {
				return fmt.Errorf("column %s holds %s: %w", c.Name, strconv.Quote(row[i].String), err)
			}
			row[i].String = string(raw)
		case DateTime, Timestamp, Time:
			row[i].String = padded(row[i].String, c.Precision)
		default:
		}
	}
	return nil
}

var clock = regexp.MustCompile(`:\d\d(\.\d+)?$`)

// padded adds zeros to a time until its seconds have that many decimal digits. It returns other texts (infinity, a year
// before Christ) unchanged.
func padded(text string, digits int) string {
	m := clock.FindStringSubmatch(text)
	if m == nil || digits == 0 {
		return text
	}
	if m[1] == "" {
		text += "."
	}
	return text + strings.Repeat("0", max(0, digits-max(0, len(m[1])-1)))
}
