package stages

import (
	"cdcpipeline/rehearsal/report"
	"cdcpipeline/rehearsal/report/reconcile"
	"cdcpipeline/rehearsal/stages/poison"
	"cdcpipeline/rehearsal/stages/tool"
	"cdcpipeline/rehearsal/standins/lambda"
	"cdcpipeline/rehearsal/standins/opensearch"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"
)

const (
	// faultyRows at faultyRate per second take longer than the domain's downtime.
	faultyRows = 5000
	faultyRate = 100
	// downtime of the domain before it is restarted. The restart takes 12 s on two idle cores.
	downtime = 5 * time.Second
	// lateness is the maximum delay of a shard's batch, which then arrives after later batches of other shards.
	lateness = 2 * time.Second
	// giveUp is the search.retrySeconds of the rehearsal's stack, twice, because a split buffer takes it twice.
	giveUp = 2 * 2 * time.Minute
)

// Faults breaks everything between stream and indices during one load: the domain's node is killed, the domain is too
// busy, batches arrive twice and late, and some records cannot be indexed. Afterwards every change and every row is
// in its place, and every invalid record is parked.
func Faults(ctx context.Context, r *Run) error {
	domain, ok := r.World.Domains.Domain(r.output("searchDomainName"))
	if !ok {
		return fmt.Errorf("the domain %s does not exist", r.output("searchDomainName"))
	}
	want, err := present(ctx, r)
	if err != nil {
		return err
	}
	f, put := &report.Faults{}, poison.Records(time.Now())
	r.Report.Faults, f.Poison = f, len(put)
	batches := batches(r)
	misbehave(r, domain)
	defer behave(r, domain)
	began := time.Now()
	if err := loadThroughFaults(ctx, r, domain, put, f); err != nil {
		return err
	}
	written, err := written(r, "faults")
	if err != nil {
		return err
	}
	f.Written = len(written)
	want.add(written)
	if err := expectPoison(r, put, &want); err != nil {
		return err
	}
	if err := catchUp(ctx, r, want); err != nil {
		return err
	}
	behave(r, domain)
	r.timeline.Faults = append(r.timeline.Faults, r.timeline.Span("requests refused, batches twice and late", began, false))
	if err := countFaults(r, domain, batches, f); err != nil {
		return err
	}
	inHistory, inLake, err := compareSinks(ctx, r, want)
	if err != nil {
		return err
	}
	f.Lost, f.Duplicated = len(inHistory.Lost)+len(inLake.Lost), inHistory.Duplicated+inLake.Duplicated
	if f.PoisonParked, err = poison.Find(ctx, r.World.Account.Config(), poison.Places{
		Bucket: r.output("lakeBucket"), Function: r.output("currentParkedPrefix"),
		History: r.output("lakeErrorPrefix") + "/search/", Lake: r.output("lakeErrorPrefix") + "/lake/",
	}, put); err != nil {
		return err
	}
	current, _, err := compareCurrent(ctx, r)
	f.CurrentRows, f.CurrentEqual = current.Rows, current.Equal
	r.Log.Detail("%+v", *f)
	if problems := f.Problems(); len(problems) > 0 {
		err = errors.Join(err, errors.New(strings.Join(problems, "; ")))
	}
	return err
}

// present is what the sinks have now; both have the same. It may exceed the task's count, because a reloaded table is
// counted from zero.
func present(ctx context.Context, r *Run) (expected, error) {
	now := expected{read: read(r)}
	err := settle(ctx, r, now)
	if err != nil {
		return now, err
	}
	if now.history, err = history(ctx, r, r.searched().history); err != nil {
		return now, err
	}
	if now.lake, err = lake(ctx, r); err != nil {
		return now, err
	}
	if len(now.history) != len(now.lake) {
		return now, fmt.Errorf("the history has %d changes, the lake %d", len(now.history), len(now.lake))
	}
	return now, nil
}

// misbehave refuses some of the writes to the domain, and calls the function twice and late.
func misbehave(r *Run, domain *opensearch.Domain) {
	every := func(nth int64) func(int64) bool { return func(n int64) bool { return n%nth == 0 } }
	domain.Inject(opensearch.Faults{Request: every(4), Item: every(7)})
	r.World.Mappings.Inject(lambda.Faults{Twice: true, Delay: func(string) time.Duration { return rand.N(lateness) }})
}

func behave(r *Run, domain *opensearch.Domain) {
	domain.Inject(opensearch.Faults{})
	r.World.Mappings.Inject(lambda.Faults{})
}

