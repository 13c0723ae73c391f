package bench

import (
	"bytes"
	"cdcpipeline/internal/currentstate"
	"cdcpipeline/rehearsal/bench/drive"
	"cdcpipeline/rehearsal/machine/family"
	"cdcpipeline/rehearsal/stores"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"github.com/aws/aws-lambda-go/events"
)

// course has the input and the index of contenders for one shape.
type course struct {
	*bench
	shape
	first     events.KinesisEvent
	documents []document
	// fitting has the settings with which events are not longer than Lambda allows.
	fitting []Setup
	// dir has the contenders' input files.
	dir string
	// index is the definition of the function's index. The baseline's index gets the same one.
	index json.RawMessage
}

// contender is one way to write the rows.
type contender struct {
	concurrency int
	request     Request // set if it sends prepared requests
	setup       Setup   // set if it is the function
	program     string
	task        drive.Task
	// index is the index that it writes. It is empty if the function makes the index itself.
	index string
}

// result has the figures of one run: processor time per row, of the writing process and of the node.
type result struct {
	rowsPerSecond, ownMicros, nodeMicros float64
}

// newCourse generates the rows. It runs the function once to get its documents and its index definition.
func (b *bench) newCourse(ctx context.Context, s shape) (*course, error) {
	dir, err := os.MkdirTemp(b.dir, "course-")
	if err != nil {
		return nil, fmt.Errorf("making a place for the rows: %w", err)
	}
	c := &course{bench: b, shape: s, dir: dir}
	var records [][]byte
	for i, r := range rows(s.rows, s.bytes) {
		records = append(records, record(i+1, r, time.Now()))
	}
	c.first = batches(records[:1], 1)[0]
	recorded := &recorder{}
	f, err := b.function(s.shards, func(send http.RoundTripper) http.RoundTripper {
		recorded.RoundTripper = send
		return recorded
	})
	if err != nil {
		return nil, err
	}
	for _, batch := range batches(records, defaults.BatchSize) {
		if err := handle(ctx, f, batch); err != nil {
			return nil, err
		}
	}
	if c.documents, err = documents(recorded.lines.Bytes()); err != nil {
		return nil, err
	}
	if err := c.begin(ctx); err != nil { // with one document, which determines missing types
		return nil, err
	}
	c.index, err = definition(ctx, b.node.Admin(), currentstate.Source("").Index(orders, 1))
	if err != nil {
		return nil, err
	}
	for _, s := range setups {
		events, err := c.asLambda(batches(records, s.BatchSize))
		if err != nil {
			return nil, err
		}
		if len(slices.MaxFunc(events, func(a, b []byte) int { return len(a) - len(b) })) > maxEvent {
			continue
		}
		c.fitting = append(c.fitting, s)
		if err := c.parts(eventsOf(s), events); err != nil {
			return nil, err
		}
	}
	return c, c.clear(ctx)
}

// eventsOf names the file of the events for a setting.
func eventsOf(s Setup) string { return fmt.Sprintf("events-%d", s.BatchSize) }

// parts writes an input file for contenders. Each begins with the first row alone.
func (c *course) parts(name string, all [][]byte) error {
	if err := drive.WriteParts(c.file(name), all); err != nil {
		return fmt.Errorf("writing what contenders write: %w", err)
	}
	return nil
}

func (c *course) file(name string) string { return filepath.Join(c.dir, name+".parts") }

// asLambda encodes batches as Lambda events. The first event has only the first record.
func (c *course) asLambda(batches []events.KinesisEvent) ([][]byte, error) {
	var all [][]byte
	for _, batch := range append([]events.KinesisEvent{c.first}, batches...) {
		event, err := json.Marshal(batch)
		if err != nil {
			return nil, fmt.Errorf("writing an event: %w", err)
		}
		all = append(all, event)
	}
	return all, nil
}

// definition reads an index's definition in a form that can make an equal index.
func definition(ctx context.Context, admin *stores.Client, name string) (json.RawMessage, error) {
	var has map[string]struct {
		Mappings json.RawMessage `json:"mappings"`
		Settings struct {
			Index map[string]any `json:"index"`
		} `json:"settings"`
	}
	if err := admin.Do(ctx, http.MethodGet, "/"+name, nil, &has); err != nil {
		return nil, fmt.Errorf("reading the definition of %s: %w", name, err)
	}
	settings := has[name].Settings.Index
	for _, own := range []string{"uuid", "version", "creation_date", "provided_name"} {
		delete(settings, own)
	}
	text, err := json.Marshal(map[string]any{"mappings": has[name].Mappings, "settings": map[string]any{"index": settings}})
	if err != nil {
		return nil, fmt.Errorf("writing the definition of %s: %w", name, err)
	}
	return text, nil
}

// begin lets another function make the index with the first row.
func (c *course) begin(ctx context.Context) error {
	f, err := c.function(c.shards, nil)
	if err != nil {
		return err
	}
	return handle(ctx, f, c.first)
}

