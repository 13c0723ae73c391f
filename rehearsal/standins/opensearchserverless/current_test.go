package opensearchserverless

import (
	"bytes"
	"cdcpipeline/internal/bucket/buckettest"
	"cdcpipeline/internal/currentstate"
	"cdcpipeline/internal/opensearch"
	"cdcpipeline/internal/table"
	"cdcpipeline/rehearsal/standins/front"
	"cdcpipeline/rehearsal/stores"
	"cdcpipeline/rehearsal/stores/storestest"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/stretchr/testify/require"
)

// presentRows runs the current-state function on a real OpenSearch node as a collection with the program's
// template. The function's role has exactly the needed permissions.
type presentRows struct {
	*scene
	admin opensearch.Client
	as    opensearch.Client
	s3    *buckettest.S3
	log   bytes.Buffer
	now   time.Time // zero means the real clock
	of    table.Name
	f     *currentstate.Function
}

func newPresentRows(t *testing.T) *presentRows {
	t.Helper()
	s := newScene(t, Options{Refresh: 3 * time.Second})
	s.all.start = func(ctx context.Context) (front.Node, error) {
		return storestest.Site(t).StartOpenSearch(ctx, stores.OpenSearchOptions{MasterUser: "collection", MasterPassword: rand.Text(), Heap: "512m"})
	}
	one := s.create(search)
	p := &presentRows{scene: s, admin: s.admit(one), s3: &buckettest.S3{}, of: table.Name{Database: "shop", Table: "orders"}}
	role := s.role("present-rows")
	s.grant("rows", role, map[string][]string{
		"index/" + s.n + "/current-*": {createIndex, describeIndex, updateIndex, readDocument, writeDocument},
		"collection/" + s.n:           {createItems},
	})
	p.as = s.as(role, one)
	template, err := os.ReadFile("../../../components/search/testdata/current_collection.golden.json")
	require.NoError(t, err)
	p.do(http.MethodPut, "/_index_template/current", string(template), nil)
	p.begin()
	return p
}

// begin starts a new process of the function, without knowledge.
func (p *presentRows) begin() {
	p.t.Helper()
	var err error
	p.f, err = currentstate.New(currentstate.Settings{
		Endpoint: p.as.URL, Service: opensearch.Serverless, Bucket: "lake", Registry: "serverless", Prefix: "parked/",
		Retention: 7 * 24 * time.Hour, Parked: 30 * 24 * time.Hour, BulkBytes: 4 << 20, BulkRecords: 2000,
		Tables: []currentstate.Table{{Database: p.of.Database, Table: p.of.Table, Key: []string{"id"}, Columns: map[string]string{"id": "int(11)", "at": "datetime"}}},
	}, currentstate.Deps{Domain: p.as, Bucket: p.s3.Bucket("lake"), Log: slog.New(slog.NewTextHandler(&p.log, nil)), Now: func() time.Time {
		if p.now.IsZero() {
			return time.Now()
		}
		return p.now
	}})
	require.NoError(p.t, err)
}

func (p *presentRows) do(method, path, body string, out any) {
	p.t.Helper()
	require.NoError(p.t, p.admin.Do(p.t.Context(), method, path, []byte(body), out), "%s %s", method, path)
}

// handle returns the first record to retry; -1 for none.
func (p *presentRows) handle(records ...string) string {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.t.Context(), time.Minute)
	defer cancel()
	var batch events.KinesisEvent
	for i, r := range records {
		batch.Records = append(batch.Records, events.KinesisEventRecord{Kinesis: events.KinesisRecord{SequenceNumber: fmt.Sprint(i), Data: []byte(r)}})
	}
	answer, err := p.f.Handle(ctx, batch)
	require.NoError(p.t, err)
	if len(answer.BatchItemFailures) == 0 {
		return "none"
	}
	return answer.BatchItemFailures[0].ItemIdentifier
}

// change is a record of a row with a position in the binlog.
func (p *presentRows) change(operation string, place int, columns string) string {
	now := time.Now().UTC().Format(time.RFC3339Nano)
	return fmt.Sprintf(`{"data":{%s},"metadata":{"timestamp":%q,"record-type":"data","operation":%q,"schema-name":"shop","table-name":"orders","commit-timestamp":%q,`+
		`"transaction-id":%d,"transaction-record-id":1,"stream-position":"bin.000001:%d:"}}`, columns, now, operation, now, 1<<32+place, place)
}

// finds waits until a query matches this many rows behind the alias, because a collection shows documents late.
func (p *presentRows) finds(want int, query string) {
	p.t.Helper()
	found := -1
	require.Eventually(p.t, func() bool {
		var out struct{ Count int }
		p.do(http.MethodPost, "/"+currentstate.Source("").Alias(p.of)+"/_count", `{"query":`+query+`}`, &out)
		found = out.Count
		return found == want
	}, 20*time.Second, 200*time.Millisecond, "%s", query)
}

const everything = `{"match_all":{}}`

