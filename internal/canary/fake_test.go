package canary

import (
	"bytes"
	"cdcpipeline/internal/bucket/buckettest"
	"cdcpipeline/internal/opensearch"
	"cdcpipeline/internal/opensearch/opensearchtest"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// world is a database, an index that lags behind it, a bucket, and a clock that advances when somebody waits.
type world struct {
	t        *testing.T
	settings Settings
	now      time.Time
	bucket   *buckettest.S3

	beats, began, written int64
	log                   Log
	made                  map[string]Made
	expires               time.Time
	// broken says which requests the database refuses: login, log, beat or tables.
	broken map[string]bool
	closed int

	// delay until a beat is found. Before, the index still has the previous one.
	delay time.Duration
	found *heartbeat
	// searched are the search requests. A status other than 0 refuses them.
	searched []opensearchtest.Request
	refused  int
}

var start = time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)

func newWorld(t *testing.T) *world {
	t.Helper()
	return &world{
		t: t, now: start, bucket: &buckettest.S3{}, made: map[string]Made{}, broken: map[string]bool{}, expires: start.Add(240 * time.Hour),
		log: Log{Oldest: 3, Newest: 9}, delay: 3 * time.Second,
		settings: Settings{
			Secret: "arn", Endpoint: "https://search.example", Service: opensearch.Domain, Alias: "current-cdc_canary-heartbeat", Bucket: "lake",
			Parked: []string{"errors/", "aws/lambda/uuid/"}, Memory: "cdc/canary-tables.json", Loads: "cdc/loaded-tables.json", LogHours: 24, Function: "canary",
		},
	}
}

func (w *world) Log(context.Context) (Log, error) { return w.log, w.breaks("log") }

func (w *world) Beat(_ context.Context, at time.Time, log int64) (Beat, error) {
	if err := w.breaks("beat"); err != nil {
		return Beat{}, err
	}
	require.Equal(w.t, w.log.Newest, log, "the newest file is written with the beat")
	w.beats++
	w.written = at.UnixMilli()
	if w.began == 0 {
		w.began = w.written
	}
	return Beat{Number: w.beats, Began: time.UnixMilli(w.began)}, nil
}

func (w *world) Tables(context.Context) (map[string]Made, error) {
	made := map[string]Made{"cdc_canary.heartbeat": {ID: w.now.String()}}
	for name, t := range w.made {
		made[name] = t
	}
	return made, w.breaks("tables")
}

func (w *world) Expires() time.Time { return w.expires }

func (w *world) Close() error { w.closed++; return nil }

func (w *world) breaks(what string) error {
	if w.broken[what] {
		return errors.New(what + " does not work")
	}
	return nil
}

// search finds the last beat after the delay.
func (w *world) search(r opensearchtest.Request) (int, any) {
	w.searched = append(w.searched, r)
	if w.refused != 0 {
		return w.refused, `{"message":"no"}`
	}
	if w.written != 0 && w.now.Sub(time.UnixMilli(w.written)) >= w.delay {
		w.found = &heartbeat{Beat: w.beats, Written: w.written, Log: w.log.Newest}
	}
	hits := []any{}
	if w.found != nil {
		hits = append(hits, map[string]any{"_source": w.found})
	}
	return 200, map[string]any{"hits": map[string]any{"hits": hits}}
}

// call runs the function at the next minute and returns the metrics that it published.
func (w *world) call() map[string]float64 {
	w.t.Helper()
	var out bytes.Buffer
	f := New(w.settings, Deps{
		Search: opensearch.Client{URL: w.settings.Endpoint, Transport: opensearchtest.Domain(w.search)}, Bucket: w.bucket.Bucket("lake"), Metrics: &out,
		Log: slog.New(slog.DiscardHandler), Now: func() time.Time { return w.now },
		Open: func(context.Context, Secrets) (Database, error) { return w, w.breaks("login") },
		Wait: func(ctx context.Context, d time.Duration) error { w.now = w.now.Add(d); return ctx.Err() },
	})
	require.NoError(w.t, f.Handle(w.t.Context()))
	w.now = w.now.Truncate(time.Minute).Add(time.Minute)
	return published(w.t, out.String())
}

// published parses a line in the embedded format. The line must declare each of its metrics.
func published(t *testing.T, text string) map[string]float64 {
	t.Helper()
	require.Equal(t, 1, strings.Count(text, "\n"), "a line is one event of the log")
	var line struct {
		AWS struct {
			CloudWatchMetrics []struct {
				Namespace  string
				Dimensions [][]string
				Metrics    []struct{ Name, Unit string }
			}
			Timestamp int64
		} `json:"_aws"`
	}
	var values map[string]any
	require.NoError(t, json.Unmarshal([]byte(text), &line))
	require.NoError(t, json.Unmarshal([]byte(text), &values))
	require.NotZero(t, line.AWS.Timestamp)
	require.Len(t, line.AWS.CloudWatchMetrics, 1)
	of := line.AWS.CloudWatchMetrics[0]
	require.Equal(t, "cdc-pipeline/canary [[Function]] canary", fmt.Sprint(of.Namespace, " ", of.Dimensions, " ", values["Function"]))
	metrics := map[string]float64{}
	for _, m := range of.Metrics {
		value, ok := values[m.Name].(float64)
		require.True(t, ok, m.Name)
		metrics[m.Name] = value
	}
	require.Len(t, values, len(metrics)+2)
	return metrics
}
