package storestest_test

import (
	"bytes"
	"cdcpipeline/components/search"
	"cdcpipeline/internal/bucket/buckettest"
	"cdcpipeline/internal/currentstate"
	"cdcpipeline/internal/opensearch"
	"cdcpipeline/internal/table"
	"cdcpipeline/rehearsal/stores"
	"cdcpipeline/rehearsal/stores/storestest"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/stretchr/testify/require"
)

// asFunction is the function's role, as a verified signature shows it to the node.
type asFunction struct {
	node *storestest.Search
	http http.RoundTripper
}

func (a asFunction) RoundTrip(r *http.Request) (*http.Response, error) {
	authorization, err := a.node.Authorization("function", "function-role")
	if err != nil {
		return nil, err //nolint:wrapcheck // the error says what failed
	}
	r = r.Clone(r.Context())
	r.Header.Set("Authorization", authorization)
	return a.http.RoundTrip(r) //nolint:wrapcheck // as every transport
}

// admitFunction gives the function's role the permissions that search.CurrentState gives it, and no others.
var admitFunction = sync.OnceValue(func() error {
	node, err := storestest.StartedOpenSearch()
	if err != nil {
		return err //nolint:wrapcheck // the error says what failed
	}
	const security = "/_plugins/_security/api/"
	may := search.CurrentStatePermissions("")
	indices := make([]map[string][]string, len(may.Indices))
	for i, p := range may.Indices {
		indices[i] = map[string][]string{"index_patterns": p.Patterns, "allowed_actions": p.Actions}
	}
	role, err := json.Marshal(map[string]any{"cluster_permissions": may.Cluster, "index_permissions": indices})
	if err != nil {
		return fmt.Errorf("writing the function's role: %w", err)
	}
	ctx := context.Background()
	return errors.Join(
		node.Admin().Do(ctx, http.MethodPut, security+"roles/function", role, nil),
		node.Admin().Do(ctx, http.MethodPut, security+"rolesmapping/function", []byte(`{"backend_roles": ["function-role"]}`), nil),
	)
})

// lake is the bucket of all tests; they also share the node.
var lake = &buckettest.S3{}

// currentIndices are the function and a real node with the tables of one database, which belongs to one test.
type currentIndices struct {
	t            *testing.T
	node         *stores.Client
	f            *currentstate.Function
	database     string
	metrics, log bytes.Buffer
	now          time.Time // zero means the real clock
}

func newCurrentIndices(t *testing.T, database string, tables ...currentstate.Table) *currentIndices {
	t.Helper()
	node := storestest.OpenSearch(t)
	require.NoError(t, admitFunction())
	c := &currentIndices{t: t, node: node.Master(), database: database}
	for i := range tables {
		tables[i].Database = database
	}
	var err error
	c.f, err = currentstate.New(currentstate.Settings{
		Endpoint: node.URL, Bucket: "lake", Prefix: "parked/" + database + "/", Retention: 7 * 24 * time.Hour, Parked: 30 * 24 * time.Hour, Shards: 1, BulkBytes: 4 << 20, BulkRecords: 2000, Tables: tables,
	}, currentstate.Deps{
		Domain: opensearch.Client{URL: node.URL, Transport: asFunction{node, c.node.HTTP.Transport}}, Bucket: lake.Bucket("lake"), Metrics: &c.metrics,
		Log: slog.New(slog.NewTextHandler(&c.log, nil)), Now: func() time.Time {
			if c.now.IsZero() {
				return time.Now()
			}
			return c.now
		},
	})
	require.NoError(t, err)
	return c
}

// parked are the objects of parked records.
func (c *currentIndices) parked() map[string]string {
	return lake.Objects("lake", "parked/"+c.database+"/")
}

// change is a record of a row with a position in the binlog.
func (c *currentIndices) change(operation, of string, place int, columns string) string {
	now := time.Now().UTC().Format(time.RFC3339Nano)
	return fmt.Sprintf(`{"data":{%s},"metadata":{"timestamp":%q,"record-type":"data","operation":%q,"schema-name":%q,"table-name":%q,"commit-timestamp":%q,`+
		`"transaction-id":%d,"transaction-record-id":1,"stream-position":"bin.000001:%d:"}}`, columns, now, operation, c.database, of, now, 1<<32+place, place)
}

