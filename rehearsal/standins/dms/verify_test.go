package dms

import (
	"bytes"
	"cdcpipeline/internal/lake/objects"
	"cdcpipeline/internal/opensearch"
	"cdcpipeline/internal/operator/schema"
	"cdcpipeline/internal/operator/verify"
	"cdcpipeline/internal/operator/workload"
	names "cdcpipeline/internal/table"
	"cdcpipeline/rehearsal/standins/account"
	"cdcpipeline/rehearsal/stores/storestest"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/databasemigrationservice/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestWhatATaskWritesIsEqualToItsSource runs the three ways of `cdc verify` on a real database and a task's records.
// Both sinks are plain copies of the stream.
func TestWhatATaskWritesIsEqualToItsSource(t *testing.T) {
	s := newScene(t, types.MigrationTypeValueFullLoadAndCdc)
	database := storestest.MariaDB(t)
	db, err := schema.Open(t.Context(), schema.Connection{Host: database.Host, Port: database.Port, User: database.User, Password: database.Password, TLS: database.ClientTLS()})
	require.NoError(t, err)
	defer db.Close()
	kinds, plain := names.Name{Database: "dms_test", Table: "kinds"}, names.Name{Database: "dms_test", Table: "plain"}
	s.exec("INSERT INTO dms_test.kinds VALUES " + fmt.Sprintf(everyValue, 1) + "; INSERT INTO dms_test.kinds (a, b) VALUES (2, 2)")
	write := func(seed uint64) {
		_, err := workload.Run(t.Context(), db, workload.Options{Tables: []names.Name{kinds, plain}, Count: 2500, Mix: workload.Mix{Insert: 70, Update: 20, Delete: 10}, Seed: seed})
		require.NoError(t, err)
	}
	write(1)
	s.start(types.StartReplicationTaskTypeValueStartReplication)
	s.wait("running")
	write(2)
	s.exec("UPDATE dms_test.kinds SET a = 12 WHERE a = 2 AND b = 2")

	copies, end := newCopies(t, storestest.Moto(t), s)
	defer end()
	p := copies.pipeline(s)
	row, err := workload.InsertOne(t.Context(), db, plain, 3, nil)
	require.NoError(t, err)
	defer row.Close()
	require.NoError(t, p.Check(t.Context(), plain))
	path := verify.Follow(t.Context(), p, row, time.Minute, func(at verify.Sighting) { t.Logf("%+v", at) })
	require.True(t, path.Passed(), "%+v", path)
	require.NoError(t, row.Delete(t.Context()))

	o := verify.CompareOptions{Tables: []names.Name{kinds, plain}, Wait: time.Minute}
	compare := func() (counts []verify.Count, found []verify.Difference) {
		result, err := verify.Compare(t.Context(), verify.Database{DB: db}, p, o, func(d verify.Difference) { found = append(found, d) })
		require.NoError(t, err)
		require.Empty(t, result.Uncompared)
		return result.Counts, found
	}
	counts, found := compare()
	t.Logf("%+v", counts)
	require.Empty(t, found)
	for _, c := range counts {
		require.Equal(t, c.Rows, c.Same)
		require.Greater(t, c.Rows, int64(1000), "more than a chunk")
	}

	o.Wait = 0
	s.exec("SET sql_log_bin = 0; UPDATE dms_test.kinds SET d = d + 0.000001 WHERE a = 1; DELETE FROM dms_test.kinds WHERE a = 12; INSERT INTO dms_test.kinds (a, b) VALUES (77, 7); SET sql_log_bin = 1")
	_, found = compare()
	require.Len(t, found, 6)
	for i, want := range []string{"a=1 b=18446744073709551615 differs d", "a=12 b=2 extra", "a=77 b=7 missing"} {
		for _, d := range []verify.Difference{found[i], found[i+3]} {
			text := d.Key + " " + d.Kind
			for _, c := range d.Columns {
				text += " " + c.Column
			}
			require.Equal(t, want, text)
		}
	}

	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
	defer cancel()
	var watched bytes.Buffer
	require.NoError(t, verify.Watch(ctx, p.Stream, verify.WatchOptions{Tables: []string{"dms_test.kinds"}, Since: time.Now().Add(-time.Minute)}, &watched))
	require.Regexp(t, `(?m)^2\S+Z update dms_test\.kinds 12\.2 a=12 b=2.* \(a was 2\)$`, watched.String())
}

// copies is a history index and a lake with the stream's content.
type copies struct {
	mu        sync.Mutex
	documents []json.RawMessage
	client    *s3.Client
	server    *httptest.Server
}

func newCopies(t *testing.T, moto string, s *scene) (made *copies, end func()) {
	c := &copies{client: s3.NewFromConfig(account.New(moto).Config(), func(o *s3.Options) { o.UsePathStyle = true })}
	_, err := c.client.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: aws.String("copies")})
	require.NoError(t, err)
	c.server = httptest.NewTLSServer(http.HandlerFunc(c.serve))
	ctx, cancel := context.WithCancel(t.Context())
	var pump sync.WaitGroup
	pump.Go(func() {
		copied := map[string]bool{}
		for n := 0; ; time.Sleep(500 * time.Millisecond) {
			all, err := s.read(ctx)
			if ctx.Err() != nil {
				return
			}
			if !assert.NoError(t, err) { // FailNow is only for the test's goroutine
				return
			}
			fresh := slices.DeleteFunc(all, func(r published) bool { return copied[r.id] })
			for _, r := range fresh {
				copied[r.id] = true
			}
			c.add(ctx, t, n, fresh)
			n += len(fresh)
		}
	})
	return c, func() { cancel(); pump.Wait(); c.server.Close() }
}

