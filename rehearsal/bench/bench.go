// Package bench measures the current-state function on a real OpenSearch node.
//
//   - [Writing] has how fast the function writes. The baseline only sends the same documents with the same versions in
//     prepared `_bulk` requests. The function is also compared with an earlier commit, with requests without versions,
//     and with opensearch-go's BulkIndexer.
//   - [Parsing] has how fast records are parsed, compared with the earlier commit.
//   - [Visible] has how long after its commit a search finds a row.
//
// Each contender is a separate process. They take turns on one node, each time with a new index, so that other
// load on the machine affects all of them equally.
package bench

import (
	"cdcpipeline/config"
	"cdcpipeline/rehearsal/report/progress"
	"cdcpipeline/rehearsal/stores"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"
)

// defaults has the function's defaults.
var defaults = config.CurrentState{}.WithDefaults(config.Dev)

// bench is the state of one run.
type bench struct {
	log   *progress.Log
	node  *stores.OpenSearch
	login string // Authorization header of the master user
	// authority is the authority of the node's certificate, in PEM.
	authority []byte
	// dir has the contenders' programs and their input files.
	dir      string
	programs programs
	report   *Report
}

// These are the parts of the benchmark.
const (
	partRead    = "read"
	partProgram = "program"
	partWrite   = "write"
	partSearch  = "search"
)

// Parts returns the names of the parts.
func Parts() []string { return []string{partRead, partProgram, partWrite, partSearch} }

// Run measures the named parts, or all parts if none is named. fewer divides the number of rows; a run with fewer rows
// only shows that the benchmark works. Servers come from the cache folder, and Run removes them at the end.
func Run(ctx context.Context, project, machine string, fewer int, only []string, log *progress.Log) (r *Report, err error) {
	if len(only) == 0 {
		only = Parts()
	}
	b := &bench{log: log, report: &Report{
		Machine: machine, Date: time.Now().UTC().Format(time.DateOnly),
		Versions: map[string]string{"go": strings.TrimPrefix(runtime.Version(), "go"), "opensearch": stores.OpenSearchVersion},
	}}
	if b.dir, err = os.MkdirTemp("", "cdc-bench-"); err != nil {
		return nil, fmt.Errorf("making a place for contenders: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(b.dir)) }()
	if err := log.Run("compile contenders", func() error { return b.compile(ctx, project) }); err != nil {
		return nil, err
	}
	if slices.Contains(only, partRead) {
		if err := log.Run("read records", func() error { return b.parse(ctx) }); err != nil {
			return nil, err
		}
	}
	if slices.Contains(only, partProgram) {
		if err := log.Run("the program alone", func() error { return b.program(ctx, project) }); err != nil {
			return nil, err
		}
	}
	if slices.Contains(only, partWrite) || slices.Contains(only, partSearch) {
		if err := b.onNode(ctx, project, fewer, only); err != nil {
			return nil, err
		}
	}
	b.report.Seconds = log.Elapsed().Round(time.Second).Seconds()
	return b.report, nil
}

// onNode runs the measurements that need OpenSearch.
func (b *bench) onNode(ctx context.Context, project string, fewer int, only []string) (err error) {
	site, err := stores.NewSite(filepath.Join(project, ".cache"))
	if err != nil {
		return fmt.Errorf("making a place for the node: %w", err)
	}
	defer func() { err = errors.Join(err, site.Remove()) }()
	b.authority = site.Authority.PEM()
	if err := b.log.Run("start OpenSearch", func() error { return b.start(ctx, site) }); err != nil {
		return err //nolint:wrapcheck // the log says what
	}
	defer b.node.Stop()
	if err := b.log.Run("warm up", func() error { return b.warmUp(ctx, fewer) }); err != nil {
		return err //nolint:wrapcheck // the log says what
	}
	if slices.Contains(only, partWrite) {
		for _, s := range shapes {
			if s.rows /= fewer; s.rows < defaults.BatchSize {
				return fmt.Errorf("%d rows are too few", s.rows)
			}
			if err := b.log.Run("write "+s.String(), func() error { return b.write(ctx, s) }); err != nil {
				return err //nolint:wrapcheck // the log says what
			}
		}
	}
	if slices.Contains(only, partSearch) {
		return b.log.Run("commit to search", func() error { return b.see(ctx) }) //nolint:wrapcheck // the log says what
	}
	return nil
}

func (b *bench) start(ctx context.Context, site *stores.Site) (err error) {
	password := rand.Text()
	b.login = stores.BasicAuthorization("master", password)
	b.node, err = site.StartOpenSearch(ctx, stores.OpenSearchOptions{MasterUser: "master", MasterPassword: password, Heap: heap})
	if err != nil {
		return fmt.Errorf("starting the node: %w", err)
	}
	var about struct {
		Nodes map[string]struct {
			JVM struct {
				Version string `json:"version"`
			} `json:"jvm"`
		} `json:"nodes"`
	}
	if err := b.node.Admin().Do(ctx, http.MethodGet, "/_nodes/jvm", nil, &about); err != nil {
		return fmt.Errorf("asking the node for its version of Java: %w", err)
	}
	for _, n := range about.Nodes {
		b.report.Versions["java"] = n.JVM.Version
	}
	return nil
}