func (c *currentIndices) insert(of string, place int, columns string) string {
	return c.change("insert", of, place, columns)
}

// handle returns the index of the first record to retry; -1 for none.
func (c *currentIndices) handle(patience time.Duration, records ...string) int {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(c.t.Context(), patience)
	defer cancel()
	var batch events.KinesisEvent
	for i, r := range records {
		batch.Records = append(batch.Records, events.KinesisEventRecord{Kinesis: events.KinesisRecord{SequenceNumber: fmt.Sprint(i), Data: []byte(r)}})
	}
	c.metrics.Reset()
	answer, err := c.f.Handle(ctx, batch)
	require.NoError(c.t, err)
	if len(answer.BatchItemFailures) == 0 {
		return -1
	}
	at := 0
	_, err = fmt.Sscan(answer.BatchItemFailures[0].ItemIdentifier, &at)
	require.NoError(c.t, err)
	return at
}

func (c *currentIndices) name(of string) table.Name {
	return table.Name{Database: c.database, Table: of}
}

func (c *currentIndices) alias(of string) string { return currentstate.Source("").Alias(c.name(of)) }

func (c *currentIndices) index(of string) string { return currentstate.Source("").Index(c.name(of), 1) }

func (c *currentIndices) do(method, path string, body any) {
	c.t.Helper()
	if text, ok := body.(string); ok {
		body = json.RawMessage(text)
	}
	require.NoError(c.t, c.node.Do(c.t.Context(), method, path, body, nil))
}

// finds checks how many rows of a table match a query.
func (c *currentIndices) finds(of, query string) int {
	c.t.Helper()
	alias := url.PathEscape(c.alias(of))
	require.NoError(c.t, c.node.Refresh(c.t.Context(), c.alias(of)))
	var out struct{ Count int }
	require.NoError(c.t, c.node.Do(c.t.Context(), http.MethodPost, "/"+alias+"/_count", json.RawMessage(`{"query":`+query+`}`), &out))
	return out.Count
}

const everything = `{"match_all":{}}`

func TestAnIndexOutOfOrderParksNothingAndHoldsUpNoOtherTable(t *testing.T) {
	for name, s := range map[string]struct {
		patience    time.Duration
		spoil, mend func(c *currentIndices)
		kind        string
	}{
		"closed": {3 * time.Second, func(c *currentIndices) { c.do(http.MethodPost, "/"+c.index("a")+"/_close", nil) }, func(c *currentIndices) {
			c.do(http.MethodPost, "/"+c.index("a")+"/_open", nil)
		}, "index_closed_exception"},
		"write block": {3 * time.Second, func(c *currentIndices) { c.do(http.MethodPut, "/"+c.index("a")+"/_block/write", nil) }, func(c *currentIndices) {
			c.do(http.MethodPut, "/"+c.index("a")+"/_settings", `{"index.blocks.write":null}`)
		}, "cluster_block_exception"},
		"alias with two indices": {3 * time.Second, func(c *currentIndices) {
			c.do(http.MethodPut, "/current-stray-"+c.database, `{"aliases":{"`+c.index("a")+`-w":{}}}`)
		}, func(c *currentIndices) { c.do(http.MethodDelete, "/current-stray-"+c.database, nil) }, "has to lead to"},
		"alias without a write index": {3 * time.Second, func(c *currentIndices) {
			c.do(http.MethodPut, "/"+c.index("a")+"/_alias/"+c.index("a")+"-w", `{"is_write_index":false}`)
		}, func(c *currentIndices) {
			c.do(http.MethodPut, "/"+c.index("a")+"/_alias/"+c.index("a")+"-w", `{"is_write_index":true}`)
		}, "has to lead to"},
		// OpenSearch waits for the shard, but not as long as the function waits for OpenSearch.
		"red": {20 * time.Second, func(c *currentIndices) {
			c.do(http.MethodDelete, "/"+c.index("a"), nil)
			c.do(http.MethodPut, "/"+c.index("a")+"?wait_for_active_shards=0", `{"settings":{"index.number_of_replicas":0,"index.routing.allocation.require._name":"nowhere"},
				"aliases":{"`+c.index("a")+`-w":{},"`+c.alias("a")+`":{}}}`)
		}, func(c *currentIndices) {
			c.do(http.MethodPut, "/"+c.index("a")+"/_settings", `{"index.routing.allocation.require._name":null}`)
			c.do(http.MethodGet, "/_cluster/health/"+c.index("a")+"?wait_for_status=yellow&timeout=20s", nil)
		}, "unavailable_shards_exception"},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCurrentIndices(t, strings.ReplaceAll(name, " ", "_"), currentstate.Table{Table: "a", Key: []string{"id"}}, currentstate.Table{Table: "b", Key: []string{"id"}})
			require.Equal(t, -1, c.handle(time.Minute, c.insert("a", 10, `"id":1`), c.insert("b", 10, `"id":1`)))
			s.spoil(c)
			t.Cleanup(func() {
				_, _, _ = c.node.Call(context.WithoutCancel(t.Context()), http.MethodDelete, "/"+c.index("a")+","+c.index("b"), nil)
				_ = lake.Bucket("lake").Delete(context.WithoutCancel(t.Context()), currentstate.RegistryPrefix+"current/"+strings.TrimPrefix(c.alias("a"), "current-")+".json")
			})
			batch := []string{c.insert("a", 20, `"id":2`), c.insert("b", 20, `"id":2`)}
			began := time.Now()
			require.Equal(t, 0, c.handle(s.patience, batch...))
			t.Logf("left after %s: %s", time.Since(began), c.log.String())
			require.Contains(t, c.log.String(), "writing to "+c.index("a"))
			require.Contains(t, c.log.String(), s.kind)
			require.Contains(t, c.metrics.String(), `"Applied":1`, "what was written of the batch is counted")
			require.Equal(t, 2, c.finds("b", everything))

			s.mend(c)
			require.Equal(t, -1, c.handle(time.Minute, batch...))
			require.Equal(t, 1, c.finds("a", `{"term":{"id":2}}`))
			require.Empty(t, c.parked())
		})
	}
}

