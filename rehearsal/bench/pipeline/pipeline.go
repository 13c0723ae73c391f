// Package pipeline measures the throughput of the current-state function. It measures how many rows a second the
// function writes without delay, by shards and concurrent calls for each shard. It also measures how throughput
// and memory change while an index grows. And it compares the cost of a row with a peer: Debezium's embedded
// engine with a simple sink.
//
// The function is the deployed program in a separate process. It is called through Lambda's runtime interface,
// with batches like those of an event source mapping. Its processor time and memory are those of that process.
// Function and peer reach one OpenSearch node through one endpoint, which replaces the function's signature with a
// password. After each measurement the documents are counted.
package pipeline

import (
	"cdcpipeline/config"
	"cdcpipeline/rehearsal/report/progress"
	"cdcpipeline/rehearsal/stores"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"
)

// Scale is the size of a run.
type Scale struct {
	// Load is the number of rows that each combination of shards and calls drains.
	Load int
	// Growth is the number of rows to which one index grows.
	Growth int
	// In each of Rounds rounds, each contender of the comparison writes Warming rows that do not count, and then Rows rows
	// that do. Commits is the number of rows that are searched for one by one.
	Rows, Warming, Rounds, Commits int
}

// Full is the scale of docs/performance.md.
var Full = Scale{Load: 60_000, Growth: 2_000_000, Rows: 150_000, Warming: 100_000, Rounds: 3, Commits: 1500}

// least is the smallest useful scale.
var least = Scale{Load: 1000, Growth: 10_000, Rows: 1000, Warming: 1000, Rounds: 1, Commits: 100}

const (
	// heap is the heap size of the node and of the peer.
	heap = "1g"
	// perSecond is the number of microseconds in a second.
	perSecond = 1e6
)

// defaults has the function's defaults.
var defaults = config.CurrentState{}.WithDefaults(config.Dev)

// bench is the state of one run.
type bench struct {
	scale    Scale
	log      *progress.Log
	project  string
	site     *stores.Site
	node     *stores.OpenSearch
	aws      *stores.Moto
	program  string // the function's program
	endpoint string // the endpoint of the node for the function and the peer
	login    string // Authorization header of the master user
	rows     []content
	made     int // number of buckets made, one for each fleet
	kept     kept
	report   *Report
}

// parts has the parts of a run.
var parts = []struct {
	name    string
	measure func(*bench, context.Context) error
}{{"load", (*bench).load}, {"growth", (*bench).grow}, {"peer", (*bench).compare}}

// Parts returns the names of the parts of a run.
func Parts() []string {
	names := make([]string, len(parts))
	for i, part := range parts {
		names[i] = part.name
	}
	return names
}

// Run measures the named parts, or all parts if none is named. Servers come from the cache folder, and Run removes
// them at the end.
func Run(ctx context.Context, project, machine string, scale Scale, only []string, log *progress.Log) (r *Report, err error) {
	b := &bench{scale: scale, log: log, project: project, rows: contents(), report: &Report{
		Scale: scale, Machine: machine, Date: time.Now().UTC().Format(time.DateOnly), Cores: runtime.NumCPU(),
		Versions: map[string]string{"go": strings.TrimPrefix(runtime.Version(), "go"), "opensearch": stores.OpenSearchVersion, "mariadb": stores.MariaDBVersion},
	}}
	if b.site, err = stores.NewSite(filepath.Join(project, ".cache")); err != nil {
		return nil, fmt.Errorf("making a place for the servers: %w", err)
	}
	defer func() { err = errors.Join(err, b.site.Remove()) }()
	defer b.stop()
	if err := log.Run("start OpenSearch and the function", func() error { return b.start(ctx) }); err != nil {
		return nil, err //nolint:wrapcheck // the log names the stage
	}
	if err := log.Run("warm up", func() error { return b.warmUp(ctx) }); err != nil {
		return nil, err //nolint:wrapcheck // the log names the stage
	}
	for _, part := range parts {
		if len(only) > 0 && !slices.Contains(only, part.name) {
			continue
		}
		if err := log.Run(part.name, func() error { return part.measure(b, ctx) }); err != nil {
			return nil, err //nolint:wrapcheck // the log names the stage
		}
	}
	b.report.Seconds = log.Elapsed().Round(time.Second).Seconds()
	return b.report, nil
}

func (b *bench) start(ctx context.Context) (err error) {
	if b.program, err = b.function(ctx); err != nil {
		return err
	}
	password := rand.Text()
	b.login = stores.BasicAuthorization("master", password)
	if b.node, err = b.site.StartOpenSearch(ctx, stores.OpenSearchOptions{MasterUser: "master", MasterPassword: password, Heap: heap}); err != nil {
		return fmt.Errorf("starting the node: %w", err)
	}
	b.aws, err = b.site.StartMoto(ctx, stores.MotoOptions{Program: filepath.Join(b.project, "rehearsal", "standins", "controlplane", "moto")})
	if err != nil {
		return fmt.Errorf("starting the stand-in of S3: %w", err)
	}
	b.endpoint, err = b.open(ctx)
	return err
}

func (b *bench) stop() {
	if b.aws != nil {
		b.aws.Stop()
	}
	if b.node != nil {
		b.node.Stop()
	}
}

// clear removes all indices with rows.
func (b *bench) clear(ctx context.Context) error {
	if err := b.node.Admin().Do(ctx, http.MethodDelete, "/current-*,"+peerIndex+"?ignore_unavailable=true", nil, nil); err != nil {
		return fmt.Errorf("removing the indices: %w", err)
	}
	return nil
}

// counted compares the number of documents in an index with the number of written rows.
func (b *bench) counted(ctx context.Context, index string, want int) error {
	if err := b.node.Admin().Refresh(ctx, index); err != nil {
		return fmt.Errorf("refreshing %s: %w", index, err)
	}
	count, err := b.node.Admin().Count(ctx, index)
	if err != nil {
		return fmt.Errorf("counting %s: %w", index, err)
	}
	if count != want {
		return fmt.Errorf("%s has %d documents, and %d rows were written", index, count, want)
	}
	return nil
}
