package pipeline

import (
	"cdcpipeline/internal/currentstate"
	"cdcpipeline/rehearsal/report/reconcile"
	"cdcpipeline/rehearsal/stores"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"golang.org/x/sync/errgroup"
)

const (
	// perSecondLive is the number of rows that are committed per second, each in its own transaction.
	perSecondLive = 100
	// glance is the interval between searches.
	glance = 20 * time.Millisecond
)

// visible measures the time from a row's commit until a search finds it. Function and peer have equal batches: at
// most search.current.batchSize rows, or search.current.batchSeconds. The same number of rows comes first and does
// not count.
func (b *bench) visible(ctx context.Context, p *peer) error {
	for _, one := range []struct {
		into  *Latency
		index string
		start func(context.Context) (run func(context.Context) error, end func(), err error)
	}{
		{&b.report.Visible.Function, currentstate.Source("").Alias(live), p.followByFunction},
		{&b.report.Visible.Peer, peerIndex, p.followByPeer},
	} {
		if err := p.exec(ctx, "DELETE FROM "+live.String()); err != nil {
			return err
		}
		run, end, err := one.start(ctx)
		if err != nil {
			return err
		}
		found, err := b.watch(ctx, p.source, one.index, run)
		end()
		if err != nil {
			return err
		}
		*one.into = Latency{P50: reconcile.Quantile(found, 0.5), P99: reconcile.Quantile(found, 0.99)}
		b.log.Detail("%s: found after %.0f ms, 99 of 100 within %.0f ms", one.index, one.into.P50, one.into.P99)
		if err := b.clear(ctx); err != nil {
			return err
		}
	}
	return nil
}

// watch commits rows and searches for them while the contender follows the log.
func (b *bench) watch(ctx context.Context, s *source, index string, run func(context.Context) error) (found []time.Duration, err error) {
	all := 2 * b.scale.Commits
	committed := make([]time.Time, all+1)
	for id := range committed {
		committed[id] = time.Now().Add(time.Second + time.Duration(id)*time.Second/perSecondLive)
	}
	following, stop := context.WithCancel(ctx)
	defer stop()
	group, inner := errgroup.WithContext(following)
	group.Go(func() error {
		for id := 1; id <= all; id++ {
			time.Sleep(time.Until(committed[id]))
			if err := s.exec(inner, s.insert(live, id, id+1)); err != nil {
				return err
			}
		}
		return nil
	})
	group.Go(func() error { return run(inner) })
	group.Go(func() error {
		defer stop() // the contender need not follow the log any longer
		found, err = b.find(inner, index, committed)
		return err
	})
	err = group.Wait()
	return found, err //nolint:wrapcheck // each says what it did
}

// find searches for new rows by id. Rows of the first half do not count.
func (b *bench) find(ctx context.Context, index string, committed []time.Time) ([]time.Duration, error) {
	all := len(committed) - 1
	found, seen := make([]time.Duration, 0, all), map[int]bool{}
	for last := committed[all].Add(time.Minute); len(seen) < all; time.Sleep(glance) {
		if time.Now().After(last) || ctx.Err() != nil {
			return nil, fmt.Errorf("%d of %d rows are found in %s", len(seen), all, index)
		}
		// Search for all missing rows and not only the latest, because rows of one batch may appear in two
		// refreshes.
		hits, err := b.node.Admin().Search(ctx, index+"*", map[string]any{
			"size": 1000, "_source": []string{key}, "sort": map[string]any{key: map[string]any{"order": "desc", "unmapped_type": "long"}}, "track_total_hits": false,
		})
		if refused, ok := errors.AsType[*stores.StatusError](err); ok && refused.Status == http.StatusServiceUnavailable {
			continue // the index is new, and its shard has not started
		}
		if err != nil {
			return nil, fmt.Errorf("searching: %w", err)
		}
		now := time.Now()
		for _, hit := range hits {
			var row struct{ ID int }
			if err := json.Unmarshal(hit.Source, &row); err != nil {
				return nil, fmt.Errorf("reading a row that was found: %w", err)
			}
			if seen[row.ID] {
				continue
			}
			seen[row.ID] = true
			if row.ID > all/2 {
				found = append(found, now.Sub(committed[row.ID]))
			}
		}
	}
	return found, nil
}

// followByFunction lets the stand-in of DMS read the log. It calls the function with the records in batches, like
// Lambda.
func (p *peer) followByFunction(ctx context.Context) (run func(context.Context) error, end func(), err error) {
	f, err := p.fleet(ctx, 1, live)
	if err != nil {
		return nil, nil, err
	}
	from, err := p.place(ctx)
	if err != nil {
		return nil, nil, err
	}
	made := make(chan []byte, 4*p.scale.Commits)
	stop, err := p.follow(ctx, live, from, func(record []byte) { made <- record })
	if err != nil {
		return nil, nil, err
	}
	window := time.Duration(*defaults.BatchSeconds) * time.Second
	run = func(ctx context.Context) error {
		for {
			var batch [][]byte
			var full <-chan time.Time // nil while no record waits
			for collecting := true; collecting && len(batch) < defaults.BatchSize; {
				select {
				case next := <-made:
					if batch = append(batch, next); full == nil {
						full = time.After(window)
					}
				case <-full:
					collecting = false
				case <-ctx.Done():
					return nil
				}
			}
			if err := f.call(ctx, 0, batch); err != nil && ctx.Err() == nil {
				return err
			}
		}
	}
	return run, func() { stop(); f.stop() }, nil
}

// followByPeer lets the peer follow the log from its end.
func (p *peer) followByPeer(ctx context.Context) (run func(context.Context) error, end func(), err error) {
	if err := p.fresh(ctx); err != nil {
		return nil, nil, err
	}
	window := time.Duration(*defaults.BatchSeconds) * time.Second
	if err := p.begin(ctx, live); err != nil {
		return nil, nil, err
	}
	e, err := p.run(ctx, variant{does: "write", batch: defaults.BatchSize, linger: window, table: live}, p.begun)
	if err != nil {
		return nil, nil, err
	}
	run = func(ctx context.Context) error {
		select {
		case <-ctx.Done():
			return nil
		case <-e.process.Done():
			return e.process.Err() //nolint:wrapcheck // it names the peer
		}
	}
	return run, e.process.Stop, nil
}
