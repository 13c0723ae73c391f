package conformance_test

import (
	"bytes"
	"cdcpipeline/internal/lake/objects"
	"cdcpipeline/internal/opensearch"
	"cdcpipeline/internal/opensearch/opensearchtest"
	"cdcpipeline/internal/operator/conformance"
	"cdcpipeline/internal/operator/conformance/conformancetest"
	"cdcpipeline/internal/operator/verify"
	"cdcpipeline/internal/table"
	"compress/gzip"
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net/http"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	kinesistypes "github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// world imitates a database, a stream, a domain and a bucket. Rows written to the database reach the others as in the
// recorded probe.
type world struct {
	mu       sync.Mutex
	recorded *conformance.Evidence
	// silent stops all records.
	silent bool
	// late is a scene whose record comes four seconds after the others.
	late string
	// again makes the first half of the sinks' records come twice, and the second half twenty seconds later.
	again bool
	// behind is a scene whose record reaches the lake twenty seconds after the others, and after the loaded rows.
	behind string
	// comments maps each existing table to its comment.
	comments   map[string]string
	statements []string
	run        string
	records    []kinesistypes.Record
	documents  []conformance.Document
	objects    [][]string // the lines of each object
	calls      []string
	forgotten  []string
	// refuse may return an error before the stream is read and before the table is loaded.
	refuse func(what string) error
}

var probed = table.Name{Database: "cdc_conformance", Table: "probe_a"}

func newWorld(t *testing.T) *world {
	return &world{recorded: conformancetest.Evidence(t), comments: map[string]string{}}
}

// probe returns a probe that uses the world.
func (w *world) probe(db *sql.DB) conformance.Probe {
	return conformance.Probe{
		DB: db, Table: probed, Timeout: time.Minute,
		Stream:  verify.Stream{Client: w, Name: "s"},
		History: verify.Search{Client: opensearch.Client{URL: "https://domain", Transport: opensearchtest.Domain(w.domain)}, Index: w.recorded.HistoryIndex},
		Lake:    objects.Lake{Client: w, Bucket: "lake", Prefix: w.recorded.LakePrefix},
		Load:    func(context.Context) error { return w.load() },
		Forget: func(_ context.Context, n table.Name, rows int64) error {
			w.forgotten = append(w.forgotten, fmt.Sprintf("%s %d", n, rows))
			return nil
		},
		Tell: func(string, ...any) {},
	}
}

var runOf = regexp.MustCompile(`'([a-z0-9]{12})', 'end'`)

// mine rewrites a recorded text for this run and its tables.
func (w *world) mine(text string) string {
	return strings.NewReplacer(w.recorded.Run, w.run, w.recorded.Table, probed.Table).Replace(text)
}

// come delivers the recorded records of a step.
func (w *world) come(step conformance.Step) {
	for _, a := range w.recorded.Stream {
		switch {
		case a.Step != step || w.silent:
		case w.late != "" && strings.Contains(a.Data, `"scene":"`+w.late+`"`):
			time.AfterFunc(4*time.Second, func() {
				w.mu.Lock()
				defer w.mu.Unlock()
				w.arrive(a)
			})
		default:
			w.arrive(a)
		}
	}
	if step == "load" && w.behind != "" {
		w.deliver("", nil, w.loaded())
	}
	if step != "rows" || w.silent {
		return
	}
	history, lake := w.recorded.History, w.recorded.Lake
	if w.behind != "" {
		lake = slices.DeleteFunc(slices.Clone(lake), func(l conformance.Line) bool { return strings.Contains(l.Text, `"scene":"`+w.behind+`"`) })
		time.AfterFunc(20*time.Second, func() {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.deliver("", nil, w.recorded.Lake)
		})
	}
	if !w.again {
		w.deliver("", history, lake)
		return
	}
	w.deliver("", history[:len(history)/2], lake[:len(lake)/2])
	w.deliver("-again", history[:len(history)/2], lake[:len(lake)/2])
	time.AfterFunc(20*time.Second, func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.deliver("", history[len(history)/2:], lake[len(lake)/2:])
	})
}

// loaded returns the lines of the rows that are loaded again.
func (w *world) loaded() (lines []conformance.Line) {
	for _, a := range w.recorded.Stream {
		if a.Step == "load" {
			lines = append(lines, conformance.Line{Text: a.Data})
		}
	}
	return lines
}

// deliver adds documents, with end appended to their ids, and an object of lines.
func (w *world) deliver(end string, history []conformance.Document, lake []conformance.Line) {
	for _, d := range history {
		w.documents = append(w.documents, conformance.Document{Index: d.Index, ID: d.ID + end, Source: []byte(w.mine(string(d.Source)))})
	}
	var lines []string
	for _, l := range lake {
		lines = append(lines, w.mine(l.Text))
	}
	w.objects = append(w.objects, lines)
}

func (w *world) arrive(a conformance.Arrival) {
	n := strconv.Itoa(len(w.records))
	w.records = append(w.records, kinesistypes.Record{
		Data: []byte(w.mine(a.Data)), SequenceNumber: &n, PartitionKey: aws.String(w.mine(a.Key)), ApproximateArrivalTimestamp: aws.Time(time.Now()),
	})
}

func (w *world) load() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.refuse != nil {
		if err := w.refuse("load"); err != nil {
			return err
		}
	}
	w.come("load")
	return nil
}

// executed records a statement and acts on it.
func (w *world) executed(statement string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.statements = append(w.statements, statement)
	if m := runOf.FindStringSubmatch(statement); m != nil {
		w.run = m[1]
		w.come("rows")
	}
	if strings.Contains(statement, "'altered'") {
		w.come("alter")
	}
}

