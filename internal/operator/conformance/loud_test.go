package conformance_test

import (
	"bufio"
	"bytes"
	"cdcpipeline/internal/bucket/buckettest"
	"cdcpipeline/internal/currentstate"
	"cdcpipeline/internal/opensearch"
	"cdcpipeline/internal/opensearch/opensearchtest"
	"cdcpipeline/internal/operator/conformance"
	"cdcpipeline/internal/operator/conformance/conformancetest"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/stretchr/testify/require"
)

// domain keeps the version of each document with the greatest number.
type domain struct {
	mu        sync.Mutex
	indices   map[string]bool
	versions  map[string]int64
	documents map[string]string
}

func newDomain() *domain {
	return &domain{indices: map[string]bool{}, versions: map[string]int64{}, documents: map[string]string{}}
}

func (d *domain) answer(r opensearchtest.Request) (int, any) {
	d.mu.Lock()
	defer d.mu.Unlock()
	switch {
	case r.Parts[0] == "_bulk":
		return d.bulk(r.Content)
	case r.Parts[0] == currentstate.FormerRegistry:
		return http.StatusNotFound, map[string]any{}
	case r.Last() == "_mapping" && r.Method == http.MethodGet:
		return http.StatusOK, map[string]any{r.Parts[0]: map[string]any{"mappings": map[string]any{"properties": map[string]any{}}}}
	}
	return http.StatusOK, map[string]any{}
}

func (d *domain) bulk(content []byte) (int, any) {
	var items []any
	lines := bufio.NewScanner(bytes.NewReader(content))
	for lines.Scan() {
		var action struct {
			Index struct {
				Index   string `json:"_index"`
				ID      string `json:"_id"`
				Version int64  `json:"version"`
			} `json:"index"`
		}
		if json.Unmarshal(lines.Bytes(), &action) != nil || !lines.Scan() {
			return http.StatusBadRequest, nil
		}
		key, status := action.Index.Index+" "+action.Index.ID, http.StatusConflict
		if action.Index.Version >= d.versions[key] {
			d.versions[key], d.documents[key], status = action.Index.Version, lines.Text(), http.StatusOK
		}
		items = append(items, map[string]any{"index": map[string]any{"status": status}})
	}
	return http.StatusOK, map[string]any{"items": items}
}

var origin = regexp.MustCompile(`"_cdc":\{[^}]*\}`)

// rows returns the documents that are no tombstones, without their origin.
func (d *domain) rows() map[string]string {
	rows := map[string]string{}
	for key, source := range d.documents {
		if !strings.Contains(source, `"deleted":true`) {
			rows[key] = origin.ReplaceAllString(source, "")
		}
	}
	return rows
}

// indexed lets the current-state function index a probe's records. Its clock is one hour later, so the function waits
// for nothing.
func indexed(t *testing.T, e *conformance.Evidence) (rows map[string]string, parked []string) {
	t.Helper()
	d, objects := newDomain(), &buckettest.S3{}
	f, err := currentstate.New(currentstate.Settings{
		Endpoint: "https://domain", Bucket: "lake", Prefix: "parked/", Retention: 168 * time.Hour, Parked: 720 * time.Hour, Shards: 1, BulkBytes: 1 << 20, BulkRecords: 1000,
	}, currentstate.Deps{
		Domain: opensearch.Client{URL: "https://domain", Transport: opensearchtest.Domain(d.answer)}, Bucket: objects.Bucket("lake"), Log: slog.New(slog.DiscardHandler),
		Now: func() time.Time { return e.Began.Add(time.Hour) },
	})
	require.NoError(t, err)
	var batch events.KinesisEvent
	for i, a := range e.Stream {
		batch.Records = append(batch.Records, events.KinesisEventRecord{EventID: fmt.Sprint(i), Kinesis: events.KinesisRecord{
			Data: []byte(a.Data), SequenceNumber: fmt.Sprint(i), PartitionKey: a.Key, ApproximateArrivalTimestamp: events.SecondsEpochTime{Time: a.At},
		}})
	}
	answer, err := f.Handle(t.Context(), batch)
	require.NoError(t, err)
	require.Empty(t, answer.BatchItemFailures)
	for _, content := range objects.Objects("lake", "parked/") {
		parked = slices.AppendSeq(parked, strings.SplitSeq(strings.TrimSpace(content), "\n"))
	}
	return d.rows(), parked
}

func marked(m conformance.Mark) []conformance.Assumption {
	var found []conformance.Assumption
	for _, a := range conformance.Assumptions() {
		if a.Mark == m {
			found = append(found, a)
		}
	}
	return found
}

// reasons matches the reasons for parking a record, as the assumptions name them.
var reasons = regexp.MustCompile(`\((unreadable|unordered|unkeyed|rounded)\)`)

func TestWhatIsLoudIsParked(t *testing.T) {
	e := conformancetest.Evidence(t)
	_, parked := indexed(t, e)
	require.Empty(t, parked, "nothing is broken")
	for _, a := range marked(conformance.Loud) {
		t.Run(a.ID, func(t *testing.T) {
			_, parked := indexed(t, conformancetest.Apply(conformancetest.Breaks()[a.ID], e))
			require.NotEmpty(t, parked)
			var first currentstate.Parked
			require.NoError(t, json.Unmarshal([]byte(parked[0]), &first))
			said := reasons.FindStringSubmatch(a.IfWrong)
			require.NotNil(t, said, "the text says for which reason")
			require.Equal(t, said[1], string(first.Reason), first.Detail)
		})
	}
}

// An assumption that the pipeline would notice must be marked loud.
func TestWhatIsUndetectableIsNotParked(t *testing.T) {
	e := conformancetest.Evidence(t)
	for _, a := range marked(conformance.Undetectable) {
		t.Run(a.ID, func(t *testing.T) {
			_, parked := indexed(t, conformancetest.Apply(conformancetest.Breaks()[a.ID], e))
			require.Empty(t, parked, "it is loud")
		})
	}
}

// forms lists different spellings of equal values: a number in quotes, or a time with a space and without its zone.
var forms = []struct{ pattern, with string }{
	{`"exact":"([0-9.]+)"`, `"exact":$1`},
	{`"(happened|noticed)":"([0-9-]+) ([0-9:.]+)"`, `"$1":"${2}T${3}Z"`},
}

// meant parses a document and brings its values into one form.
func meant(t *testing.T, document string) map[string]any {
	for _, f := range forms {
		document = regexp.MustCompile(f.pattern).ReplaceAllString(document, f.with)
	}
	var columns map[string]any
	decoder := json.NewDecoder(strings.NewReader(strings.Replace(strings.Replace(document, ",}", "}", 1), "{,", "{", 1)))
	decoder.UseNumber()
	require.NoError(t, decoder.Decode(&columns), document)
	return columns
}

func TestWhatIsHarmlessChangesNoRow(t *testing.T) {
	e := conformancetest.Evidence(t)
	want, _ := indexed(t, e)
	require.NotEmpty(t, want)
	for _, a := range marked(conformance.Harmless) {
		t.Run(a.ID, func(t *testing.T) {
			got, parked := indexed(t, conformancetest.Apply(conformancetest.Breaks()[a.ID], e))
			require.Empty(t, parked)
			require.Len(t, got, len(want))
			for key, document := range want {
				require.Equal(t, meant(t, document), meant(t, got[key]), key)
			}
		})
	}
}
