package storestest_test

import (
	"bytes"
	"cdcpipeline/internal/change"
	"cdcpipeline/internal/operator/ddl"
	"cdcpipeline/internal/operator/erase"
	"cdcpipeline/internal/operator/schema"
	"cdcpipeline/internal/operator/slot"
	"cdcpipeline/internal/operator/workload"
	"cdcpipeline/internal/table"
	"cdcpipeline/rehearsal/stores/storestest"
	"context"
	"database/sql"
	"encoding/json"
	"maps"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

const hardPostgresTable = `CREATE TABLE "Generate".hard (
  a BYTEA NOT NULL, d NUMERIC(12,3) NOT NULL, k TIMESTAMP(3) NOT NULL, id BIGINT NOT NULL, "ten""ant" VARCHAR(24) NOT NULL,
  s2 SMALLINT, i4 INT, i8 BIGINT NOT NULL, flag BOOLEAN NOT NULL, f REAL, db DOUBLE PRECISION,
  n38 NUMERIC(38,0), n30 NUMERIC(30,30), free NUMERIC, da DATE, ti TIME, ti0 TIME(0), ts TIMESTAMPTZ(2), tz TIMESTAMPTZ, dt TIMESTAMP(1), dt6 TIMESTAMP,
  e "Generate".mood NOT NULL, c CHAR(10), tt TEXT, doc JSONB, plain JSON, u UUID NOT NULL, vb BYTEA, email VARCHAR(60) UNIQUE, own "Generate".amount,
  tags TEXT[], wait INTERVAL, net INET,
  gen INT GENERATED ALWAYS AS (length(tt)) STORED, PRIMARY KEY (id, a, d, k, "ten""ant"))`

func TestJournalEqualsTheTablesOfPostgreSQL(t *testing.T) {
	server := storestest.Postgres(t)
	db, err := schema.Open(t.Context(), schema.Connection{
		Engine: schema.PostgreSQL, Host: server.Host, Port: server.Port, Database: server.Database, User: server.User, Password: server.Password, TLS: server.ClientTLS(),
	})
	require.NoError(t, err)
	defer db.Close()
	exec := func(statement string) {
		t.Helper()
		_, err := db.ExecContext(t.Context(), statement)
		require.NoError(t, err, statement)
	}
	for _, statement := range []string{
		`DROP SCHEMA IF EXISTS "Generate" CASCADE`, `CREATE SCHEMA "Generate"`, `CREATE TYPE "Generate".mood AS ENUM ('a', 'it''s', '셋', 'x,y')`,
		`CREATE DOMAIN "Generate".number AS NUMERIC(10,2)`, `CREATE DOMAIN "Generate".amount AS "Generate".number`, hardPostgresTable,
		`CREATE TABLE "Generate".auto (kind CHAR(2) NOT NULL, "i""d" BIGINT GENERATED ALWAYS AS IDENTITY (START 9223372036854000000), v TEXT, PRIMARY KEY (kind, "i""d"))`,
	} {
		exec(statement)
	}
	hard, auto := table.Name{Database: "Generate", Table: "hard"}, table.Name{Database: "Generate", Table: "auto"}
	var first, second bytes.Buffer
	o := workload.Options{Tables: []table.Name{hard, auto}, Count: 6000, Mix: workload.Mix{Insert: 40, Update: 40, Delete: 20}, Seed: 7, Journal: &first}
	_, err = workload.Run(t.Context(), db, o)
	require.NoError(t, err)
	entries := journaled(t, &first)
	require.Len(t, entries, int(o.Count))
	expected, actual := replayed(t, entries), stored(t, db, o.Tables)
	require.Equal(t, len(expected), len(actual))
	for _, key := range slices.Sorted(maps.Keys(expected)) {
		require.Equal(t, expected[key], actual[key], key)
	}

	before, err := ddl.Database{DB: db}.Tables(t.Context())
	require.NoError(t, err)
	exec(`TRUNCATE "Generate".hard`)
	exec(`TRUNCATE "Generate".auto RESTART IDENTITY`)
	after, err := ddl.Database{DB: db}.Tables(t.Context())
	require.NoError(t, err)
	require.NotEqual(t, before[hard].ID, after[hard].ID, "which tells of the TRUNCATE")
	require.Equal(t, before[hard].Columns, after[hard].Columns)
	require.Equal(t, []string{"kind", `i"d`, "v"}, after[auto].Names)
	require.NotContains(t, after[hard].Names, "gen", "which DMS does not carry")
	o.Journal = &second
	_, err = workload.Run(t.Context(), db, o)
	require.NoError(t, err)
	require.Equal(t, entries, journaled(t, &second), "the same seed on the same tables")
}

func TestValuesOfPostgreSQLHaveTheirCanonicalForms(t *testing.T) {
	server := storestest.Postgres(t)
	db := server.Open(t, server.Database)
	for _, statement := range []string{
		`DROP SCHEMA IF EXISTS canonical CASCADE`, `CREATE SCHEMA canonical`,
		`CREATE TABLE canonical.v (id INT PRIMARY KEY, flag BOOLEAN, free NUMERIC, exact NUMERIC(20,4), tz TIMESTAMPTZ(3), dt TIMESTAMP, raw BYTEA, tags TEXT[], wait INTERVAL, f REAL, u UUID)`,
		`INSERT INTO canonical.v VALUES (1, true, 1.10, 1234567890123456.7, '2026-01-02 03:04:05.1+09', '2026-01-02 03:04:05', '\x00ff', ARRAY['a,b', NULL], '1 mon 2 days', 0.1, 'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11')`,
		`INSERT INTO canonical.v (id, dt) VALUES (2, 'infinity')`,
	} {
		_, err := db.ExecContext(t.Context(), statement)
		require.NoError(t, err, statement)
	}
	loaded, err := schema.Load(t.Context(), db, table.Name{Database: "canonical", Table: "v"})
	require.NoError(t, err)
	rows := map[string]map[string]any{}
	require.NoError(t, loaded.Each(t.Context(), db, func(values []sql.NullString) error {
		_, columns, err := loaded.Canonical(values)
		rows[values[0].String] = columns
		return err
	}))
	require.Equal(t, map[string]any{
		"id": json.Number("1"), "flag": json.Number("1"), "free": "1.10", "exact": "1234567890123456.7000", "tz": "2026-01-01T18:04:05.100Z", "dt": "2026-01-02T03:04:05.000000Z",
		"raw": "AP8=", "tags": `{"a,b",NULL}`, "wait": "1 mon 2 days", "f": json.Number("0.1"), "u": "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11",
	}, rows["1"])
	require.Equal(t, "infinityZ", rows["2"]["dt"])
	_, err = db.ExecContext(t.Context(), "ANALYZE canonical.v")
	require.NoError(t, err)
	rowsAbout, err := schema.Estimate(t.Context(), db, loaded.Name)
	require.NoError(t, err)
	require.Equal(t, int64(2), rowsAbout)
	key, err := erase.Database{DB: db}.Key(t.Context(), loaded.Name)
	require.NoError(t, err)
	require.Equal(t, change.KeyColumns{Names: []string{"id"}, Types: []string{"integer"}}, key)
	has, err := erase.Database{DB: db}.Has(t.Context(), loaded.Name, change.Key{"2"})
	require.NoError(t, err)
	require.True(t, has)
	found, err := loaded.Find(t.Context(), db, []sql.NullString{{String: "1", Valid: true}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}})
	require.NoError(t, err)
	require.Len(t, found, 1)
	_, err = schema.Load(t.Context(), db, table.Name{Database: "pg_catalog", Table: "pg_tables"})
	require.ErrorContains(t, err, "it is a view: give the name of a table")
}

func TestASlotIsReadWithWhatItKeeps(t *testing.T) {
	server := storestest.Postgres(t)
	db := server.Open(t, server.Database)
	_, err := db.ExecContext(t.Context(), "SELECT pg_create_logical_replication_slot('watched', 'test_decoding')")
	require.NoError(t, err)
	t.Cleanup(func() { _, _ = db.ExecContext(context.Background(), "SELECT pg_drop_replication_slot('watched')") })
	slots, err := slot.Read(t.Context(), db)
	require.NoError(t, err)
	i := slices.IndexFunc(slots, func(s slot.Slot) bool { return s.Name == "watched" })
	require.GreaterOrEqual(t, i, 0)
	require.NotNil(t, slots[i].BytesBehind)
	require.GreaterOrEqual(t, *slots[i].BytesBehind, int64(0))
	require.Equal(t, []any{false, "reserved"}, []any{slots[i].Active, slots[i].State})
}
