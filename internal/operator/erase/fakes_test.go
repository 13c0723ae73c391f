package erase

import (
	"bytes"
	"cdcpipeline/internal/change"
	"cdcpipeline/internal/currentstate"
	"cdcpipeline/internal/opensearch"
	"cdcpipeline/internal/opensearch/opensearchtest"
	"cdcpipeline/internal/operator/tables"
	"cdcpipeline/internal/table"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/stretchr/testify/require"
)

const marker = "somebody@example.com"

var (
	orders = table.Name{Database: "shop", Table: "orders"}
	noon   = time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC)
)

// bucket imitates S3 in memory, with versions.
type bucket struct {
	mu       sync.Mutex
	versions []*stored3 // the oldest is first
	n        int
	// left is the number of writes and deletions that succeed before one fails. A negative number means all.
	left int
	// spoil changes an object when it is written.
	spoil func([]byte) []byte
}

// stored3 is one version of an object.
type stored3 struct {
	key, id string
	mark    bool
	body    []byte
	written time.Time
	class   types.StorageClass
	kms     string
	meta    map[string]string
}

func newBucket() *bucket { return &bucket{left: -1} }

var errDown = errors.New("the bucket is away")

func (b *bucket) change() error {
	if b.left == 0 {
		return errDown
	}
	b.left--
	return nil
}

func (b *bucket) put(key string, body []byte) *stored3 {
	b.n++
	v := &stored3{key: key, id: "v" + strconv.Itoa(b.n), body: body, written: noon.Add(-2*time.Hour + time.Duration(b.n)*time.Second), kms: "arn:key", class: types.StorageClassGlacierIr}
	b.versions = append(b.versions, v)
	return v
}

func (b *bucket) mark(key string) { b.put(key, nil).mark = true }

func (b *bucket) isLatest(v *stored3) bool {
	for _, other := range slices.Backward(b.versions) {
		if other.key == v.key {
			return other == v
		}
	}
	return false
}

func (b *bucket) ListObjectVersions(_ context.Context, in *s3.ListObjectVersionsInput, _ ...func(*s3.Options)) (*s3.ListObjectVersionsOutput, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	out := &s3.ListObjectVersionsOutput{}
	for _, v := range b.versions {
		switch {
		case !strings.HasPrefix(v.key, *in.Prefix):
		case v.mark:
			out.DeleteMarkers = append(out.DeleteMarkers, types.DeleteMarkerEntry{Key: &v.key, VersionId: &v.id, IsLatest: aws.Bool(b.isLatest(v)), LastModified: &v.written})
		default:
			out.Versions = append(out.Versions, types.ObjectVersion{Key: &v.key, VersionId: &v.id, IsLatest: aws.Bool(b.isLatest(v)), LastModified: &v.written})
		}
	}
	return out, nil
}

func (b *bucket) ListObjectsV2(_ context.Context, in *s3.ListObjectsV2Input, _ ...func(*s3.Options)) (*s3.ListObjectsV2Output, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	out := &s3.ListObjectsV2Output{}
	for _, v := range b.versions {
		if strings.HasPrefix(v.key, *in.Prefix) && b.isLatest(v) && !v.mark {
			out.Contents = append(out.Contents, types.Object{Key: &v.key, LastModified: &v.written})
		}
	}
	return out, nil
}

func (b *bucket) GetObject(_ context.Context, in *s3.GetObjectInput, _ ...func(*s3.Options)) (*s3.GetObjectOutput, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, v := range b.versions {
		if v.key == *in.Key && (v.id == aws.ToString(in.VersionId) || in.VersionId == nil && b.isLatest(v)) {
			return &s3.GetObjectOutput{
				Body: io.NopCloser(bytes.NewReader(v.body)), Metadata: v.meta, StorageClass: v.class,
				ServerSideEncryption: types.ServerSideEncryptionAwsKms, SSEKMSKeyId: &v.kms, BucketKeyEnabled: aws.Bool(true),
			}, nil
		}
	}
	return nil, &types.NoSuchKey{}
}

