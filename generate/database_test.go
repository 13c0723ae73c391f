package generate

import (
	"bytes"
	"cmp"
	"crypto/tls"
	"crypto/x509"
	"database/sql"
	"encoding/json"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// keyOf identifies a row over tables.
func keyOf(table string, key map[string]any) string {
	b, err := json.Marshal(key)
	if err != nil {
		panic(err)
	}
	return table + string(b)
}

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

// TestJournalEqualsTheTables needs a server: CDC_TEST_DATABASE=user:password@host:port and CDC_TEST_CA=file, whose
// user may create databases.
func TestJournalEqualsTheTables(t *testing.T) {
	db := testDatabase(t)
	for _, statement := range []string{
		"DROP DATABASE IF EXISTS cdc_generate_test", "CREATE DATABASE cdc_generate_test", hardTable, autoTable,
	} {
		_, err := db.ExecContext(t.Context(), statement)
		require.NoError(t, err)
	}
	var first, second bytes.Buffer
	o := Options{
		Tables: []TableName{{"cdc_generate_test", "hard"}, {"cdc_generate_test", "auto"}},
		Count:  6000, Mix: Mix{Insert: 40, Update: 40, Delete: 20}, Seed: 7, Journal: &first,
	}
	summary, err := Run(t.Context(), db, o)
	require.NoError(t, err)
	t.Log(summary)
	requireReplayed(t, db, journaled(t, &first), o)

	for _, name := range o.Tables {
		_, err := db.ExecContext(t.Context(), "TRUNCATE TABLE "+name.quoted())
		require.NoError(t, err)
	}
	_, err = db.ExecContext(t.Context(), "ALTER TABLE cdc_generate_test.auto AUTO_INCREMENT=18446744073709000000")
	require.NoError(t, err)
	o.Journal = &second
	_, err = Run(t.Context(), db, o)
	require.NoError(t, err)
	require.Equal(t, journaled(t, &first), journaled(t, &second), "the same seed on the same tables")
}

func testDatabase(t *testing.T) *sql.DB {
	address := os.Getenv("CDC_TEST_DATABASE")
	if address == "" {
		t.Skip("CDC_TEST_DATABASE is not set")
	}
	login, server, _ := strings.Cut(address, "@")
	user, password, _ := strings.Cut(login, ":")
	host, port, _ := strings.Cut(server, ":")
	n, err := strconv.Atoi(cmp.Or(port, "3306"))
	require.NoError(t, err)
	c := Connection{Host: host, Port: n, User: user, Password: password}
	if file := os.Getenv("CDC_TEST_CA"); file != "" {
		pem, err := os.ReadFile(file)
		require.NoError(t, err)
		c.TLS = &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: x509.NewCertPool()}
		require.True(t, c.TLS.RootCAs.AppendCertsFromPEM(pem))
	}
	db, err := Open(t.Context(), c)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	return db
}

// requireReplayed compares the journal, replayed, with every row of the tables as the text protocol prints them.
func requireReplayed(t *testing.T, db *sql.DB, entries []Entry, o Options) {
	expected := requireConsistent(t, entries, o.Count)
	actual := map[string]map[string]any{}
	for _, name := range o.Tables {
		table, err := LoadTable(t.Context(), db, name)
		require.NoError(t, err)
		columns := make([]string, len(table.Columns))
		for i, c := range table.Columns {
			columns[i] = c.SelectExpression()
		}
		rows, err := db.QueryContext(t.Context(), "SELECT "+strings.Join(columns, ", ")+" FROM "+name.quoted())
		require.NoError(t, err)
		for rows.Next() {
			values, into := make([]sql.NullString, len(columns)), make([]any, len(columns))
			for i := range values {
				into[i] = &values[i]
			}
			require.NoError(t, rows.Scan(into...))
			key, row, err := table.Canonical(values)
			require.NoError(t, err)
			actual[keyOf(name.String(), key)] = row
		}
		require.NoError(t, rows.Err())
		require.NoError(t, rows.Close())
	}
	require.Equal(t, len(expected), len(actual))
	for _, key := range slices.Sorted(maps.Keys(expected)) {
		require.Equal(t, expected[key], actual[key], key)
	}
}
