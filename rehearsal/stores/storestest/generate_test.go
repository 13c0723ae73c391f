package storestest_test

import (
	"bytes"
	"cdcpipeline/internal/operator/schema"
	"cdcpipeline/internal/operator/workload"
	"cdcpipeline/internal/table"
	"cdcpipeline/rehearsal/stores/storestest"
	"database/sql"
	"encoding/json"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const hardTable = `CREATE TABLE cdc_generate_test.hard (
  a BINARY(4) NOT NULL, d DECIMAL(12,3) NOT NULL, k DATETIME(3) NOT NULL, id BIGINT UNSIGNED NOT NULL, tenant VARCHAR(24) NOT NULL,
  t1 TINYINT, t2 TINYINT UNSIGNED, s2 SMALLINT, m3 MEDIUMINT, m4 MEDIUMINT UNSIGNED, i4 INT(8) ZEROFILL, i8 BIGINT, u8 BIGINT UNSIGNED NOT NULL,
  flag BOOL NOT NULL, b1 BIT(1), b9 BIT(9), b64 BIT(64), f FLOAT, f2 FLOAT(7,2), db DOUBLE, db2 DOUBLE UNSIGNED,
  dec0 DECIMAL(65,0), dec10 DECIMAL(30,10), dec30 DECIMAL(30,30), da DATE,
  ti TIME, ti6 TIME(6), ts TIMESTAMP(2) NULL ON UPDATE CURRENT_TIMESTAMP(2), y YEAR, dt DATETIME(1), dt6 DATETIME(6),
  e ENUM('a','it''s','셋','x,y') NOT NULL, s SET('p','q','r'), c CHAR(10), tt TINYTEXT, mt MEDIUMTEXT, doc JSON,
  l1 VARCHAR(30) CHARACTER SET latin1, l3 VARCHAR(30) CHARACTER SET utf8mb3, asc1 VARCHAR(9) CHARACTER SET ascii,
  vb VARBINARY(33), tb TINYBLOB, lb LONGBLOB, pt POINT NULL, email VARCHAR(60) UNIQUE,
  gen INT AS (LENGTH(mt)) VIRTUAL, gs INT AS (t2 + 1) STORED, PRIMARY KEY (a, d, k, id, tenant)) CHARACTER SET utf8mb4`

const autoTable = "CREATE TABLE cdc_generate_test.auto (kind CHAR(2) NOT NULL, `i``d` BIGINT UNSIGNED AUTO_INCREMENT, v TEXT, " +
	"PRIMARY KEY (kind, `i``d`), KEY (`i``d`)) AUTO_INCREMENT=18446744073709000000 CHARACTER SET utf8mb4"

func TestJournalEqualsTheTables(t *testing.T) {
	server := storestest.MariaDB(t)
	db, err := schema.Open(t.Context(), schema.Connection{
		Host: server.Host, Port: server.Port, User: server.User, Password: server.Password, TLS: server.ClientTLS(),
	})
	require.NoError(t, err)
	defer db.Close()
	exec := func(statement string) {
		t.Helper()
		_, err := db.ExecContext(t.Context(), statement)
		require.NoError(t, err)
	}
	for _, statement := range []string{
		"DROP DATABASE IF EXISTS cdc_generate_test", "CREATE DATABASE cdc_generate_test", hardTable, autoTable,
	} {
		exec(statement)
	}
	var first, second bytes.Buffer
	o := workload.Options{
		Tables: []table.Name{{Database: "cdc_generate_test", Table: "hard"}, {Database: "cdc_generate_test", Table: "auto"}},
		Count:  6000, Mix: workload.Mix{Insert: 40, Update: 40, Delete: 20}, Seed: 7, Journal: &first,
	}
	summary, err := workload.Run(t.Context(), db, o)
	require.NoError(t, err)
	t.Log(summary)
	entries := journaled(t, &first)
	require.Len(t, entries, int(o.Count))
	expected, actual := replayed(t, entries), stored(t, db, o.Tables)
	require.Equal(t, len(expected), len(actual))
	for _, key := range slices.Sorted(maps.Keys(expected)) {
		require.Equal(t, expected[key], actual[key], key)
	}

	for _, name := range o.Tables {
		exec("TRUNCATE TABLE " + name.String())
	}
	exec("ALTER TABLE cdc_generate_test.auto AUTO_INCREMENT=18446744073709000000")
	o.Journal = &second
	_, err = workload.Run(t.Context(), db, o)
	require.NoError(t, err)
	require.Equal(t, entries, journaled(t, &second), "the same seed on the same tables")
}

// journaled reads a journal without the times, because only these differ in a repeated run.
func journaled(t *testing.T, journal *bytes.Buffer) []workload.Entry {
	t.Helper()
	var entries []workload.Entry
	for e, err := range workload.ReadJournal(journal) {
		require.NoError(t, err)
		e.At = time.Time{}
		entries = append(entries, e)
	}
	return entries
}

// replayed is the tables' content after a journal's changes.
func replayed(t *testing.T, entries []workload.Entry) map[string]map[string]any {
	t.Helper()
	live := map[string]map[string]any{}
	for _, e := range entries {
		key := keyOf(t, e.Table, e.Key)
		before, alive := live[key]
		require.Equal(t, e.Op != workload.Insert, alive, "change %d", e.N)
		if e.Op == workload.Delete {
			require.Equal(t, before, e.Row, "change %d", e.N)
			delete(live, key)
			continue
		}
		require.NotEqual(t, before, e.Row, "change %d", e.N)
		live[key] = e.Row
	}
	return live
}

// stored is every row of the tables as read.
func stored(t *testing.T, db *sql.DB, names []table.Name) map[string]map[string]any {
	t.Helper()
	found := map[string]map[string]any{}
	for _, name := range names {
		table, err := schema.Load(t.Context(), db, name)
		require.NoError(t, err)
		require.NoError(t, table.Each(t.Context(), db, func(values []sql.NullString) error {
			key, row, err := table.Canonical(values)
			require.NoError(t, err)
			found[keyOf(t, name.String(), key)] = row
			return nil
		}))
	}
	return found
}

// keyOf identifies a row across tables.
func keyOf(t *testing.T, table string, key map[string]any) string {
	t.Helper()
	b, err := json.Marshal(key)
	require.NoError(t, err)
	return table + string(b)
}
