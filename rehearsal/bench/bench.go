// Package bench measures the current-state function on a real OpenSearch node.
//
//   - How fast it writes, against a baseline that does nothing but send the very same documents, prepared beforehand, by
//     plain `_bulk` requests ([Writing]).
//   - How fast records are parsed ([Parsing]).
//   - How long after its commit a row is found ([Visible]).
//
// Contenders take turns on one node, each time on a fresh index, so that what else the machine does hits both alike.
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
	"runtime"
	"strings"
	"time"
)

// defaults of the function.
var defaults = config.CurrentState{}.WithDefaults(config.Dev)

// bench is one run.
type bench struct {
	log    *progress.Log
	node   *stores.OpenSearch
	login  string // header of the master user
	report *Report
}

// Run measures everything. Servers come from the cache folder, and nothing is left of them.
func Run(ctx context.Context, cache, machine string, log *progress.Log) (r *Report, err error) {
	b := &bench{log: log, report: &Report{
		Machine: machine, Date: time.Now().UTC().Format(time.DateOnly),
		Versions: map[string]string{"go": strings.TrimPrefix(runtime.Version(), "go"), "opensearch": stores.OpenSearchVersion},
	}}
	if err := log.Run("parse", b.parse); err != nil {
		return nil, err
	}
	site, err := stores.NewSite(cache)
	if err != nil {
		return nil, fmt.Errorf("making a place for the node: %w", err)
	}
	defer func() { err = errors.Join(err, site.Remove()) }()
	if err := log.Run("start OpenSearch", func() error { return b.start(ctx, site) }); err != nil {
		return nil, err
	}
	defer b.node.Stop()
	if err := log.Run("warm up", func() error { return b.warmUp(ctx) }); err != nil {
		return nil, err
	}
	for _, s := range shapes {
		if err := log.Run("write "+s.String(), func() error { return b.write(ctx, s) }); err != nil {
			return nil, err
		}
	}
	if err := log.Run("commit to search", func() error { return b.see(ctx) }); err != nil {
		return nil, err
	}
	b.report.Seconds = log.Elapsed().Round(time.Second).Seconds()
	return b.report, nil
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
