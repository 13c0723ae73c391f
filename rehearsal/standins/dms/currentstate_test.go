package dms

import (
	"cdcpipeline/internal/bucket/buckettest"
	identity "cdcpipeline/internal/change"
	"cdcpipeline/internal/currentstate"
	"cdcpipeline/internal/opensearch"
	"cdcpipeline/internal/operator/schema"
	"cdcpipeline/internal/operator/verify"
	"cdcpipeline/internal/operator/workload"
	names "cdcpipeline/internal/table"
	"cdcpipeline/rehearsal/stores"
	"cdcpipeline/rehearsal/stores/storestest"
	"database/sql"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/service/databasemigrationservice/types"
	"github.com/stretchr/testify/require"
)

// TestTheCurrentIndexEqualsTheTable runs a real database's history through a task, four shards and a real OpenSearch
// node. Records are shuffled, doubled and late, and a table is loaded again in a new epoch.
func TestTheCurrentIndexEqualsTheTable(t *testing.T) {
	s := newScene(t, types.MigrationTypeValueFullLoadAndCdc)
	database := storestest.MariaDB(t)
	db, err := schema.Open(t.Context(), schema.Connection{Host: database.Host, Port: database.Port, User: database.User, Password: database.Password, TLS: database.ClientTLS()})
	require.NoError(t, err)
	defer db.Close()
	tables := []names.Name{{Database: "dms_test", Table: "kinds"}, {Database: "dms_test", Table: "plain"}}
	write := func(seed uint64) {
		_, err := workload.Run(t.Context(), db, workload.Options{Tables: tables, Count: 600, Mix: workload.Mix{Insert: 40, Update: 35, Delete: 25}, Seed: seed})
		require.NoError(t, err)
	}
	s.exec("INSERT INTO dms_test.kinds VALUES " + fmt.Sprintf(everyValue, 100001))
	write(11)
	s.start(types.StartReplicationTaskTypeValueStartReplication)
	s.wait("running")
	write(12)
	s.exec(`INSERT INTO dms_test.plain (id, name) VALUES (500001, 'moves'), (500002, 'goes'), (500003, 'comes back');
		UPDATE dms_test.plain SET id = id + 1000 WHERE id > 500000 ORDER BY id DESC; UPDATE dms_test.plain SET id = 500001 WHERE id = 501003;
		DELETE FROM dms_test.plain WHERE id = 501002; INSERT INTO dms_test.plain (id, name, amount) VALUES (501003, 'again', -5);
		CREATE TABLE dms_test.made_later (k VARCHAR(20) PRIMARY KEY, n BIGINT UNSIGNED); INSERT INTO dms_test.made_later VALUES ('한글, #1', 18446744073709551615), ('B', NULL);
		ALTER TABLE dms_test.made_later ADD COLUMN day DATE; UPDATE dms_test.made_later SET day = '2026-11-23' WHERE k = 'B'`)
	s.until(func() bool { return len(s.of("made_later", "update")) == 1 })
	s.exec(`INSERT INTO dms_test.made_later VALUES ('C', 1, NULL); ALTER TABLE dms_test.made_later MODIFY day VARCHAR(20), MODIFY n VARCHAR(30);
		UPDATE dms_test.made_later SET n = 'no number', day = 'no day' WHERE k = 'C'`)
	c := newCurrent(t, s)
	c.deliver()
	c.equal("made_later", 1, "k", "n", "day")
	c.equal("plain", 1, "id", "name", "amount")
	c.equal("kinds", 2, "a", "b", "u", "v", "tx", "e", "y")
	c.finds("kinds", 1, `{"term":{"a":100001}},{"term":{"b":18446744073709551615}},{"range":{"dt":{"gte":"2026-11-23","lt":"2026-11-24"}}},
		{"range":{"d.number":{"lt":-1e23}}},{"term":{"d":"-123456789012345678901234.500000"}},{"term":{"b1":true}}`)
	c.finds("made_later", 1, `{"term":{"n":18446744073709551615}}`)
	c.finds("made_later", 1, `{"term":{"day":"2026-11-23"}}`)

	c.compare(db, tables)

	// Another epoch of one table: its running task loads it again because a row was lost on the way.
	plain := names.Name{Database: "dms_test", Table: "plain"}
	epoch := c.beginSoon(plain)
	before := c.rows("plain", 1, "id", "name", "amount")
	require.NoError(t, c.epochs.Await(t.Context(), epoch))
	c.ahead = 30 * time.Second // the function no longer remembers its epochs
	s.exec("SET sql_log_bin = 0; UPDATE dms_test.plain SET name = 'behind the back' WHERE id = 500001; SET sql_log_bin = 1")
	write(13)
	loads := len(s.of("plain", "load"))
	require.NoError(t, s.tryReload("plain"))
	write(14)
	s.until(func() bool {
		return len(s.of("plain", "load")) > loads && s.counted("plain").FullLoadReloaded != nil && *s.counted("plain").FullLoadReloaded
	})
	c.deliver()
	require.Equal(t, before, c.documents("plain", "id", "name", "amount"), "the former epoch is shown as it was")
	c.compare(db, tables[1:], currentstate.Source("").Index(plain, 2))
	require.NoError(t, c.epochs.Switch(t.Context(), plain, 2))
	c.equal("plain", 1, "id", "name", "amount")
	c.equal("kinds", 2, "a", "b", "u", "v", "tx", "e", "y")
	c.finds("plain", 1, `{"term":{"name":"behind the back"}}`)

	old, err := c.epochs.Rollback(t.Context(), plain)
	require.NoError(t, err)
	require.Equal(t, 1, old.Number)
	require.Equal(t, before, c.documents("plain", "id", "name", "amount"))

	// Tombstones are removed once nothing can follow them; no row is.
	c.ahead = 38 * 24 * time.Hour
	require.NotZero(t, c.tombstones())
	swept, err := c.f.Sweep(t.Context())
	require.NoError(t, err)
	require.NotZero(t, swept.Removed)
	require.Zero(t, c.tombstones())
	c.equal("kinds", 2, "a", "b", "u", "v", "tx", "e", "y")
}

