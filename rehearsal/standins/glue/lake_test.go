//go:build spark

package glue

import (
	"bytes"
	"cdcpipeline/internal/lake/objects"
	"cdcpipeline/rehearsal/standins/account"
	"cdcpipeline/rehearsal/stores"
	"cdcpipeline/rehearsal/stores/storestest"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/stretchr/testify/require"
)

// lake is a bucket with a table's records, and the job that maintains the table.
type lake struct {
	t       *testing.T
	s3      *s3.Client
	glue    *glue.Client
	options stores.SparkOptions
	spark   *stores.Spark
	bucket  string
	name    string // of the database
	columns []specified
	n       int // objects
	epoch   string
	since   string
}

// specified is a column in the job's specification.
type specified struct {
	Name     string `json:"name"`
	Member   string `json:"member"`
	Declared string `json:"declared"`
	Type     string `json:"type"`
}

const (
	folder    = "raw/schema=shop/table=orders/"
	tableName = "shop_orders_table"
	nextName  = "shop_orders_next"
	specKey   = "jobs/tables/spec.json"
)

var all = []string{"id", "part", "big", "total", "placed_at"}

func newLake(t *testing.T, format string) *lake {
	t.Helper()
	acc := account.New(storestest.Moto(t))
	l := &lake{
		t: t, s3: s3.NewFromConfig(acc.Config(), func(o *s3.Options) { o.UsePathStyle = true }), glue: glue.NewFromConfig(acc.Config()), bucket: fmt.Sprintf("lake-%d", time.Now().UnixNano()), name: fmt.Sprintf("lake_%d", time.Now().UnixNano()),
		options: stores.SparkOptions{Format: format, Endpoint: storestest.Moto(t), Region: acc.Config().Region, Key: "test"},
		epoch:   "all",
		columns: []specified{
			{"id", "id", "bigint(20)", "bigint"},
			{"part", "part", "varchar(20)", "string"},
			{"big", "big", "bigint(20) unsigned", "decimal(20,0)"},
			{"total", "total", "decimal(12,2)", "decimal(12,2)"},
			{"placed_at", "placed-at", "datetime(6)", "timestamp"},
		},
	}
	var err error
	l.spark, err = storestest.Site(t).Spark(t.Context(), l.options)
	require.NoError(t, err)
	_, err = l.s3.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: &l.bucket})
	require.NoError(t, err)
	_, err = l.s3.PutBucketVersioning(t.Context(), &s3.PutBucketVersioningInput{Bucket: &l.bucket, VersioningConfiguration: &s3types.VersioningConfiguration{Status: s3types.BucketVersioningStatusEnabled}})
	require.NoError(t, err)
	_, err = l.glue.CreateDatabase(t.Context(), &glue.CreateDatabaseInput{DatabaseInput: &types.DatabaseInput{Name: &l.name}})
	require.NoError(t, err)
	l.specify(nil)
	return l
}

// specify writes the job's specification, with some changes.
func (l *lake) specify(otherwise map[string]any) {
	l.t.Helper()
	spec := map[string]any{
		"format": l.options.Format, "bucket": l.bucket, "database": l.name, "errors": "errors/tables", "state": "tables/_state", "tombstone_days": 14, "lookback_days": 9, "version_days": 5,
		"tables": []any{map[string]any{
			"name": tableName, "next": nextName, "schema": "shop", "table": "orders", "raw": folder, "location": l.location(), "columns": l.columns, "key": []string{"id", "part"}, "omitted": []string{"secret"}, "since": l.since,
		}},
	}
	maps.Copy(spec, otherwise)
	text, err := json.Marshal(spec)
	require.NoError(l.t, err)
	l.put(specKey, text)
}

func (l *lake) location() string { return "tables/1/" + l.options.Format + "/shop_orders/" + l.epoch }

func (l *lake) put(key string, body []byte) {
	l.t.Helper()
	_, err := l.s3.PutObject(l.t.Context(), &s3.PutObjectInput{Bucket: &l.bucket, Key: &key, Body: bytes.NewReader(body)})
	require.NoError(l.t, err)
}

// deliver writes objects of lines, as Firehose does.
func (l *lake) deliver(objects ...[]string) {
	l.t.Helper()
	for _, lines := range objects {
		var body bytes.Buffer
		w := gzip.NewWriter(&body)
		_, err := w.Write([]byte(strings.Join(lines, "\n") + "\n"))
		require.NoError(l.t, err)
		require.NoError(l.t, w.Close())
		l.n++
		l.put(fmt.Sprintf("%sdt=2026-11-28/hour=10/delivery-%04d.gz", folder, l.n), body.Bytes())
	}
}

