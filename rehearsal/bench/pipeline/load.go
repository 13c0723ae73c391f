package pipeline

import (
	"cdcpipeline/internal/currentstate"
	"cdcpipeline/internal/table"
	"cdcpipeline/rehearsal/machine/family"
	"context"
	"fmt"
	"math"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"
)

const (
	// warming is how long the node writes before a measurement starts. By then its code is compiled.
	warming = 25 * time.Second
	// holding is how long rows arrive at one rate.
	holding = 15 * time.Second
	// bounded is the greatest accepted delay of rows in the last third of that time. It includes a second of
	// search.current.batchSeconds.
	bounded = 3 * time.Second
)

var (
	// shapes are pairs of shards and concurrent calls for each shard.
	shapes = [][2]int{{1, 1}, {1, 2}, {2, 1}, {2, 2}, {4, 1}, {4, 2}}
	// shares are fractions of the rate at which a backlog is drained. They are tried until one is held.
	shares = []float64{0.9, 0.75, 0.6, 0.45}
)

// indexOf returns the index that the function makes.
func indexOf(n table.Name) string { return currentstate.Source("").Index(n, 1) }

// drain lets the processes write a backlog of rows as fast as possible. The rows have the ids after `after`. Each
// process takes every n-th row, because shards and concurrent calls share rows by key. progress receives the
// number of finished rows.
func (f *fleet) drain(ctx context.Context, after, count int, progress func(done int)) error {
	group, ctx := errgroup.WithContext(ctx)
	for lane := range f.processes {
		group.Go(func() error {
			for id := after + 1 + lane; id <= after+count; {
				batch := make([][]byte, 0, defaults.BatchSize)
				for ; len(batch) < cap(batch) && id <= after+count; id += len(f.processes) {
					batch = append(batch, f.record(id, time.Now()))
				}
				if err := f.call(ctx, lane, batch); err != nil {
					return err
				}
				progress(len(batch))
			}
			return nil
		})
	}
	return group.Wait() //nolint:wrapcheck // calls say what they did
}

func nobody(int) {}