// current is the function on a stream, with OpenSearch behind it.
type current struct {
	t      *testing.T
	s      *scene
	node   *stores.Client
	f      *currentstate.Function
	epochs *currentstate.Epochs
	random *rand.Rand
	ahead  time.Duration // offset of the function's clock
	lake   buckettest.S3 // the bucket of the registry; no record may be parked there
	slow   atomic.Int64  // S3's clock is behind by this much
}

func newCurrent(t *testing.T, s *scene) *current {
	node := storestest.OpenSearch(t)
	master := node.Master()
	// Records come in any order. The function's one-minute wait for a table's description must not end before the
	// description arrives, however slow the machine is.
	c := &current{t: t, s: s, node: master, random: rand.New(rand.NewPCG(1, 2)), ahead: -3 * time.Minute}
	reach := opensearch.Client{URL: node.URL, Transport: authorized{master}}
	var err error
	c.f, err = currentstate.New(currentstate.Settings{
		Endpoint: node.URL, Bucket: "lake", Prefix: "parked/", Retention: 7 * 24 * time.Hour, Parked: 30 * 24 * time.Hour, Shards: 2, BulkBytes: 1 << 18, BulkRecords: 300,
		Tables: []currentstate.Table{{Database: "dms_test", Table: "plain", Key: []string{"id"}}, {Database: "dms_test", Table: "kinds", Key: []string{"a", "b"}}},
	}, currentstate.Deps{Domain: reach, Bucket: c.lake.Bucket("lake"), Metrics: io.Discard, Log: slog.New(slog.NewTextHandler(t.Output(), nil)), Now: func() time.Time { return time.Now().Add(c.ahead) }})
	require.NoError(t, err)
	c.lake.Now = func() time.Time { return time.Now().Add(-time.Duration(c.slow.Load())) }
	t.Cleanup(func() { require.Empty(t, c.lake.Objects("lake", "parked/"), "a record was parked") })
	c.epochs = currentstate.NewEpochs(currentstate.EpochsOptions{Domain: reach, Bucket: c.lake.Bucket("lake")})
	return c
}

// beginSoon begins an epoch in some seconds instead of a minute. It uses S3's slow clock.
func (c *current) beginSoon(n names.Name) currentstate.Epoch {
	c.t.Helper()
	c.slow.Store(int64(55 * time.Second))
	defer c.slow.Store(0)
	epoch, err := c.epochs.Begin(c.t.Context(), n)
	require.NoError(c.t, err)
	return epoch
}

// compare compares tables with the rows behind their aliases, or one table with an index, as `cdc verify` does.
func (c *current) compare(db *sql.DB, tables []names.Name, index ...string) {
	c.t.Helper()
	current := verify.Current{Client: opensearch.Client{URL: c.node.URL, Transport: authorized{c.node}}}
	if len(index) > 0 {
		current.Index = func(names.Name) string { return index[0] }
	}
	var found []verify.Difference
	result, err := verify.CompareCurrent(c.t.Context(), verify.Database{DB: db}, current, verify.CompareOptions{Tables: tables, Wait: 20 * time.Second}, func(d verify.Difference) { found = append(found, d) })
	require.NoError(c.t, err)
	require.Empty(c.t, found)
	require.Empty(c.t, result.Uncompared)
	for _, count := range result.Counts {
		require.Equal(c.t, count.Rows, count.Same)
		require.Equal(c.t, count.Rows, count.Records)
		require.NotZero(c.t, count.Rows)
	}
}