// asOperator is the bucket as the operator's tool sees it.
func (l *lake) asOperator() objects.Lake { return objects.Lake{Client: l.s3, Bucket: l.bucket} }

// keys returns the keys of the objects below a prefix.
func (l *lake) keys(prefix string) []string {
	l.t.Helper()
	var keys []string
	for pages := s3.NewListObjectsV2Paginator(l.s3, &s3.ListObjectsV2Input{Bucket: &l.bucket, Prefix: &prefix}); pages.HasMorePages(); {
		page, err := pages.NextPage(l.t.Context())
		require.NoError(l.t, err)
		for _, o := range page.Contents {
			keys = append(keys, *o.Key)
		}
	}
	return keys
}

// start runs the job.
func (l *lake) start(arguments ...string) *stores.Program {
	l.t.Helper()
	code, err := filepath.Abs("../../../functions/tables")
	require.NoError(l.t, err)
	storestest.Depend(l.t, code)
	p, err := l.spark.Start(l.t.Context(), filepath.Join(code, "main.py"), []string{code}, append([]string{"--spec", "s3://" + l.bucket + "/" + specKey}, arguments...))
	require.NoError(l.t, err)
	return p
}

// told is a line of the job's output.
type told struct {
	Table         string
	Stopped       string
	Switched      string
	Objects       int
	States        int
	Refused       int
	ObjectsBefore int `json:"objects_before"`
	ObjectsAfter  int `json:"objects_after"`
}

// run runs the job until it ends.
func (l *lake) run(arguments ...string) []told {
	l.t.Helper()
	lines, err := l.start(arguments...).Wait()
	require.NoError(l.t, err)
	return said(l.t, lines)
}

// said is a running job's output so far.
func (l *lake) said(p *stores.Program) []told {
	l.t.Helper()
	lines, err := p.Lines()
	require.NoError(l.t, err)
	return said(l.t, lines)
}

func said(t *testing.T, lines []string) []told {
	t.Helper()
	var out []told
	for _, line := range lines {
		if strings.HasPrefix(line, `{"table"`) {
			var one told
			require.NoError(t, json.Unmarshal([]byte(line), &one))
			out = append(out, one)
		}
	}
	return out
}

// equal requires that every reader sees the model's rows and tombstones in the table.
func (l *lake) equal(m *model, columns ...string) {
	l.t.Helper()
	l.shows(tableName, m, columns...)
}

// shows requires the same of a name in the catalog.
func (l *lake) shows(name string, m *model, columns ...string) {
	l.t.Helper()
	want, wantGone := m.texts(columns...)
	for _, reader := range stores.Readers[l.options.Format] {
		have, haveGone := l.rows(reader, name)
		require.Equal(l.t, want, have, reader)
		require.ElementsMatch(l.t, wantGone, haveGone, reader)
	}
}

// rows returns a reader's rows by key, with columns and values, and the keys of tombstones.
func (l *lake) rows(reader, name string) (rows map[string]string, gone []string) {
	l.t.Helper()
	entry, err := l.glue.GetTable(l.t.Context(), &glue.GetTableInput{DatabaseName: &l.name, Name: &name})
	require.NoError(l.t, err)
	lines, err := storestest.Site(l.t).ReadTable(l.t.Context(), l.options, reader, l.name+"."+name, *entry.Table.StorageDescriptor.Location)
	require.NoError(l.t, err)
	rows = map[string]string{}
	for _, line := range lines {
		var row map[string]any
		decoder := json.NewDecoder(strings.NewReader(line))
		decoder.UseNumber()
		require.NoError(l.t, decoder.Decode(&row), line)
		key := row["cdc_key"].(string)
		if row["cdc_gone"].(bool) {
			gone = append(gone, key)
			continue
		}
		require.NotContains(l.t, rows, key)
		var b strings.Builder
		for _, name := range slices.Sorted(maps.Keys(row)) {
			if !strings.HasPrefix(name, "cdc_") && !strings.HasPrefix(name, "_hoodie_") {
				fmt.Fprintf(&b, "%s=%v ", name, row[name])
			}
		}
		rows[key] = b.String()
	}
	return rows, gone
}