// task returns the task of a contender that reads a file of parts.
func (c *course) task(kind, parts string, workers int) drive.Task {
	return drive.Task{Kind: kind, URL: c.node.URL, Authorization: c.login, Authority: string(c.authority), Workers: workers, Parts: c.file(parts), Index: rawIndex}
}

// writer returns the function of a program as a contender, with one process state for each concurrent call, as in
// Lambda. The first call reads the registry and makes the index.
func (c *course) writer(program string, concurrency int, s Setup) (contender, error) {
	tables, err := currentstate.EncodeTables([]currentstate.Table{described()})
	if err != nil {
		return contender{}, fmt.Errorf("describing the table: %w", err)
	}
	t := c.task("function", eventsOf(s), concurrency)
	t.Variables = map[string]string{
		"SEARCH_ENDPOINT": c.node.URL, "PARKING_BUCKET": "none", "INDEX_SHARDS": strconv.Itoa(c.shards), "INDEX_REPLICAS": "0", "TABLES": tables,
		"AWS_LAMBDA_FUNCTION_MEMORY_SIZE": strconv.Itoa(defaults.MemoryMb), "BULK_PLAIN": strconv.FormatBool(!s.Compress),
	}
	return contender{concurrency: concurrency, setup: s, program: program, task: t, index: currentstate.Source("").Index(orders, 1)}, nil
}

// raw returns a contender that sends prepared requests.
func (c *course) raw(concurrency int, r Request) (contender, error) {
	name := fmt.Sprintf("requests-%d-%t-%t", r.Documents, r.Gzip, r.Versions)
	if _, err := os.Stat(c.file(name)); err != nil {
		bodies, err := r.bodies(c.documents)
		if err != nil {
			return contender{}, err
		}
		first, err := r.bodies(c.documents[:1])
		if err != nil {
			return contender{}, err
		}
		if err := c.parts(name, append(first, bodies...)); err != nil {
			return contender{}, err
		}
	}
	t := c.task("raw", name, concurrency)
	t.Gzip = r.Gzip
	return contender{concurrency: concurrency, request: r, program: c.programs.now, task: t, index: rawIndex}, nil
}

// indexer returns opensearch-go's BulkIndexer as a contender.
func (c *course) indexer(concurrency int) (contender, error) {
	lines := func(all []document) []byte {
		var text bytes.Buffer
		for _, d := range all {
			fmt.Fprintf(&text, "%s\t%d\t%s\n", d.id, d.version, d.source)
		}
		return text.Bytes()
	}
	parts := [][]byte{lines(c.documents[:1])}
	for some := range slices.Chunk(c.documents, defaults.BatchSize) {
		parts = append(parts, lines(some))
	}
	if err := c.parts("documents", parts); err != nil {
		return contender{}, err
	}
	return contender{concurrency: concurrency, program: c.programs.now, task: c.task("indexer", "documents", concurrency), index: rawIndex}, nil
}

// run lets a contender write all rows into a new index. It waits until a search finds them, and counts them. The
// time includes the last refresh, because otherwise a contender could leave work undone.
func (c *course) run(ctx context.Context, who contender) (result, error) {
	if who.index == rawIndex {
		if err := c.node.Admin().Do(ctx, http.MethodPut, "/"+rawIndex, []byte(c.index), nil); err != nil {
			return result{}, fmt.Errorf("making the index: %w", err)
		}
	}
	runs, err := start(ctx, who.program, who.task)
	if err != nil {
		return result{}, err
	}
	began, all := time.Now(), family.Processor()
	figures, err := runs.race()
	if err != nil {
		return result{}, err
	}
	if err := c.node.Admin().Refresh(ctx, who.index); err != nil {
		return result{}, fmt.Errorf("refreshing the index: %w", err)
	}
	took, node := time.Since(began), (family.Processor()-all).Seconds()-figures.ProcessorSeconds
	if err := runs.end(); err != nil {
		return result{}, err
	}
	count, err := c.node.Admin().Count(ctx, who.index)
	if err != nil {
		return result{}, fmt.Errorf("counting what was written: %w", err)
	}
	if count != c.rows {
		return result{}, fmt.Errorf("%d documents were written of %d", count, c.rows)
	}
	rows := float64(c.rows)
	return result{rows / took.Seconds(), figures.ProcessorSeconds * 1e6 / rows, node * 1e6 / rows}, c.clear(ctx)
}

// clear removes all indices. One of them is the registry of the function of the earlier commit, which this build's
// function would take over at its first call.
func (c *course) clear(ctx context.Context) error {
	if err := c.node.Admin().Do(ctx, http.MethodDelete, "/current-*,"+currentstate.FormerRegistry+"*,"+rawIndex+"?ignore_unavailable=true", nil, nil); err != nil {
		return fmt.Errorf("removing the indices: %w", err)
	}
	return nil
}
