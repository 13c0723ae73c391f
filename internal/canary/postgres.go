package canary

import (
	"cdcpipeline/internal/source/postgres"
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"time"
)

// postgresDatabase is PostgreSQL or Aurora PostgreSQL.
type postgresDatabase struct {
	postgres.Admin
	verified
}

// Close logs out.
func (d *postgresDatabase) Close() error { return closeSession(d.Admin) }

// slotsPostgres reads the slots. The oldest servers lack safe_wal_size. It is NULL without a limit on the log kept
// for a slot, and not positive when the slot is about to be lost,
// https://www.postgresql.org/docs/current/view-pg-replication-slots.html.
const slotsPostgres = `SELECT coalesce(to_jsonb(s)->>'wal_status', ''), coalesce(to_jsonb(s)->>'safe_wal_size', '') FROM pg_replication_slots s
WHERE database = current_database() AND plugin IN ('test_decoding', 'pglogical') AND NOT temporary`

// Log reads the slots of this database and returns the smallest remaining margin.
func (d *postgresDatabase) Log(ctx context.Context) (Log, error) {
	slots, err := d.Query(ctx, slotsPostgres)
	if err != nil {
		return Log{}, fmt.Errorf("listing replication slots: %w", err)
	}
	var l Log
	for _, s := range slots {
		left, err := int64(0), error(nil)
		switch {
		case s[0] == "lost":
		case s[1] == "":
			continue
		default:
			if left, err = strconv.ParseInt(s[1], 10, 64); err != nil {
				return Log{}, fmt.Errorf("what a slot has left: %w", err)
			}
		}
		if l.Bytes == nil || left < *l.Bytes {
			l.Bytes = &left
		}
	}
	return l, nil
}

const beatPostgres = `INSERT INTO cdc_canary.heartbeat AS h (id, beat, written, began, log) VALUES (1, 1, $1::bigint, $1::bigint, 0)
ON CONFLICT (id) DO UPDATE SET beat = h.beat + 1, written = EXCLUDED.written RETURNING beat, began`

// Beat is one statement, which commits by itself.
func (d *postgresDatabase) Beat(ctx context.Context, at time.Time, _ int64) (Beat, error) {
	rows, err := d.Query(ctx, beatPostgres, strconv.FormatInt(at.UnixMilli(), 10))
	if err != nil {
		return Beat{}, err
	}
	return readBeat(rows)
}

// tablesPostgres identifies a table by its object and its file. TRUNCATE, CLUSTER, VACUUM FULL and a rewriting ALTER
// TABLE change the file; DROP and CREATE change the object too,
// https://www.postgresql.org/docs/current/functions-admin.html#FUNCTIONS-ADMIN-DBLOCATION. It compares only the names
// of the columns that DMS carries. DMS omits computed columns, which PostgreSQL 11 does not have.
const tablesPostgres = `SELECT n.nspname, c.relname, c.oid::text || '/' || coalesce(pg_relation_filenode(c.oid)::text, ''),
coalesce((SELECT json_agg(a.attname ORDER BY a.attnum) FROM pg_attribute a
  WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND coalesce(to_jsonb(a)->>'attgenerated', '') = ''), '[]')
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = 'r' AND n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', '` + postgres.HeartbeatSchema + `')
AND has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT')`

// Tables are the tables that the user may read.
func (d *postgresDatabase) Tables(ctx context.Context) (map[string]Made, error) {
	rows, err := d.Query(ctx, tablesPostgres)
	if err != nil {
		return nil, fmt.Errorf("listing tables: %w", err)
	}
	made := make(map[string]Made, len(rows))
	for _, row := range rows {
		of := Made{ID: row[2]}
		if err := json.Unmarshal([]byte(row[3]), &of.Names); err != nil {
			return nil, fmt.Errorf("listing columns: %w", err)
		}
		made[row[0]+"."+row[1]] = of
	}
	return made, nil
}