// authorized signs in as the master user instead of signing.
type authorized struct{ client *stores.Client }

func (a authorized) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("Authorization", a.client.Authorization)
	return a.client.HTTP.Transport.RoundTrip(r)
}

// deliver delivers all records of the source so far, in any order, some of them twice.
func (c *current) deliver() {
	c.s.caughtUp()
	records := c.s.records()
	queue := make([]string, len(records))
	for i, r := range records {
		queue[i] = r.raw
	}
	for _, i := range c.random.Perm(len(queue))[:len(queue)/5] {
		queue = append(queue, queue[i])
	}
	c.random.Shuffle(len(queue), func(i, j int) { queue[i], queue[j] = queue[j], queue[i] })
	for end := time.Now().Add(2 * time.Minute); len(queue) > 0; {
		require.True(c.t, time.Now().Before(end), "%d records are left", len(queue))
		n := min(len(queue), 1+c.random.IntN(700))
		var batch events.KinesisEvent
		for i, raw := range queue[:n] {
			batch.Records = append(batch.Records, events.KinesisEventRecord{Kinesis: events.KinesisRecord{SequenceNumber: fmt.Sprint(i), Data: []byte(raw)}})
		}
		answer, err := c.f.Handle(c.t.Context(), batch)
		require.NoError(c.t, err)
		left := []string{}
		if len(answer.BatchItemFailures) > 0 { // the create-table record of some record's table has not arrived yet
			var at int
			_, err := fmt.Sscan(answer.BatchItemFailures[0].ItemIdentifier, &at)
			require.NoError(c.t, err)
			left = append(left, queue[at:n]...)
		}
		queue = append(slices.Clone(queue[n:]), left...)
	}
	require.NoError(c.t, c.node.Refresh(c.t.Context(), "current-*"))
}

// rows reads a table's rows by document id: column and value as text, without NULL.
func (c *current) rows(table string, key int, columns ...string) map[string]string {
	rows, err := c.s.db.QueryContext(c.t.Context(), "SELECT "+strings.Join(columns, ", ")+" FROM dms_test."+table)
	require.NoError(c.t, err)
	defer rows.Close()
	out := map[string]string{}
	for rows.Next() {
		values, into := make([]*string, len(columns)), make([]any, len(columns))
		for i := range into {
			into[i] = &values[i]
		}
		require.NoError(c.t, rows.Scan(into...))
		var id identity.Key
		text := ""
		for i, v := range values {
			if i < key {
				id = append(id, *v)
			}
			if v != nil {
				text += fmt.Sprintf("%s=%s\n", columns[i], *v)
			}
		}
		out[id.ID()] = text
	}
	require.NoError(c.t, rows.Err())
	require.NotEmpty(c.t, out)
	return out
}

// documents reads the documents behind a table's alias in the form of rows.
func (c *current) documents(table string, columns ...string) map[string]string {
	out := map[string]string{}
	alias := currentstate.Source("").Alias(names.Name{Database: "dms_test", Table: table})
	require.NoError(c.t, c.node.Refresh(c.t.Context(), alias))
	require.NoError(c.t, c.node.Each(c.t.Context(), alias, func(h stores.Hit) error {
		var source map[string]json.RawMessage
		if err := json.Unmarshal(h.Source, &source); err != nil {
			return err
		}
		text := ""
		for _, column := range columns {
			raw, ok := source[column]
			if !ok {
				continue
			}
			value := string(raw)
			if raw[0] == '"' {
				if err := json.Unmarshal(raw, &value); err != nil {
					return err
				}
			}
			text += fmt.Sprintf("%s=%s\n", column, value)
		}
		out[h.ID] = text
		return nil
	}))
	return out
}

func (c *current) equal(table string, key int, columns ...string) {
	c.t.Helper()
	require.Equal(c.t, c.rows(table, key, columns...), c.documents(table, columns...), table)
}

// finds checks how many rows match all of some filters.
func (c *current) finds(table string, want int, filters string) {
	c.t.Helper()
	hits, err := c.node.Search(c.t.Context(), currentstate.Source("").Alias(names.Name{Database: "dms_test", Table: table}), json.RawMessage(`{"query":{"bool":{"filter":[`+filters+`]}}}`))
	require.NoError(c.t, err)
	require.Len(c.t, hits, want, filters)
}

func (c *current) tombstones() int {
	require.NoError(c.t, c.node.Refresh(c.t.Context(), "current-*"))
	var out struct{ Count int }
	require.NoError(c.t, c.node.Do(c.t.Context(), http.MethodPost, "/current-*/_count", json.RawMessage(`{"query":{"term":{"_cdc.deleted":true}}}`), &out))
	return out.Count
}
