package dms

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// find returns the tables that the rules select and the user may read, except DMS's own. A partition counts as a
// table.
func (r *postgresReader) find(ctx context.Context) ([]name, error) {
	rows, err := r.conn.Query(ctx, `SELECT n.nspname, c.relname, c.relkind = 'p' FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
		WHERE c.relkind IN ('r', 'p') AND c.relpersistence = 'p' AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname NOT LIKE 'pg\_%'
		AND c.relname NOT LIKE 'awsdms\_%' AND has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT') ORDER BY 1, 2`)
	if err != nil {
		return nil, fmt.Errorf("listing tables: %w", err)
	}
	defer rows.Close()
	var found []name
	for rows.Next() {
		var n name
		var partitioned bool
		if err := rows.Scan(&n.schema, &n.table, &partitioned); err != nil {
			return nil, fmt.Errorf("listing tables: %w", err)
		}
		switch {
		case !r.task.mappings.selects(n):
		case partitioned:
			return nil, fmt.Errorf("table %s: it is partitioned, which DMS does not support: let the task's rules select its partitions", n)
		default:
			found = append(found, n)
		}
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("listing tables: %w", err)
	}
	return found, nil
}

// define reads a table's definition at one moment, and decides how its records are keyed.
func (r *postgresReader) define(ctx context.Context, n name) (*table, error) {
	t, err := definePostgres(ctx, r.conn, n, r.task)
	if err != nil {
		return nil, err
	}
	if err := t.readFilters(r.task.mappings); err != nil {
		return nil, err
	}
	return t, t.decideKeys(r.task)
}

func definePostgres(ctx context.Context, conn *pgx.Conn, n name, d *declared) (*table, error) {
	tx, err := conn.BeginTx(ctx, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly})
	if err != nil {
		return nil, fmt.Errorf("defining %s: %w", n, err)
	}
	defer func() { _ = tx.Rollback(ctx) }() // it only read
	t := &table{name: n}
	var oid uint32
	err = tx.QueryRow(ctx, `SELECT c.oid, c.relreplident = 'f' FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
		WHERE n.nspname = $1 AND c.relname = $2`,
		n.schema, n.table).Scan(&oid, &t.wholeRows)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, fmt.Errorf("defining %s: %w", n, errNoTable)
	}
	if err != nil {
		return nil, fmt.Errorf("defining %s: %w", n, err)
	}
	if err := t.readPostgresColumns(ctx, tx, d); err != nil {
		return nil, fmt.Errorf("defining %s: %w", n, err)
	}
	return t, t.readPostgresKey(ctx, tx, oid)
}

func (t *table) readPostgresColumns(ctx context.Context, tx pgx.Tx, d *declared) error {
	rows, err := tx.Query(ctx, `SELECT column_name, data_type, udt_name, is_nullable = 'YES', COALESCE(character_maximum_length, 0), COALESCE(numeric_precision, 0)
		FROM information_schema.columns WHERE table_schema = $1 AND table_name = $2 ORDER BY ordinal_position`, t.schema, t.table)
	if err != nil {
		return fmt.Errorf("reading the columns: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var c column
		var dataType, udt string
		var precision int
		if err := rows.Scan(&c.name, &dataType, &udt, &c.nullable, &c.length, &precision); err != nil {
			return fmt.Errorf("reading the columns: %w", err)
		}
		c.postgres(dataType, udt, precision, d.source.postgres)
		c.omitted = d.mappings.omits(t.name, c.name)
		t.columns = append(t.columns, c)
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("reading the columns: %w", err)
	}
	return nil
}

func (t *table) readPostgresKey(ctx context.Context, tx pgx.Tx, oid uint32) error {
	rows, err := tx.Query(ctx, `SELECT a.attname FROM pg_index i CROSS JOIN LATERAL unnest(i.indkey::int2[]) WITH ORDINALITY k(number, place)
		JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.number WHERE i.indrelid = $1 AND i.indisprimary ORDER BY k.place`, oid)
	if err != nil {
		return fmt.Errorf("reading the primary key of %s: %w", t.name, err)
	}
	defer rows.Close()
	for rows.Next() {
		var column string
		if err := rows.Scan(&column); err != nil {
			return fmt.Errorf("reading the primary key of %s: %w", t.name, err)
		}
		t.key = append(t.key, t.index(column))
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("reading the primary key of %s: %w", t.name, err)
	}
	return nil
}

// postgresTypes maps PostgreSQL's types to DMS's, with the names in control records. Unlisted types are text:
// https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Source.PostgreSQL.html#CHAP_Source-PostgreSQL-DataTypes.
var postgresTypes = map[string]struct {
	kind kind
	typ  string
	lob  bool
	bits int
}{
	"smallint": {kind: kindInteger, typ: "INT16", bits: 16}, "integer": {kind: kindInteger, typ: "INT32", bits: 32}, "bigint": {kind: kindInteger, typ: "INT64", bits: 64},
	"numeric": {kind: kindDecimal, typ: "NUMERIC"}, "money": {kind: kindDecimal, typ: "NUMERIC"},
	"real": {kind: kindFloat, typ: "REAL4", bits: 32}, "double precision": {kind: kindFloat, typ: "REAL8", bits: 64},
	"date":                        {kind: kindDate, typ: "DATE"},
	"timestamp without time zone": {kind: kindDateTime, typ: "TIMESTAMP"},
	"timestamp with time zone":    {kind: kindDateTime, typ: "TIMESTAMP"},
	"bytea":                       {kind: kindBytes, typ: "BLOB", lob: true},
	"text":                        {kind: kindText, typ: "NCLOB", lob: true}, "json": {kind: kindText, typ: "NCLOB", lob: true}, "jsonb": {kind: kindText, typ: "NCLOB", lob: true},
	"ARRAY": {kind: kindText, typ: "NCLOB", lob: true}, "xml": {kind: kindText, typ: "CLOB", lob: true},
	"tsvector": {kind: kindText, typ: "CLOB", lob: true}, "tsquery": {kind: kindText, typ: "CLOB", lob: true},
	"path": {kind: kindText, typ: "CLOB", lob: true}, "polygon": {kind: kindText, typ: "CLOB", lob: true},
}

// mostDigits is the precision from which a NUMERIC is text; one without a precision has the digits of NUMERIC(28,6).
const (
	mostDigits    = 38
	defaultDigits = 28
	defaultScale  = 6
)

// postgres converts PostgreSQL's type to DMS's; a domain has its base type's.
func (c *column) postgres(dataType, udt string, precision int, endpoint *postgresEndpoint) {
	c.kind, c.typ = kindText, "STRING"
	if known, ok := postgresTypes[dataType]; ok {
		c.kind, c.typ, c.lob, c.bits = known.kind, known.typ, known.lob, known.bits
	}
	switch {
	case dataType == "numeric" && precision > mostDigits:
		c.kind, c.typ = kindText, "STRING"
	case dataType == "numeric" && precision == 0:
		c.unbounded = true
	case dataType == "money":
		c.money = true
	case dataType == "boolean" && endpoint.booleans:
		c.kind, c.typ = kindBoolean, "BOOLEAN"
	case dataType == "boolean":
		c.length, c.truth = len("false"), true
	case dataType == "USER-DEFINED" && udt == "hstore":
		c.typ, c.lob = "NCLOB", true
	case dataType == "USER-DEFINED" && c.length == 0:
		c.length = 64 // an ENUM's
	}
}
