package bench

import (
	"cdcpipeline/internal/currentstate"
	"cdcpipeline/rehearsal/machine/family"
	"cdcpipeline/rehearsal/stores"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"runtime"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"golang.org/x/sync/errgroup"
)

// course is what contenders of one shape write, and into what.
type course struct {
	*bench
	shape
	batches   []events.KinesisEvent
	documents []document
	// index is the definition of the function's index, which the baseline's gets too.
	index json.RawMessage
}

// worker writes a part of the rows.
type worker func(ctx context.Context, part int) error

// contender is a way to write the rows.
type contender struct {
	concurrency int
	request     Request // of the baseline
	parts       int
	index       string
	// ready makes the index with one document in it, worker one of those that write.
	ready  func(ctx context.Context) error
	worker func() (worker, error)
}

// result of one run: processor time is that of a row, in the writing process and in the node.
type result struct {
	rowsPerSecond, ownMicros, nodeMicros float64
}

// newCourse makes the rows, and takes the documents that the function makes of them and the index that it makes for them.
func (b *bench) newCourse(ctx context.Context, s shape) (*course, error) {
	c := &course{bench: b, shape: s}
	var records [][]byte
	for i, r := range rows(s.rows, s.bytes) {
		records = append(records, record(i+1, r, time.Now()))
	}
	c.batches = batches(records, defaults.BatchSize)
	recorded := &recorder{}
	f, err := b.function(s.shards, func(send http.RoundTripper) http.RoundTripper {
		recorded.RoundTripper = send
		return recorded
	})
	if err != nil {
		return nil, err
	}
	for _, batch := range c.batches {
		if err := handle(ctx, f, batch); err != nil {
			return nil, err
		}
	}
	if c.documents, err = documents(recorded.lines.Bytes()); err != nil {
		return nil, err
	}
	if err := c.begin(ctx); err != nil { // with one document: what has no type yet gets one
		return nil, err
	}
	c.index, err = definition(ctx, b.node.Admin(), currentstate.Source("").Index(orders, 1))
	if err != nil {
		return nil, err
	}
	return c, c.clear(ctx)
}

// definition of an index, as one makes another one like it.
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

// begin has another function make the index, by its first row.
func (c *course) begin(ctx context.Context) error {
	f, err := c.function(c.shards, nil)
	if err != nil {
		return err
	}
	return handle(ctx, f, events.KinesisEvent{Records: c.batches[0].Records[:1]})
}

// writer is the function, one for each call at once, as in Lambda. Its first call reads the registry and the index.
func (c *course) writer(concurrency int) contender {
	return contender{
		concurrency: concurrency, parts: len(c.batches), index: currentstate.Source("").Index(orders, 1), ready: c.begin,
		worker: func() (worker, error) {
			f, err := c.function(c.shards, nil)
			return func(ctx context.Context, part int) error { return handle(ctx, f, c.batches[part]) }, err
		},
	}
}

// raw is the baseline.
func (c *course) raw(concurrency int, r Request) (contender, error) {
	bodies, err := r.bodies(c.documents)
	if err != nil {
		return contender{}, err
	}
	first, err := r.bodies(c.documents[:1])
	if err != nil {
		return contender{}, err
	}
	return contender{
		concurrency: concurrency, request: r, parts: len(bodies), index: rawIndex,
		ready: func(ctx context.Context) error {
			if err := c.node.Admin().Do(ctx, http.MethodPut, "/"+rawIndex, []byte(c.index), nil); err != nil {
				return fmt.Errorf("making the baseline's index: %w", err)
			}
			return c.send(ctx, &http.Client{Transport: c.transport()}, first[0], r.Gzip)
		},
		worker: func() (worker, error) {
			client := &http.Client{Transport: c.transport()}
			return func(ctx context.Context, part int) error { return c.send(ctx, client, bodies[part], r.Gzip) }, nil
		},
	}, nil
}

// run lets a contender write all rows into a fresh index, until they can be found, and counts them. The last refresh is
// part of it: else whoever is done between two of them would leave work behind.
func (c *course) run(ctx context.Context, who contender) (result, error) {
	if err := who.ready(ctx); err != nil {
		return result{}, err
	}
	workers := make([]worker, who.concurrency)
	for i := range workers {
		var err error
		if workers[i], err = who.worker(); err != nil {
			return result{}, err
		}
	}
	runtime.GC() // of what the one before has left
	began, own, node := time.Now(), processor(), family.Processor()
	if err := race(ctx, workers, who.parts); err != nil {
		return result{}, err
	}
	if err := c.node.Admin().Refresh(ctx, who.index); err != nil {
		return result{}, fmt.Errorf("refreshing the index: %w", err)
	}
	took := time.Since(began)
	own, node = processor()-own, family.Processor()-node
	count, err := c.node.Admin().Count(ctx, who.index)
	if err != nil {
		return result{}, fmt.Errorf("counting what was written: %w", err)
	}
	if count != c.rows {
		return result{}, fmt.Errorf("%d documents were written of %d", count, c.rows)
	}
	rows := float64(c.rows)
	return result{rows / took.Seconds(), own.Seconds() * 1e6 / rows, node.Seconds() * 1e6 / rows}, c.clear(ctx)
}

// race hands out parts to workers until none is left.
func race(ctx context.Context, workers []worker, parts int) error {
	todo := make(chan int, parts)
	for part := range parts {
		todo <- part
	}
	close(todo)
	group, ctx := errgroup.WithContext(ctx)
	for _, work := range workers {
		group.Go(func() error {
			for part := range todo {
				if err := work(ctx, part); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return group.Wait() //nolint:wrapcheck // workers say what they did
}

// clear removes all indices.
func (c *course) clear(ctx context.Context) error {
	if err := c.node.Admin().Do(ctx, http.MethodDelete, "/current-*,"+rawIndex+"?ignore_unavailable=true", nil, nil); err != nil {
		return fmt.Errorf("removing the indices: %w", err)
	}
	return nil
}