func (b *bucket) PutObject(_ context.Context, in *s3.PutObjectInput, _ ...func(*s3.Options)) (*s3.PutObjectOutput, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if err := b.change(); err != nil {
		return nil, err
	}
	body, err := io.ReadAll(in.Body)
	if err != nil {
		return nil, err
	}
	if b.spoil != nil && strings.HasPrefix(*in.Key, "raw/") {
		body = b.spoil(body)
	}
	v := b.put(*in.Key, body)
	v.written, v.meta, v.class, v.kms = noon, in.Metadata, in.StorageClass, aws.ToString(in.SSEKMSKeyId)
	return &s3.PutObjectOutput{VersionId: &v.id}, nil
}

// DeleteObjects deletes one version after another, and may fail in between.
func (b *bucket) DeleteObjects(_ context.Context, in *s3.DeleteObjectsInput, _ ...func(*s3.Options)) (*s3.DeleteObjectsOutput, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, o := range in.Delete.Objects {
		if err := b.change(); err != nil {
			return nil, err
		}
		b.versions = slices.DeleteFunc(b.versions, func(v *stored3) bool { return v.key == *o.Key && v.id == *o.VersionId })
	}
	return &s3.DeleteObjectsOutput{}, nil
}

// marked returns the versions that contain the marker.
func (b *bucket) marked(t *testing.T) []string {
	t.Helper()
	var found []string
	for _, v := range b.versions {
		text, _, err := unzipped(v.body)
		require.NoError(t, err)
		found = append(found, whereMarked(v.key+" "+v.id, text)...)
	}
	return found
}

func whereMarked(name string, text []byte) []string {
	if bytes.Contains(text, []byte(marker)) {
		return []string{name}
	}
	for _, base64 := range encoded() { // at any offset within the base64 text
		if bytes.Contains(text, []byte(base64)) {
			return []string{name}
		}
	}
	return nil
}

// encoded returns the base64 forms of the marker's middle part.
func encoded() []string {
	var forms []string
	for shift := range 3 {
		text, _ := json.Marshal([]byte(strings.Repeat("x", shift) + marker + "xxx"))
		forms = append(forms, string(text[6:22]))
	}
	return forms
}

// ids counts how often the present objects of records contain each row's id.
func (b *bucket) ids(t *testing.T) map[string]int {
	t.Helper()
	found := map[string]int{}
	for _, v := range b.versions {
		if v.mark || !b.isLatest(v) || !strings.HasPrefix(v.key, "raw/") && !strings.HasPrefix(v.key, "errors/") && !strings.HasPrefix(v.key, "aws/") {
			continue
		}
		_, _, err := Lake{Invocations: "aws/"}.form(v.key)(v.body, func(record []byte) bool {
			if r, err := change.Parse(record); err == nil {
				id, _ := r.Data.Get("id")
				found[id]++
			}
			return false
		})
		require.NoError(t, err)
	}
	return found
}

func zipped(lines ...string) []byte {
	var body bytes.Buffer
	w := gzip.NewWriter(&body)
	_, _ = io.WriteString(w, strings.Join(lines, "\n\n")+"\n")
	_ = w.Close()
	return body.Bytes()
}

// record makes a record of a row's change at a place in the binlog. Records are one minute apart and begin at 11:00.
func record(op change.Operation, id string, place int, more ...string) string {
	at := noon.Add(-time.Hour + time.Duration(place)*time.Minute).Format(time.RFC3339Nano)
	before := ""
	if len(more) > 1 {
		before = `"before-image":{"id":` + more[1] + `},`
	}
	text := ""
	if len(more) > 0 && more[0] != "" {
		text = fmt.Sprintf(`,"mail":%q`, more[0])
	}
	return fmt.Sprintf(`{%s"data":{"id":%s%s},"metadata":{"timestamp":%q,"record-type":"data","operation":%q,"schema-name":"shop","table-name":"orders","commit-timestamp":%[4]q,`+
		`"transaction-id":%[6]d,"transaction-record-id":1,"stream-position":"bin.000001:%[7]d:"}}`, before, id, text, at, op, 1<<32+place, place)
}

// source imitates the database.
type source struct{ rows []string }

func (s *source) Key(context.Context, table.Name) (change.KeyColumns, error) {
	return change.KeyColumns{Names: []string{"id"}, Types: []string{"bigint(20)"}}, nil
}

func (s *source) Has(_ context.Context, _ table.Name, key change.Key) (bool, error) {
	return slices.Contains(s.rows, key[0]), nil
}