// OpenSearch gives the same error for a row with too many columns and for a wrong alias. So the function looks at the alias, and needs a
// permission for that: a row that is not parked would hold up its shard until Lambda gives up.
func TestARowWithTooManyColumnsIsParkedAndHoldsUpNothing(t *testing.T) {
	c := newCurrentIndices(t, "too_wide", currentstate.Table{Table: "a", Key: []string{"id"}})
	var wide strings.Builder
	for i := range 10_001 {
		fmt.Fprintf(&wide, `,"c%d":%d`, i, i)
	}
	require.Equal(t, -1, c.handle(time.Minute, c.insert("a", 10, `"id":1`), c.insert("a", 20, `"id":2`+wide.String()), c.insert("a", 30, `"id":3`)), c.log.String())
	require.Equal(t, 2, c.finds("a", everything))
	require.Len(t, c.parked(), 1)
	for _, record := range c.parked() {
		require.Contains(t, record, "Limit of total fields")
	}
}

// A process that starts while an index is closed does not make the index again, and does not assume that its columns
// are described.
func TestAnIndexThatIsClosedWhenAProcessBegins(t *testing.T) {
	columns := currentstate.Table{Table: "a", Key: []string{"id"}, Columns: map[string]string{"id": "int(11)"}}
	c := newCurrentIndices(t, "closed_at_begin", columns)
	require.Equal(t, -1, c.handle(time.Minute, c.insert("a", 10, `"id":1`)))
	c.do(http.MethodPost, "/"+c.index("a")+"/_close", nil)
	columns.Columns = map[string]string{"id": "int(11)", "day": "date"}
	c = newCurrentIndices(t, c.database, columns)
	batch := []string{c.insert("a", 20, `"id":2,"day":"2026-11-28"`)}
	require.Equal(t, 0, c.handle(3*time.Second, batch...))
	c.do(http.MethodPost, "/"+c.index("a")+"/_open", nil)
	require.Equal(t, -1, c.handle(time.Minute, batch...))
	require.Equal(t, 1, c.finds("a", `{"range":{"day":{"gte":"2026-11-01"}}}`))
	require.Empty(t, c.parked())
}