// add puts records into both copies, one object for each table.
func (c *copies) add(ctx context.Context, t *testing.T, n int, records []published) {
	c.mu.Lock()
	defer c.mu.Unlock()
	objects := map[string]*bytes.Buffer{}
	for _, r := range records {
		c.documents = append(c.documents, json.RawMessage(strings.TrimSpace(r.raw)))
		if r.Metadata["record-type"] != "data" {
			continue
		}
		folder := fmt.Sprintf("raw/schema=%s/table=%s/%s", r.Metadata["schema-name"], r.Metadata["table-name"], time.Now().UTC().Format("dt=2006-01-02/hour=15/"))
		if objects[folder] == nil {
			objects[folder] = &bytes.Buffer{}
		}
		w := gzip.NewWriter(objects[folder]) // gzip members follow one another
		_, _ = io.WriteString(w, r.raw+"\n")
		_ = w.Close()
	}
	for folder, body := range objects {
		_, err := c.client.PutObject(ctx, &s3.PutObjectInput{Bucket: aws.String("copies"), Key: aws.String(fmt.Sprintf("%s%d.gz", folder, n)), Body: bytes.NewReader(body.Bytes())})
		if ctx.Err() == nil {
			assert.NoError(t, err)
		}
	}
}

// serve answers every search with everything, page by page.
func (c *copies) serve(w http.ResponseWriter, r *http.Request) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case strings.HasPrefix(r.URL.Path, "/_alias"):
		_, _ = io.WriteString(w, `{}`)
	case strings.HasSuffix(r.URL.Path, "/_count"):
		_, _ = fmt.Fprintf(w, `{"count":%d}`, len(c.documents))
	case strings.HasSuffix(r.URL.Path, "/point_in_time"):
		_, _ = io.WriteString(w, `{"pit_id":"p"}`)
	default:
		var in struct {
			Size  int
			After []int `json:"search_after"`
		}
		_ = json.NewDecoder(r.Body).Decode(&in)
		if r.URL.Path != "/_search" { // other requests: return everything, which includes any requested document
			in.Size = len(c.documents)
		}
		hits := []map[string]any{}
		for i, d := range c.documents {
			if (len(in.After) == 0 || i > in.After[0]) && len(hits) < in.Size {
				hits = append(hits, map[string]any{"_index": "i", "_id": fmt.Sprint(i), "_source": d, "sort": []int{i}})
			}
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"hits": map[string]any{"hits": hits}})
	}
}

func (c *copies) pipeline(s *scene) verify.Pipeline {
	return verify.Pipeline{
		Stream:  verify.Stream{Client: s.kinesis, Name: s.stream},
		History: verify.Search{Client: opensearch.Client{URL: c.server.URL, Transport: c.server.Client().Transport}, Index: "retail-trans"},
		Lake:    objects.Lake{Client: c.client, Bucket: "copies", Prefix: "raw"},
	}
}