func TestTheFunctionKeepsPresentRowsInACollection(t *testing.T) {
	p := newPresentRows(t)
	index := currentstate.Source("").Index(p.of, 1)
	late := `{"range":{"at":{"gte":"2026-11-24"}}}`
	first := []string{
		p.change("insert", 10, `"id":1,"at":"2026-11-23T10:00:00Z","n":1,"word":"x"`), p.change("insert", 20, `"id":2,"at":"2026-11-25T10:00:00Z"`),
		p.change("delete", 30, `"id":2`), p.change("update", 40, `"id":1,"at":"2026-11-25T10:00:00Z","n":"not a number"`),
	}
	require.Equal(t, "none", p.handle(first...), p.log.String())
	p.finds(1, everything)
	p.finds(1, late)
	var settings map[string]struct {
		Settings struct {
			Index struct {
				Mapping map[string]any `json:"mapping"`
			}
		}
	}
	p.do(http.MethodGet, "/"+index+"/_settings", "", &settings)
	require.Equal(t, map[string]any{"total_fields": map[string]any{"limit": "10000"}, "ignore_malformed": "true"}, settings[index].Settings.Index.Mapping, "of the template")

	// Repeated, late or reordered records change nothing.
	slices.Reverse(first)
	require.Equal(t, "none", p.handle(first...))
	p.finds(1, late)

	// Somebody deletes the index. The collection makes another one, which accepts nothing before the function has
	// opened it.
	p.do(http.MethodDelete, "/"+index, "", nil)
	next := p.change("insert", 50, `"id":3,"at":"2026-11-26T10:00:00Z","n":5`)
	require.Equal(t, "0", p.handle(next))
	require.Contains(t, p.log.String(), "strict_dynamic_mapping_exception")
	var is map[string]struct{ Mappings map[string]any }
	p.do(http.MethodGet, "/"+index+"/_mapping", "", &is)
	require.Equal(t, map[string]any{"dynamic": "strict"}, is[index].Mappings)
	require.Equal(t, "none", p.handle(next), p.log.String())
	p.finds(1, everything)
	p.finds(1, late)
	p.finds(1, `{"range":{"n.number":{"gte":5}}}`)
	p.begin()
	require.Equal(t, "none", p.handle(first...), p.log.String())
	p.finds(2, everything)
	require.Empty(t, p.s3.Objects("lake", "parked/"))

	p.sweeps(index)
	p.switches(index)
	registry := p.s3.Objects("lake", currentstate.RegistryPrefix)
	require.Len(t, registry, 2)
	require.Contains(t, registry, "registry/serverless.json")
	require.Contains(t, registry, "registry/serverless/shop-orders.json")
	for _, line := range p.all.Undocumented() {
		t.Log(line)
		require.NotContains(t, line, "if_seq_no")
		require.NotContains(t, line, "require_alias")
	}
}

// sweeps removes an old tombstone, but not a row that replaced one.
func (p *presentRows) sweeps(index string) {
	p.t.Helper()
	tombstones := func() int {
		var out struct{ Count int }
		p.do(http.MethodPost, "/"+index+"/_count", `{"query":{"term":{"_cdc.deleted":true}}}`, &out)
		return out.Count
	}
	require.Equal(p.t, "none", p.handle(p.change("delete", 60, `"id":3`)))
	require.Eventually(p.t, func() bool { return tombstones() == 2 }, 20*time.Second, 200*time.Millisecond)
	require.Equal(p.t, "none", p.handle(p.change("insert", 70, `"id":3`)), "the search has not noticed")
	p.now = time.Now().Add(60 * 24 * time.Hour)
	swept, err := p.f.Sweep(p.t.Context())
	require.NoError(p.t, err)
	require.Equal(p.t, 1, swept.Removed)
	again, err := p.f.Sweep(p.t.Context())
	require.NoError(p.t, err)
	require.Zero(p.t, again.Removed, "what is deleted and still found is no more")
	require.Eventually(p.t, func() bool { return tombstones() == 0 }, 20*time.Second, 200*time.Millisecond)
	p.finds(2, everything)
	p.now = time.Time{}
}

// switches shows a new epoch and then the old one, as an operator does.
func (p *presentRows) switches(index string) {
	p.t.Helper()
	epochs := currentstate.NewEpochs(currentstate.EpochsOptions{Domain: p.admin, Service: opensearch.Serverless, Bucket: p.s3.Bucket("lake"), Registry: "serverless"})
	begun, err := epochs.Begin(p.t.Context(), p.of)
	require.NoError(p.t, err)
	require.NoError(p.t, epochs.Switch(p.t.Context(), p.of, begun.Number))
	p.finds(0, everything)
	back, err := epochs.Rollback(p.t.Context(), p.of)
	require.NoError(p.t, err)
	require.Equal(p.t, index, currentstate.Source("").Index(p.of, back.Number))
	p.finds(2, everything)
	var behind map[string]json.RawMessage
	p.do(http.MethodGet, "/_alias/"+currentstate.Source("").Alias(p.of), "", &behind)
	require.Len(p.t, behind, 1)
	require.Contains(p.t, strings.Join(slices.Collect(func(yield func(string) bool) {
		for _, of := range behind {
			if !yield(string(of)) {
				return
			}
		}
	}), ""), "filter")
}