// domain imitates OpenSearch with a history index and the indices of two epochs.
type domain struct {
	currentstate.Source
	mu      sync.Mutex
	history map[string]string            // records by id
	current map[string]map[string]string // sources by index and id
	merged  []string
	asked   int // counts requests for the retained operations
	// deleted and gone are for collections. deleted lists each deletion with its version. gone lists the deleted documents.
	deleted, gone []string
	refuses       int
}

func (d *domain) Current(context.Context, table.Name) (currentstate.TableEpochs, error) {
	key := []string{"id"}
	return currentstate.TableEpochs{Name: orders, Current: 2, Epochs: []currentstate.Epoch{{Number: 1, Key: key, Types: []string{"bigint(20)"}}, {Number: 2, Key: key, Types: []string{"INT64"}}}}, nil
}

const daily = "retail-trans-2026-11-28"

func (d *domain) answer(r opensearchtest.Request) (int, any) {
	d.mu.Lock()
	defer d.mu.Unlock()
	switch path := r.URL.Path; {
	case r.Method == http.MethodDelete && r.Parts[1] == "_doc":
		return d.delete(r)
	case r.Last() == "point_in_time":
		return http.StatusOK, `{"pit_id":"p"}`
	case path == "/_search":
		hits := []any{}
		for id, text := range d.history {
			hits = append(hits, map[string]any{"_index": daily, "_id": id, "_seq_no": 1, "_primary_term": 1, "_source": json.RawMessage(text), "sort": []int{len(hits)}})
		}
		return http.StatusOK, map[string]any{"hits": map[string]any{"hits": hits}}
	case path == "/_mget":
		var in struct{ Docs []document }
		_ = json.Unmarshal(r.Content, &in)
		for i, wanted := range in.Docs {
			if text, ok := d.current[wanted.Index][wanted.ID]; ok {
				in.Docs[i].Found, in.Docs[i].Source, in.Docs[i].SeqNo, in.Docs[i].Version = true, json.RawMessage(text), 7, 40
			}
		}
		return http.StatusOK, map[string]any{"docs": in.Docs}
	case path == "/_bulk":
		items := []any{}
		for line := range bytes.Lines(r.Content) {
			var of struct{ Delete document }
			_ = json.Unmarshal(line, &of)
			if of.Delete.Index == daily {
				delete(d.history, of.Delete.ID)
			} else {
				delete(d.current[of.Delete.Index], of.Delete.ID)
			}
			items = append(items, map[string]any{"delete": map[string]any{"status": 200}})
		}
		return http.StatusOK, map[string]any{"items": items}
	case r.Last() == "_forcemerge":
		d.merged = append(d.merged, r.Parts[0])
		return http.StatusOK, `{"task":"node:1"}`
	case strings.HasPrefix(path, "/_tasks/"):
		return http.StatusOK, `{"completed":true}`
	case strings.HasSuffix(path, "/_stats/docs"): // one shard copy, which at first still retains the last operation
		d.asked++
		return http.StatusOK, fmt.Sprintf(`{"indices":{"i":{"shards":{"0":[{"seq_no":{"max_seq_no":7},"retention_leases":{"leases":[{"retaining_seq_no":%d}]}}]}}}}`, 7+d.asked%2)
	case r.Last() == "_settings", r.Last() == "_refresh", r.Last() == "_flush":
		return http.StatusOK, `{}`
	}
	return http.StatusNotFound, `{"error":"no such call"}`
}

// delete deletes a document as a collection does: a search still finds it for a while.
func (d *domain) delete(r opensearchtest.Request) (int, any) {
	if d.refuses != 0 {
		return d.refuses, `{"error":{"type":"illegal_argument_exception","reason":"no ids here"}}`
	}
	index, id, version := r.Parts[0], r.Parts[2], r.URL.RawQuery
	d.deleted = append(d.deleted, index+" "+version)
	if slices.Contains(d.gone, index+"/"+id) {
		return http.StatusNotFound, `{"result":"not_found"}`
	}
	d.gone = append(d.gone, index+"/"+id)
	time.AfterFunc(20*time.Second, func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		delete(d.history, id)
		delete(d.current[index], id)
	})
	return http.StatusOK, `{"result":"deleted"}`
}

