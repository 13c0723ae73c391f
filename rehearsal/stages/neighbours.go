package stages

import (
	"cdcpipeline/rehearsal/bench/neighbours"
	"cdcpipeline/rehearsal/report/reconcile"
	"cdcpipeline/rehearsal/stages/tool"
	"context"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"
)

// Neighbours is what `make bench-sources` runs.
var Neighbours = Part{
	"neighbours", "Rows are written to one source while the database of another one is killed again and again, and what that does to them is measured.",
	[]Stage{firstUp, rows, {"two sources added", SourcesAdded, nil}, {"minutes beside a source that is up, or down", MeasureNeighbours, nil}, destroy},
}

const neighboursRate = 50

// MeasureNeighbours measures alternating minutes, and publishes the results.
func MeasureNeighbours(ctx context.Context, r *Run) error {
	m := neighbours.Measured{Machine: r.Report.Machine, Date: r.Report.Date, Rate: neighboursRate}
	for minute := range 2 * neighbours.Minutes {
		into, kill := &m.Up, false
		if minute%2 == 1 {
			into, kill = &m.Down, true
		}
		measured, err := r.of(r.named("")).minute(ctx, minute, kill)
		if err != nil {
			return err
		}
		*into = append(*into, measured)
		r.Log.Detail("minute %d, the other database is down: %v, %+v", minute+1, kill, measured)
	}
	if err := neighbours.Publish(r.Project, m); err != nil {
		return err //nolint:wrapcheck // the error names what was written
	}
	for what, of := range map[string]func(neighbours.Minute) float64{"from commit to index": neighbours.Rows, "age of the records": neighbours.Iterator} {
		if ratio := m.Ratio(of); ratio > neighbours.Goal {
			return fmt.Errorf("%s: with the other database down it takes %.2f times as long, want at most %.1f", what, ratio, neighbours.Goal)
		}
	}
	return nil
}

// minute writes rows for a minute and waits until all are indexed. During that minute the other source's database may
// be down.
func (r *Run) minute(ctx context.Context, number int, kill bool) (neighbours.Minute, error) {
	journal := fmt.Sprintf("minute-%d", number)
	work, inner := errgroup.WithContext(ctx)
	if kill {
		work.Go(func() error { return r.named(second).database.Crash(inner, outage) })
	}
	var ages []time.Duration
	watch, end := context.WithCancel(inner)
	watched := make(chan struct{})
	go func() {
		defer close(watched)
		for watch.Err() == nil {
			age := map[string]time.Duration{}
			r.ages([]*origin{r.source}, age)
			ages = append(ages, age[r.source.title()])
			_ = pause(watch, 200*time.Millisecond)
		}
	}()
	work.Go(func() error {
		return r.Tool.Generate(inner, tool.Load{
			Journal: journal, Count: neighboursRate * int(outage/time.Second), Mix: "100/0/0", Seed: 500 + number, Tables: tables[:1], Rate: neighboursRate,
		})
	})
	err := work.Wait()
	end()
	<-watched
	if err != nil {
		return neighbours.Minute{}, err //nolint:wrapcheck // each error names what was done
	}
	_, indexed, err := compareCurrent(ctx, r)
	if err != nil {
		return neighbours.Minute{}, err
	}
	latencies, err := latenciesOf(r, indexed, func(string) bool { return true }, journal)
	return neighbours.Minute{RowsMs: reconcile.Quantile(durations(latencies), 0.99), IteratorMs: reconcile.Quantile(ages, 0.99)}, err
}
