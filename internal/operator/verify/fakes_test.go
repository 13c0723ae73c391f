package verify

import (
	"bytes"
	"cdcpipeline/internal/change"
	"cdcpipeline/internal/lake/objects"
	"cdcpipeline/internal/opensearch"
	"cdcpipeline/internal/operator/schema"
	"cdcpipeline/internal/operator/status"
	"cdcpipeline/internal/table"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	kinesistypes "github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// retail returns a table like the pipeline's first one.
func retail() *sourceTable {
	return &sourceTable{Table: &schema.Table{Name: table.Name{Database: "testdb", Table: "retail_trans"}, Key: []int{0}, Columns: []schema.Column{
		{Name: "trans_id", Kind: schema.Integer, Key: true},
		{Name: "event", Kind: schema.Text, Nullable: true},
		{Name: "amount", Kind: schema.Integer, Nullable: true},
	}}}
}

// record makes a record of a change of retail_trans. at is its position in the binlog.
func record(op change.Operation, at int, data string, before ...string) []byte {
	image := ""
	if len(before) > 0 {
		image = `"before-image":` + before[0] + `,`
	}
	position := fmt.Sprintf(`,"commit-timestamp":"2026-01-02T03:04:05.000000Z","transaction-id":1,"transaction-record-id":1,"stream-position":"bin.000001:%d:0"`, at)
	if op == change.Load {
		position = ""
	}
	return fmt.Appendf(nil, `{%s"data":%s,"metadata":{"timestamp":"2026-01-02T03:04:05.000000Z","record-type":"data","operation":%q,"partition-key-type":"primary-key",`+
		`"partition-key-value":"testdb.retail_trans.%d","schema-name":"testdb","table-name":"retail_trans"%s}}`, image, data, op, at, position)
}

var controlRecord = []byte(`{"control":{},"metadata":{"record-type":"control","operation":"create-table","schema-name":"testdb","table-name":"retail_trans"}}`)

// fakeStream imitates Kinesis in memory. fail can make each call fail once.
type fakeStream struct {
	mu     sync.Mutex
	shards []*fakeShard
	fail   func(call string, n int) error
	calls  int
}

type fakeShard struct {
	id      string
	closed  bool
	records []kinesistypes.Record
}

func (f *fakeStream) put(shard int, data []byte) {
	f.mu.Lock()
	defer f.mu.Unlock()
	s := f.shards[shard]
	n := strconv.Itoa(len(s.records))
	s.records = append(s.records, kinesistypes.Record{Data: data, SequenceNumber: &n, ApproximateArrivalTimestamp: aws.Time(time.Now())})
}

func (f *fakeStream) refuse(call string) error {
	if f.calls++; f.fail == nil {
		return nil
	}
	return f.fail(call, f.calls)
}

func (f *fakeStream) ListShards(_ context.Context, in *kinesis.ListShardsInput, _ ...func(*kinesis.Options)) (*kinesis.ListShardsOutput, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.refuse("list"); err != nil {
		return nil, err
	}
	// Each page has one shard, as with a long list.
	at, _ := strconv.Atoi(aws.ToString(in.NextToken))
	out := &kinesis.ListShardsOutput{}
	if at < len(f.shards) {
		out.Shards = []kinesistypes.Shard{{ShardId: &f.shards[at].id}}
	}
	if at+1 < len(f.shards) {
		out.NextToken = aws.String(strconv.Itoa(at + 1))
	}
	return out, nil
}

func (f *fakeStream) GetShardIterator(_ context.Context, in *kinesis.GetShardIteratorInput, _ ...func(*kinesis.Options)) (*kinesis.GetShardIteratorOutput, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.refuse("position"); err != nil {
		return nil, err
	}
	i := slices.IndexFunc(f.shards, func(s *fakeShard) bool { return s.id == *in.ShardId })
	at := 0
	switch in.ShardIteratorType {
	case kinesistypes.ShardIteratorTypeAtTimestamp:
		for at < len(f.shards[i].records) && f.shards[i].records[at].ApproximateArrivalTimestamp.Before(*in.Timestamp) {
			at++
		}
	case kinesistypes.ShardIteratorTypeAfterSequenceNumber:
		n, _ := strconv.Atoi(*in.StartingSequenceNumber)
		at = n + 1
	default:
		return nil, errors.New("not asked for in these tests")
	}
	return &kinesis.GetShardIteratorOutput{ShardIterator: aws.String(fmt.Sprintf("%d %d", i, at))}, nil
}

func (f *fakeStream) GetRecords(_ context.Context, in *kinesis.GetRecordsInput, _ ...func(*kinesis.Options)) (*kinesis.GetRecordsOutput, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.refuse("read"); err != nil {
		return nil, err
	}
	var i, at int
	_, _ = fmt.Sscan(*in.ShardIterator, &i, &at)
	s := f.shards[i]
	end := min(at+2, len(s.records))
	out := &kinesis.GetRecordsOutput{Records: s.records[at:end], NextShardIterator: aws.String(fmt.Sprintf("%d %d", i, end))}
	if s.closed && end == len(s.records) {
		out.NextShardIterator = nil
	}
	return out, nil
}

// fakeDomain imitates the history index. It answers every query with all its documents.
type fakeDomain struct {
	mu        sync.Mutex
	documents [][]byte
	indices   []string
	status    int // if not 0, the status of every answer
	queries   []string
}

func (f *fakeDomain) put(documents ...[]byte) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.documents = append(f.documents, documents...)
}