// OpenSearch forgets a deleted document's version when its index is closed and opened (and after index.gc_deletes, a
// minute by default). A tombstone is a document, so it survives that.
func TestADeletedRowStaysDeletedWhenItsIndexIsClosedAndOpened(t *testing.T) {
	c := newCurrentIndices(t, "tombstones", currentstate.Table{Table: "a", Key: []string{"id"}})
	first := c.insert("a", 10, `"id":1`)
	require.Equal(t, -1, c.handle(time.Minute, first, c.change("delete", "a", 20, `"id":1`), c.insert("a", 30, `"id":2`)))
	c.do(http.MethodPost, "/"+c.index("a")+"/_close", nil)
	c.do(http.MethodPost, "/"+c.index("a")+"/_open", nil)
	c.do(http.MethodGet, "/_cluster/health/"+c.index("a")+"?wait_for_status=yellow&timeout=20s", nil)
	require.Equal(t, -1, c.handle(time.Minute, first))
	require.Contains(t, c.metrics.String(), `"Superseded":1`)

	// docs/operations.md says about reading one row: _doc ignores the alias's filter, a search by ids does not.
	var document struct {
		Found bool `json:"found"`
	}
	require.NoError(t, c.node.Do(t.Context(), http.MethodGet, "/"+c.alias("a")+"/_doc/1", nil, &document))
	require.True(t, document.Found)
	require.Zero(t, c.finds("a", `{"ids":{"values":["1"]}}`))
	require.Equal(t, 1, c.finds("a", `{"ids":{"values":["2"]}}`))

	// A sweep deletes on condition. Unlike a delete with an external version, that does not create a missing index.
	c.do(http.MethodDelete, "/"+c.index("a"), nil)
	c.now = time.Now().Add(60 * 24 * time.Hour)
	_, err := c.f.Sweep(t.Context())
	require.NoError(t, err)
	status, _, err := c.node.Call(t.Context(), http.MethodHead, "/"+c.index("a"), nil)
	require.NoError(t, err)
	require.Equal(t, http.StatusNotFound, status)
}

// Each table has its own index, so tables' columns do not affect each other. No value is refused, even without a
// template for the index.
func TestNoNameAndNoValueIsRefused(t *testing.T) {
	types := map[string]string{"u": "bigint(20) unsigned", "n": "int(11)", "f": "double", "d": "decimal(30,10)", "day": "datetime"}
	c := newCurrentIndices(t, "anything", currentstate.Table{Table: "a", Key: []string{"id"}, Columns: types}, currentstate.Table{Table: "b", Key: []string{"id"}})
	values := []string{
		`-1`, `18446744073709551615`, `18446744073709551616`, `1e400`, `-123456789012345678901234.5`, `1.5`, `true`, `""`, `"text"`, `"2026-11-28"`, `"0000-00-00"`, `"99999-01-01"`,
		`{"a":{"b":1}}`, `[1,"a",{"b":[]}]`, `"` + strings.Repeat("한", 40_000) + `"`,
	}
	var records []string
	for i, value := range values {
		for j, column := range []string{"u", "n", "f", "d", "day", "unknown"} {
			if value == `1e400` && j < 2 { // an integer that lost digits
				continue
			}
			records = append(records, c.insert("a", 10+10*i+j, fmt.Sprintf(`"id":"%d-%d",%q:%s`, i, j, column, value)))
		}
	}
	require.Equal(t, -1, c.handle(time.Minute, records...))
	require.Empty(t, c.parked())
	require.Equal(t, len(records), c.finds("a", everything))

	names := []string{"test", "test.CreatedBy", ".x", "x.", "a..b", ".", "..", "a", "a.b", "a.b.c", "_id", "_source", "_cdc", "%2E", "*", "a*", "#", "@timestamp", "a b", " a", "한글", `a"b`, `a\b`, "a/b", "a,b", "null", "\u00a0"}
	var row strings.Builder
	for i, name := range names {
		text, err := json.Marshal(name)
		require.NoError(t, err)
		fmt.Fprintf(&row, `,%s:"value %d"`, text, i)
	}
	require.Equal(t, -1, c.handle(time.Minute, c.insert("b", 10, `"id":1`+row.String())), c.log.String())
	require.Empty(t, c.parked())
	for i, name := range names {
		if name == "*" || name == "a*" { // a query would read them as patterns
			continue
		}
		text, err := json.Marshal(strings.NewReplacer("%", "%25", ".", "%2E").Replace(name))
		require.NoError(t, err)
		query := strings.Replace(string(text), `"_`, `"%5F`, 1)
		require.Equal(t, 1, c.finds("b", fmt.Sprintf(`{"term":{%s:"value %d"}}`, query, i)), name)
	}
}
