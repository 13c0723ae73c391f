package storestest_test

import (
	"cdcpipeline/internal/canary"
	"cdcpipeline/internal/source/preparation"
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// oneSecret is Secrets Manager with only the replication user's secret.
type oneSecret string

func (s oneSecret) Get(context.Context, string) (string, error) { return string(s), nil }

// beats runs some canary calls on a database. Between them the table shop changes in a way that no record reports,
// and gets a column that is then renamed and dropped.
func beats(t *testing.T, db canary.Database, shop string, exec func(string), empty func()) {
	t.Helper()
	days := time.Until(db.Expires()).Hours() / 24
	require.Greater(t, days, 0., "the certificate by which the server was verified")
	log, err := db.Log(t.Context())
	require.NoError(t, err)
	at := time.Now().Truncate(time.Millisecond)
	first, err := db.Beat(t.Context(), at, log.Newest)
	require.NoError(t, err)
	require.Equal(t, canary.Beat{Number: 1, Began: at}, first)
	second, err := db.Beat(t.Context(), at.Add(time.Minute), log.Newest)
	require.NoError(t, err)
	require.Equal(t, canary.Beat{Number: 2, Began: at}, second)
	before, err := db.Tables(t.Context())
	require.NoError(t, err)
	require.Contains(t, before, shop)
	again, err := db.Tables(t.Context())
	require.NoError(t, err)
	require.Equal(t, before, again)
	empty()
	after, err := db.Tables(t.Context())
	require.NoError(t, err)
	require.NotEqual(t, before[shop].ID, after[shop].ID)
	require.Equal(t, before[shop].Columns, after[shop].Columns)
	require.Equal(t, before[shop].Names, after[shop].Names)
	for _, c := range []struct {
		statement string
		more      []string
	}{{"ADD COLUMN spare INT", []string{"spare"}}, {"RENAME COLUMN spare TO price", []string{"price"}}, {"DROP COLUMN price", nil}} {
		exec("ALTER TABLE " + shop + " " + c.statement)
		altered, err := db.Tables(t.Context())
		require.NoError(t, err)
		require.Equal(t, slices.Concat(before[shop].Names, c.more), altered[shop].Names)
	}
}

func TestRealServerTakesACanarysHeartbeat(t *testing.T) {
	r := connectReal(t)
	r.exec("DROP DATABASE IF EXISTS cdc_canary")
	t.Cleanup(func() { r.exec("DROP DATABASE IF EXISTS cdc_canary") })
	req := r.request()
	req.Canary = true
	first, err := r.run(r.user(password), req)
	require.NoError(t, err)
	require.Contains(t, first.Changed, "table cdc_canary.heartbeat")
	require.Contains(t, first.Changed, "granted UPDATE ON `cdc_canary`.`heartbeat`")
	second, err := r.run(r.user(password), req)
	require.NoError(t, err)
	require.Empty(t, second.Changed)

	secret := fmt.Sprintf(`{"username":"cdc_test","password":%q,"host":%q,"port":%d}`, password, r.server.Host, r.server.Port)
	db, err := canary.Settings{Secret: "arn", Certificates: r.server.Certificates}.Open(t.Context(), oneSecret(secret))
	require.NoError(t, err)
	defer func() { require.NoError(t, db.Close()) }()
	beats(t, db, "testdb.retail_trans", r.exec, func() {
		time.Sleep(1100 * time.Millisecond) // the server's times are in seconds
		r.exec("CREATE TABLE testdb.other LIKE testdb.retail_trans; DROP TABLE testdb.retail_trans; RENAME TABLE testdb.other TO testdb.retail_trans")
	})
	log, err := db.Log(t.Context())
	require.NoError(t, err)
	require.Positive(t, log.Oldest)
	require.GreaterOrEqual(t, log.Newest, log.Oldest)
	r.exec("FLUSH BINARY LOGS")
	later, err := db.Log(t.Context())
	require.NoError(t, err)
	require.Equal(t, log.Newest+1, later.Newest)
	require.Equal(t, 1, r.count("SELECT COUNT(*) FROM cdc_canary.heartbeat WHERE beat = 2"))
}

func TestRealPostgresTakesACanarysHeartbeat(t *testing.T) {
	r := connectPostgres(t)
	req := r.request()
	req.Canary = true
	first, err := r.run(req)
	require.NoError(t, err)
	require.Contains(t, first.Changed, "table cdc_canary.heartbeat")
	require.Contains(t, first.Changed, `granted UPDATE ON TABLE "cdc_canary"."heartbeat"`)
	require.Equal(t, "ok: the key", first.Summary()["replica identity of cdc_canary.heartbeat"])
	second, err := r.run(req)
	require.NoError(t, err)
	require.Empty(t, second.Changed)

	secret := fmt.Sprintf(`{"username":%q,"password":%q,"host":%q,"port":%d}`, r.user.Username, r.user.Password, r.server.Host, r.server.Port)
	settings := canary.Settings{Engine: canary.PostgreSQL, Secret: "arn", Database: r.server.Database, Certificates: r.server.Certificates}
	db, err := settings.Open(t.Context(), oneSecret(secret))
	require.NoError(t, err)
	defer func() { require.NoError(t, db.Close()) }()
	beats(t, db, "testdb.retail_trans", r.exec, func() { r.exec("TRUNCATE testdb.retail_trans") })
	tables, err := db.Tables(t.Context())
	require.NoError(t, err)
	require.Len(t, tables, 2, "those that the user may read")
	require.Contains(t, tables, preparation.Canary.String())

	log, err := db.Log(t.Context())
	require.NoError(t, err)
	require.Nil(t, log.Bytes, "there is no slot yet")
	_, err = r.root.Exec("SELECT pg_create_logical_replication_slot('of_canary', 'test_decoding')")
	require.NoError(t, err)
	defer func() { _, _ = r.root.Exec("SELECT pg_drop_replication_slot('of_canary')") }()
	log, err = db.Log(t.Context())
	require.NoError(t, err)
	var limit string
	require.NoError(t, r.root.QueryRow("SHOW max_slot_wal_keep_size").Scan(&limit))
	require.Equal(t, limit != "-1", log.Bytes != nil, limit)
}