// job imitates Glue. Tests read its requests from the bucket.
type job struct {
	bucket *bucket
	told   []request
	fail   bool
}

func (j *job) JSON(_ context.Context, action string, in, answer any) error {
	out := `{"JobRun":{"JobRunState":"SUCCEEDED"}}`
	if action == "StartJobRun" {
		if j.fail {
			return errDown
		}
		out = `{"JobRunId":"jr_1"}`
		key := in.(map[string]any)["Arguments"].(map[string]string)["--request"]
		for _, v := range j.bucket.versions {
			if v.key == key && j.bucket.isLatest(v) {
				var r request
				if err := json.Unmarshal(v.body, &r); err != nil {
					return err
				}
				j.told = append(j.told, r)
			}
		}
	}
	return json.Unmarshal([]byte(out), answer)
}

// scene is a stack with rows. The row with the key 7 is to be erased.
type scene struct {
	t *testing.T
	*bucket
	*domain
	*job
	source *source
}

const folder = "raw/schema=shop/table=orders/dt=2026-11-28/hour=11/"

func newScene(t *testing.T) *scene {
	t.Helper()
	s := &scene{t: t, bucket: newBucket(), domain: &domain{history: map[string]string{}, current: map[string]map[string]string{}}, source: &source{rows: []string{"1", "2"}}}
	s.job = &job{bucket: s.bucket}
	for _, index := range []string{"current-shop-orders-1", "current-shop-orders-2"} {
		s.current[index] = map[string]string{"7": `{"_cdc":{"deleted":true}}`, "1": `{"id":1,"_cdc":{"deleted":false}}`}
	}
	s.current["current-shop-orders-1"]["7"] = `{"id":7,"mail":"` + marker + `","_cdc":{"deleted":false}}`
	s.deliver("mixed.gz", record(change.Insert, "1", 1), record(change.Insert, "7", 2, marker), record(change.Insert, "2", 3), record(change.Update, "7", 4, marker+" again", "7"))
	s.deliver("alone.gz", record(change.Update, "7", 5, marker, "7"))
	s.deliver("others.gz", record(change.Update, "1", 6, "other"))
	s.deliver("deleted.gz", record(change.Delete, "7", 7, marker), record(change.Update, "2", 8))
	s.mark(folder + "taken-away.gz")
	s.bucket.put(folder+"taken-away.gz", zipped(record(change.Insert, "7", 2, marker)))
	s.mark(folder + "taken-away.gz")
	s.bucket.put(strings.Replace(folder, "orders", "lines", 1)+"x.gz", zipped(strings.Replace(record(change.Insert, "7", 2, "of another table"), "orders", "lines", 1)))
	return s
}

func (s *scene) deliver(name string, records ...string) {
	s.bucket.put(folder+name, zipped(records...))
	for i, r := range records {
		s.history[name+strconv.Itoa(i)] = r
	}
}

func (s *scene) erasure(yes bool) Erasure {
	client := opensearch.Client{URL: "https://domain", Transport: opensearchtest.Domain(s.answer)}
	return Erasure{
		Source: s.source, Table: orders, Row: map[string]string{"id": "7"},
		Lake: Lake{
			Client: s.bucket, Name: "lake", Prefix: "raw", Parked: []string{"errors/", "aws/"}, Invocations: "aws/", Results: "athena-results/",
		},
		Search:  &Search{History: client, Current: client, Index: "retail-trans", Epochs: s.domain, Pause: time.Millisecond},
		Tables:  &tables.Job{Glue: s.job, Name: "job", Pause: time.Millisecond},
		Options: Options{Yes: yes, Settle: 30 * time.Minute, Now: func() time.Time { return noon }},
	}
}

// nothing requires that every trace of the row is gone, and that all other rows are complete.
func (s *scene) nothing(ids map[string]int) {
	s.t.Helper()
	require.Empty(s.t, s.marked(s.t))
	require.Equal(s.t, ids, s.ids(s.t))
	for id, text := range s.history {
		require.NotContains(s.t, text, `"data":{"id":7`, id)
	}
	for index, documents := range s.current {
		require.NotContains(s.t, documents, "7", index)
		require.Contains(s.t, documents, "1", index)
	}
	for _, v := range s.versions {
		require.NotContains(s.t, v.key, "_state/erase/")
	}
}