// loadThroughFaults writes rows. After a quarter of them the domain's node is killed, and while it is down the poison
// records arrive.
func loadThroughFaults(ctx context.Context, r *Run, domain *opensearch.Domain, put []poison.Record, f *report.Faults) error {
	middle := read(r) + faultyRows/4
	work, ctx := errgroup.WithContext(ctx)
	work.Go(func() error {
		return r.Tool.Generate(ctx, tool.Load{Journal: "faults", Count: faultyRows, Mix: "50/30/20", Seed: 41, Tables: tables, Rate: faultyRate})
	})
	work.Go(func() error {
		if err := awaitRead(ctx, r, middle); err != nil {
			return err
		}
		work.Go(func() error {
			if err := pause(ctx, downtime/2); err != nil {
				return err
			}
			r.Log.Detail("%d poison records", len(put))
			return poison.Put(ctx, r.World.Account.Config(), r.output("streamName"), put)
		})
		r.Log.Detail("the domain's node is killed")
		began := time.Now()
		if err := domain.Crash(ctx, downtime); err != nil {
			return err
		}
		r.timeline.Faults = append(r.timeline.Faults, r.timeline.Span("the domain's node is killed", began, false))
		f.Kills, f.DownSeconds = f.Kills+1, round(time.Since(began).Seconds())
		r.Log.Detail("the domain's node is back after %.1f s, when the task has read %d of %d changes", f.DownSeconds, read(r)-middle+faultyRows/4, faultyRows)
		return nil
	})
	return work.Wait() //nolint:wrapcheck // each error names what was done
}

// catchUp waits until deliveries and function have finished.
func catchUp(ctx context.Context, r *Run, want expected) error {
	if err := settle(ctx, r, want); err != nil {
		return err
	}
	drain, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if err := r.World.Mappings.Drain(drain); err != nil {
		return fmt.Errorf("waiting for the function: %w", err)
	}
	return nil
}

// batches of all mappings so far.
func batches(r *Run) lambda.MappingStats {
	var sum lambda.MappingStats
	for _, s := range r.World.Mappings.Stats() {
		sum.Twice, sum.Delayed, sum.Parked, sum.Lost = sum.Twice+s.Twice, sum.Delayed+s.Delayed, sum.Parked+s.Parked, sum.Lost+s.Lost
		sum.PartialFailures, sum.Retries, sum.Bisected = sum.PartialFailures+s.PartialFailures, sum.Retries+s.Retries, sum.Bisected+s.Bisected
	}
	return sum
}

// countFaults reports what happened. Both writers to the domain must have been refused, and Lambda must have given up
// nothing.
func countFaults(r *Run, domain *opensearch.Domain, before lambda.MappingStats, f *report.Faults) error {
	now, callers := batches(r), 0
	f.BatchesTwice, f.DelayedBatches = now.Twice-before.Twice, now.Delayed-before.Delayed
	r.Log.Detail("the function left %d batches unfinished when its time was over; %d of them were halved, %d tried again whole",
		now.PartialFailures-before.PartialFailures, now.Bisected-before.Bisected, now.Retries-before.Retries)
	for caller, t := range domain.Throttled() {
		r.Log.Detail("of %s %d requests and %d documents were refused", caller, t.Requests, t.Items)
		f.ThrottledRequests, f.ThrottledItems = f.ThrottledRequests+t.Requests, f.ThrottledItems+t.Items
		if t.Requests > 0 && t.Items > 0 {
			callers++
		}
	}
	if callers != 2 {
		return fmt.Errorf("%d callers were refused requests and documents: want the function and the delivery", callers)
	}
	if n := now.Parked + now.Lost - before.Parked - before.Lost; n > 0 {
		return fmt.Errorf("%d records were given up that the function did not take", n)
	}
	return nil
}

// add adds changes that were written and read.
func (e *expected) add(written []reconcile.Change) {
	e.read += len(written)
	e.history, e.lake = append(e.history, written...), append(e.lake, written...)
}

// expectPoison adds the poison records that the sinks accept, and those that they park.
func expectPoison(r *Run, put []poison.Record, want *expected) error {
	history, lake := r.output("searchDeliveryName"), r.output("lakeDeliveryName")
	want.parked, want.giveUp = map[string]int64{}, giveUp
	for _, p := range put {
		change, _, err := reconcile.Record(p.Data)
		if err != nil && (p.InHistory || p.InLake) {
			return fmt.Errorf("%s: %w", p.What, err)
		}
		if p.InHistory {
			want.history = append(want.history, change)
		} else {
			want.parked[history]++
		}
		if p.InLake {
			want.lake = append(want.lake, change)
		} else {
			want.parked[lake]++
		}
	}
	return nil
}