func (f *fakeDomain) search() Search {
	return Search{Client: reached(f, "p"), Index: "retail-trans"}
}

// reached returns a client of the domain like that of `cdc`.
func reached(domain http.RoundTripper, password string) opensearch.Client {
	return status.NewDomain("https://domain", status.Login{User: "admin", Password: password}, domain).History
}

// RoundTrip answers without a network, so that tests can use virtual time.
func (f *fakeDomain) RoundTrip(r *http.Request) (*http.Response, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	w := httptest.NewRecorder()
	body, _ := io.ReadAll(r.Body)
	f.queries = append(f.queries, r.Method+" "+r.URL.Path+" "+string(body))
	user, password, _ := r.BasicAuth()
	switch {
	case user != "admin" || password != "p":
		w.WriteHeader(http.StatusUnauthorized)
	case f.status != 0:
		w.WriteHeader(f.status)
		_, _ = w.WriteString("because")
	case strings.HasPrefix(r.URL.Path, "/_alias/"):
		out := map[string]any{}
		for _, index := range f.indices {
			out[index] = map[string]any{}
		}
		_ = json.NewEncoder(w).Encode(out)
	case strings.HasSuffix(r.URL.Path, "/_count"):
		_, _ = fmt.Fprintf(w, `{"count":%d}`, len(f.documents))
	case r.Method == http.MethodDelete:
		_, _ = w.WriteString(`{}`)
	case strings.HasSuffix(r.URL.Path, "/point_in_time"):
		_, _ = w.WriteString(`{"pit_id":"p"}`)
	default:
		f.page(w, body)
	}
	return w.Result(), nil
}

// page writes the documents after the search's position.
func (f *fakeDomain) page(w io.Writer, search []byte) {
	var in struct {
		Size  int
		After []int `json:"search_after"`
	}
	_ = json.Unmarshal(search, &in)
	hits := []any{}
	for i, d := range f.documents {
		if (len(in.After) == 0 || i > in.After[0]) && len(hits) < in.Size {
			hits = append(hits, map[string]any{"_index": "retail-trans-2026-01-02", "_id": strconv.Itoa(i), "_source": json.RawMessage(d), "sort": []int{i}})
		}
	}
	_ = json.NewEncoder(w).Encode(map[string]any{"hits": map[string]any{"hits": hits}})
}

// fakeBucket imitates S3 in memory.
type fakeBucket struct {
	mu      sync.Mutex
	objects map[string][]byte
	written map[string]time.Time
	gets    int
}

func (f *fakeBucket) lake() objects.Lake {
	return objects.Lake{Client: f, Bucket: "b", Prefix: "raw"}
}

// put adds an object of records to the table's folder for the hour.
func (f *fakeBucket) put(name string, records ...[]byte) {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	for _, r := range records {
		_, _ = w.Write(append(slices.Clone(r), "\n\n"...))
	}
	_ = w.Close()
	f.mu.Lock()
	defer f.mu.Unlock()
	f.set(f.lake().Hours(retail().Name.Database, retail().Name.Table, time.Now(), time.Now())[0]+name, b.Bytes())
}

func (f *fakeBucket) set(key string, content []byte) {
	if f.objects == nil {
		f.objects, f.written = map[string][]byte{}, map[string]time.Time{}
	}
	f.objects[key], f.written[key] = content, time.Now()
}

func (f *fakeBucket) ListObjectsV2(_ context.Context, in *s3.ListObjectsV2Input, _ ...func(*s3.Options)) (*s3.ListObjectsV2Output, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	out := &s3.ListObjectsV2Output{}
	for key, content := range f.objects {
		if strings.HasPrefix(key, *in.Prefix) {
			out.Contents = append(out.Contents, s3types.Object{Key: &key, Size: aws.Int64(int64(len(content))), LastModified: aws.Time(f.written[key])})
		}
	}
	return out, nil
}

func (f *fakeBucket) GetObject(_ context.Context, in *s3.GetObjectInput, _ ...func(*s3.Options)) (*s3.GetObjectOutput, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.gets++
	return &s3.GetObjectOutput{Body: io.NopCloser(bytes.NewReader(f.objects[*in.Key]))}, nil
}
