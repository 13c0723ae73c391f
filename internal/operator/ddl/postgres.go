package ddl

import (
	"cdcpipeline/internal/table"
	"context"
	"encoding/json"
	"fmt"
)

// tablesPostgres selects tables with an identity that distinguishes tables of the same name. TRUNCATE, a rewriting
// ALTER TABLE, CLUSTER and VACUUM FULL give a table a new file. DROP and CREATE also give it a new object id.
// PostgreSQL keeps no creation time,
// https://www.postgresql.org/docs/17/functions-admin.html#FUNCTIONS-ADMIN-DBLOCATION. The query leaves out computed
// columns, which DMS does not carry. PostgreSQL 11 has no computed columns.
const tablesPostgres = `SELECT n.nspname, c.relname, c.oid::text || '/' || coalesce(pg_relation_filenode(c.oid)::text, ''),
	(SELECT left(encode(sha256(convert_to(string_agg(quote_ident(a.attname) || ' ' || format_type(a.atttypid, a.atttypmod) || ' ' || a.attnotnull || ' ' || a.attcollation,
		E'\n' ORDER BY a.attnum), 'UTF8')), 'hex'), 16) FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped),
	coalesce((SELECT json_agg(a.attname ORDER BY a.attnum) FROM pg_attribute a
		WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND coalesce(to_jsonb(a)->>'attgenerated', '') = ''), '[]')
	FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
	WHERE c.relkind = 'r' AND n.nspname NOT LIKE 'pg\_%' AND n.nspname <> 'information_schema'`

func (r reading) postgres(ctx context.Context) error {
	err := r.each(ctx, tablesPostgres, func(row []string) error {
		t := &Table{ID: row[2], Columns: row[3]}
		r.tables[table.Name{Database: row[0], Table: row[1]}] = t
		return json.Unmarshal([]byte(row[4]), &t.Names) //nolint:wrapcheck // the caller wraps it
	})
	if err != nil {
		return fmt.Errorf("reading how the tables are made: %w", err)
	}
	return nil
}