// hold sends rows at a constant rate. A process takes its rows when a batch is full, or when the first row has
// waited for search.current.batchSeconds. hold returns the delay of each batch's first row, in the order in which
// batches finished, the number of rows, and the last id.
func (f *fleet) hold(ctx context.Context, after int, rate float64) (late []time.Duration, rows, last int, err error) {
	began := time.Now()
	window := time.Duration(*defaults.BatchSeconds) * time.Second
	lanes := float64(len(f.processes))
	due := func(n int) time.Time { // the time at which the n-th row of a lane arrives
		return began.Add(time.Duration(float64(n) * lanes / rate * float64(time.Second)))
	}
	lags := make(chan time.Duration, int(rate*holding.Seconds())+len(f.processes))
	taken := make([]int, len(f.processes))
	group, inner := errgroup.WithContext(ctx)
	for lane := range f.processes {
		group.Go(func() error {
			n := 0
			defer func() { taken[lane] = n }()
			for due(n).Before(began.Add(holding)) {
				first := due(n)
				ready := due(n + defaults.BatchSize - 1)
				if waited := first.Add(window); waited.Before(ready) {
					ready = waited
				}
				time.Sleep(time.Until(ready))
				var batch [][]byte
				for now := time.Now(); len(batch) < defaults.BatchSize && !due(n).After(now); n++ {
					batch = append(batch, f.record(after+1+lane+n*len(f.processes), due(n)))
				}
				if err := f.call(inner, lane, batch); err != nil {
					return err
				}
				lags <- time.Since(first)
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return nil, 0, 0, err //nolint:wrapcheck // calls say what they did
	}
	close(lags)
	for lag := range lags {
		late = append(late, lag)
	}
	for lane, n := range taken {
		rows, last = rows+n, max(last, after+1+lane+n*len(f.processes))
	}
	return late, rows, last, nil
}

// warmUp writes rows that do not count.
func (b *bench) warmUp(ctx context.Context) error {
	f, err := b.fleet(ctx, 2, orders)
	if err != nil {
		return err
	}
	defer f.stop()
	const step = 10_000
	for began, after := time.Now(), 0; time.Since(began) < warming; after += step {
		if err := f.drain(ctx, after, step, nobody); err != nil {
			return err
		}
	}
	return b.clear(ctx)
}

// load measures, for each shape, how fast the function drains a backlog and which rate it holds.
func (b *bench) load(ctx context.Context) error {
	for _, shape := range shapes {
		one, err := b.loaded(ctx, shape[0], shape[1])
		if err != nil {
			return fmt.Errorf("%d shards with %d calls each: %w", shape[0], shape[1], err)
		}
		b.log.Detail("%d x %d: %.0f rows/s drained, %.0f held", one.Shards, one.Calls, one.Drained, one.Held)
		b.report.Load = append(b.report.Load, one)
	}
	return nil
}

func (b *bench) loaded(ctx context.Context, shards, calls int) (Load, error) {
	f, err := b.fleet(ctx, shards*calls, orders)
	if err != nil {
		return Load{}, err
	}
	defer f.stop()
	first := 2 * defaults.BatchSize * len(f.processes) // the first calls read the registry and the index
	if err := f.drain(ctx, 0, first, nobody); err != nil {
		return Load{}, err
	}
	one, written := Load{Shards: shards, Calls: calls}, first
	before := f.spent()
	if err := f.drain(ctx, written, b.scale.Load, nobody); err != nil {
		return Load{}, err
	}
	one.Cost = f.spent().since(before, b.scale.Load)
	one.Drained = one.Cost.RowsPerSecond
	written += b.scale.Load
	after := written
	for _, share := range shares {
		rate := math.Floor(share * one.Drained)
		late, rows, last, err := f.hold(ctx, after, rate)
		if err != nil {
			return Load{}, err
		}
		written, after = written+rows, last
		if one.LateP50, one.LateP99, one.LastLate = lateness(late); one.LastLate <= float64(bounded.Milliseconds()) {
			one.Held = rate
			break
		}
	}
	if err := b.counted(ctx, indexOf(orders), written); err != nil {
		return Load{}, err
	}
	return one, b.clear(ctx)
}

// grow lets one index grow, and measures the function at each step.
func (b *bench) grow(ctx context.Context) error {
	f, err := b.fleet(ctx, 2, orders)
	if err != nil {
		return err
	}
	defer f.stop()
	written := 0
	for _, rows := range steps(b.scale.Growth) {
		before := f.spent()
		var most atomic.Int64
		err := f.drain(ctx, written, rows-written, func(int) {
			_, memory := f.used()
			for has := most.Load(); memory > has && !most.CompareAndSwap(has, memory); has = most.Load() {
				continue
			}
		})
		if err != nil {
			return err
		}
		step := Growth{Rows: rows, Cost: f.spent().since(before, rows-written), MemoryMB: float64(most.Load()) / 1e6}
		written = rows
		b.log.Detail("%d rows: %.0f rows/s, %.0f µs of the function, %.0f MB", rows, step.Cost.RowsPerSecond, step.Cost.Function, step.MemoryMB)
		b.report.Growth = append(b.report.Growth, step)
	}
	if err := b.counted(ctx, indexOf(orders), written); err != nil {
		return err
	}
	return b.clear(ctx)
}

// steps returns 10 k, 30 k, 100 k, 300 k, 1 M and so on, up to a number of rows.
func steps(most int) []int {
	var all []int
	for n := 10_000; n < most; n *= 10 {
		all = append(all, n)
		if 3*n < most {
			all = append(all, 3*n)
		}
	}
	return append(all, most)
}

// spent has the resources used up to a moment.
type spent struct {
	at                        time.Time
	function, node, stand, me time.Duration
}

// spent reads the resources used by the function, the node and the stand-ins. The stand-ins are this process and
// that of S3.
func (f *fleet) spent() spent {
	s := spent{at: time.Now(), me: processor()}
	s.function, _ = f.used()
	s.stand, _ = family.Of(f.aws.PID())
	s.node = family.Processor() - s.function - s.stand
	return s
}

// since returns the cost of a row since an earlier moment.
func (s spent) since(before spent, rows int) Cost {
	took, each := s.at.Sub(before.at), func(d time.Duration) float64 { return d.Seconds() * perSecond / float64(rows) }
	return Cost{
		RowsPerSecond: float64(rows) / took.Seconds(), Function: each(s.function - before.function), Node: each(s.node - before.node),
		StandIns: each(s.stand - before.stand + s.me - before.me), Clock: each(took),
	}
}

// processor returns the processor time of this process.
func processor() time.Duration {
	var used syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &used) // reading its own usage cannot fail
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}