// of returns the statements that begin with a text.
func (w *world) of(beginning string) []string {
	var found []string
	for _, s := range w.statements {
		if strings.HasPrefix(s, beginning) {
			found = append(found, s)
		}
	}
	return found
}

// open opens the database.
func (w *world) open() *sql.DB { return sql.OpenDB(w) }

// Connect and the methods below it implement a database driver.
func (w *world) Connect(context.Context) (driver.Conn, error) { return connection{w}, nil }

func (w *world) Driver() driver.Driver { return nil }

type connection struct{ *world }

func (connection) Prepare(string) (driver.Stmt, error) { return nil, errors.New("not asked for") }
func (connection) Close() error                        { return nil }
func (c connection) Begin() (driver.Tx, error)         { return c, nil }
func (connection) Commit() error                       { return nil }
func (connection) Rollback() error                     { return nil }

func (c connection) ExecContext(ctx context.Context, statement string, _ []driver.NamedValue) (driver.Result, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	c.executed(statement)
	return driver.RowsAffected(1), nil
}

func (c connection) QueryContext(_ context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	switch {
	case strings.HasPrefix(query, "SELECT VERSION()"):
		return &result{rows: [][]driver.Value{{"8.0.39", "Source distribution"}}}, nil
	case strings.Contains(query, "COUNT(*)"):
		loads := 0
		for _, a := range c.recorded.Stream {
			if a.Step == "load" {
				loads++
			}
		}
		if strings.Contains(query, "$") {
			loads = 1
		}
		return &result{rows: [][]driver.Value{{int64(loads)}}}, nil
	}
	if comment, ok := c.comments[args[1].Value.(string)]; ok {
		return &result{rows: [][]driver.Value{{comment}}}, nil
	}
	return &result{}, nil
}

type result struct{ rows [][]driver.Value }

func (r *result) Columns() []string {
	if len(r.rows) == 0 {
		return []string{"a"}
	}
	return make([]string, len(r.rows[0]))
}

func (r *result) Close() error { return nil }

func (r *result) Next(into []driver.Value) error {
	if len(r.rows) == 0 {
		return io.EOF
	}
	copy(into, r.rows[0])
	r.rows = r.rows[1:]
	return nil
}

// ListShards and the methods below it imitate Kinesis.
func (w *world) ListShards(context.Context, *kinesis.ListShardsInput, ...func(*kinesis.Options)) (*kinesis.ListShardsOutput, error) {
	if w.refuse != nil {
		if err := w.refuse("stream"); err != nil {
			return nil, err
		}
	}
	return &kinesis.ListShardsOutput{Shards: []kinesistypes.Shard{{ShardId: aws.String("shard")}}}, nil
}

func (w *world) GetShardIterator(context.Context, *kinesis.GetShardIteratorInput, ...func(*kinesis.Options)) (*kinesis.GetShardIteratorOutput, error) {
	return &kinesis.GetShardIteratorOutput{ShardIterator: aws.String("0")}, nil
}

func (w *world) GetRecords(_ context.Context, in *kinesis.GetRecordsInput, _ ...func(*kinesis.Options)) (*kinesis.GetRecordsOutput, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	at, _ := strconv.Atoi(*in.ShardIterator)
	return &kinesis.GetRecordsOutput{Records: w.records[at:], NextShardIterator: aws.String(strconv.Itoa(len(w.records)))}, nil
}

func (w *world) domain(r opensearchtest.Request) (int, any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.calls = append(w.calls, r.Method+" "+r.URL.Path+" "+string(r.Content))
	if r.Last() == "_bulk" {
		w.documents = nil
	}
	if r.Method == http.MethodDelete { // a collection still finds it for a while
		time.AfterFunc(20*time.Second, func() {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.documents = slices.DeleteFunc(w.documents, func(d conformance.Document) bool { return d.ID == r.Last() })
		})
	}
	if r.Last() != "_search" {
		return http.StatusOK, map[string]any{}
	}
	var hits []string
	for _, d := range w.documents {
		hits = append(hits, fmt.Sprintf(`{"_index":%q,"_id":%q,"_source":%s}`, d.Index, d.ID, d.Source))
	}
	return http.StatusOK, `{"hits":{"hits":[` + strings.Join(hits, ",") + `]}}` // keeps every digit
}

// ListObjectsV2 and GetObject imitate S3. Every requested folder contains all objects.
func (w *world) ListObjectsV2(_ context.Context, in *s3.ListObjectsV2Input, _ ...func(*s3.Options)) (*s3.ListObjectsV2Output, error) {
	if !strings.Contains(*in.Prefix, "/table="+probed.Table) {
		return &s3.ListObjectsV2Output{}, nil
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	out := &s3.ListObjectsV2Output{}
	for n := range w.objects {
		out.Contents = append(out.Contents, s3types.Object{Key: aws.String(*in.Prefix + "/" + strconv.Itoa(n)), LastModified: aws.Time(time.Now())})
	}
	return out, nil
}

func (w *world) GetObject(_ context.Context, in *s3.GetObjectInput, _ ...func(*s3.Options)) (*s3.GetObjectOutput, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	n, err := strconv.Atoi(path.Base(*in.Key))
	if err != nil {
		return nil, err
	}
	var body bytes.Buffer
	z := gzip.NewWriter(&body)
	_, _ = z.Write([]byte(strings.Join(w.objects[n], "\n")))
	_ = z.Close()
	return &s3.GetObjectOutput{Body: io.NopCloser(&body)}, nil
}
