package bench

import (
	"cdcpipeline/internal/currentstate"
	"cdcpipeline/rehearsal/report/reconcile"
	"cdcpipeline/rehearsal/stores"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"golang.org/x/sync/errgroup"
)

const (
	// commits is the number of rows, committed one after another. perSecond is their rate.
	commits   = 2000
	perSecond = 100
	// glance is the interval between searches.
	glance = 20 * time.Millisecond
)

// sights is how often the time from commit to search is measured. A single pause of the node decides the 99th percentile
// of one run.
const sights = 3

// see measures the time from a commit until a search finds the row, several times.
func (b *bench) see(ctx context.Context) error {
	c, err := b.newCourse(ctx, shape{bytes: shapes[0].bytes, rows: commits, shards: 1})
	if err != nil {
		return err
	}
	var p50, p99 []float64
	for range sights {
		latencies, err := c.see(ctx)
		if err != nil {
			return err
		}
		p50, p99 = append(p50, reconcile.Quantile(latencies, 0.5)), append(p99, reconcile.Quantile(latencies, 0.99))
	}
	b.report.Visible = Visible{Rows: commits - 1, PerSecond: perSecond, BatchSeconds: *defaults.BatchSeconds, P50: spread(p50), P99: spread(p99)}
	return nil
}

// see measures the times once. Rows are committed at a constant rate. Like Lambda, it collects rows until a batch is
// full or its first record has waited long enough, and collects the next ones while the function runs. A search for
// newer rows is repeated all the time.
func (c *course) see(ctx context.Context) (latencies []time.Duration, err error) {
	if err := c.begin(ctx); err != nil {
		return nil, err
	}
	committed := make(chan []byte, commits)
	times := make([]time.Time, commits+1)
	began := time.Now().Add(time.Second)
	for id := range times {
		times[id] = began.Add(time.Duration(id) * time.Second / perSecond)
	}
	group, together := errgroup.WithContext(ctx)
	group.Go(func() error { return commit(together, times, committed) })
	group.Go(func() error { return c.follow(together, committed) })
	group.Go(func() (err error) {
		latencies, err = c.find(together, times)
		return err
	})
	if err := group.Wait(); err != nil {
		return nil, err //nolint:wrapcheck // each says what it did
	}
	return latencies, c.clear(ctx)
}

// commit commits rows at the given times. The first row exists already.
func commit(ctx context.Context, times []time.Time, committed chan<- []byte) error {
	defer close(committed)
	for i, r := range rows(commits, shapes[0].bytes) {
		id := i + 1
		if id == 1 {
			continue
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("committing rows: %w", context.Cause(ctx))
		case <-time.After(time.Until(times[id])):
			committed <- record(id, r, times[id])
		}
	}
	return nil
}

// follow collects records into batches and calls the function with them.
func (c *course) follow(ctx context.Context, committed <-chan []byte) error {
	f, err := c.function(c.shards, nil)
	if err != nil {
		return err
	}
	window := time.Duration(*defaults.BatchSeconds) * time.Second
	for first := range committed {
		batch := [][]byte{first}
		for full := time.After(window); len(batch) < defaults.BatchSize; {
			select {
			case next, more := <-committed:
				if more {
					batch = append(batch, next)
					continue
				}
			case <-full:
			}
			break
		}
		if err := handle(ctx, f, batches(batch, defaults.BatchSize)[0]); err != nil {
			return err
		}
	}
	return nil
}

// find searches for new rows by id.
func (c *course) find(ctx context.Context, times []time.Time) ([]time.Duration, error) {
	master := &stores.Client{HTTP: &http.Client{Transport: c.transport()}, URL: c.node.URL, Authorization: c.login}
	found := make([]time.Duration, 0, commits)
	seen := map[int]bool{1: true}
	for last := times[commits].Add(time.Minute); len(seen) < commits; {
		if time.Now().After(last) {
			return nil, fmt.Errorf("after a minute %d of %d rows are found", len(seen), commits)
		}
		// Search for all missing rows and not only the latest, because rows of one batch may appear in two
		// refreshes.
		hits, err := master.Search(ctx, currentstate.Source("").Alias(orders), map[string]any{
			"size": 1000, "_source": []string{key}, "sort": map[string]any{key: "desc"}, "track_total_hits": false,
		})
		if err != nil {
			return nil, fmt.Errorf("searching: %w", err)
		}
		now := time.Now()
		for _, hit := range hits {
			var row struct{ ID int }
			if err := json.Unmarshal(hit.Source, &row); err != nil {
				return nil, fmt.Errorf("reading a row that was found: %w", err)
			}
			if !seen[row.ID] {
				seen[row.ID] = true
				found = append(found, now.Sub(times[row.ID]))
			}
		}
		time.Sleep(glance)
	}
	return found, nil
}
