package stages

import (
	"cdcpipeline/rehearsal/report"
	"cdcpipeline/rehearsal/report/reconcile"
	"cdcpipeline/rehearsal/stages/tool"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

const (
	// closedTable is the table whose index is closed; the other table changes at the same time.
	closedTable = "shop.ledger"
	// closedFor is longer than the function's first retry intervals, and writing closedRows at closedRate takes
	// longer.
	closedFor  = 6 * time.Second
	closedRows = 600
	closedRate = 60
)

// ClosedIndex closes the current index of one table for some seconds while two tables change. The index then answers
// 400 to every document, as it does to an invalid one. Afterwards everything must be there, and nothing parked.
func ClosedIndex(ctx context.Context, r *Run) error {
	c := &report.ClosedIndex{}
	r.Report.ClosedIndex = c
	before, err := parkedObjects(ctx, r)
	if err != nil {
		return err
	}
	r.rounds++
	journal := "closed-index"
	written := make(chan error, 1)
	go func() {
		written <- r.Tool.Generate(ctx, tool.Load{Journal: journal, Count: closedRows, Mix: "60/30/10", Seed: 100 + r.rounds, Tables: tables, Rate: closedRate})
	}()
	if err := errors.Join(closeForAWhile(ctx, r, c), <-written); err != nil {
		return err
	}
	current, indexed, err := compareCurrent(ctx, r)
	c.Rows, c.Equal = current.Rows, current.Equal
	if err != nil {
		return err
	}
	if err := arrive(ctx, r, journal); err != nil {
		return err
	}
	if c.HeldSeconds, c.OthersHeldSeconds, err = held(r, indexed, journal); err != nil {
		return err
	}
	after, err := parkedObjects(ctx, r)
	if err != nil {
		return err
	}
	c.Parked = after - before
	r.Log.Detail("%+v", *c)
	if problems := c.Problems(); len(problems) > 0 {
		return errors.New(strings.Join(problems, "; "))
	}
	return nil
}

// closeForAWhile closes the index once changes have begun to arrive, and opens it again.
func closeForAWhile(ctx context.Context, r *Run, c *report.ClosedIndex) error {
	admin, err := r.admin(ctx, r.searched().current)
	if err != nil {
		return err
	}
	indices, err := indicesBehind(ctx, r, r.aliasOf(closedTable))
	if err != nil {
		return err
	}
	if err := pause(ctx, 2*time.Second); err != nil {
		return err
	}
	began := time.Now()
	for _, step := range []string{"_close", "_open"} {
		for _, index := range indices {
			r.Log.Detail("%s %s", index, step)
			if err := admin.Do(ctx, http.MethodPost, "/"+index+"/"+step, nil, nil); err != nil {
				return fmt.Errorf("%s of %s: %w", step, index, err)
			}
		}
		if step == "_close" {
			if err := pause(ctx, closedFor); err != nil {
				return err
			}
		}
	}
	c.ClosedSeconds = round(time.Since(began).Seconds())
	return nil
}

// held is the longest time from commit to index, for the table with the closed index and for the others.
func held(r *Run, indexed []reconcile.Change, journal string) (closed, others float64, err error) {
	seconds := func(of func(string) bool) (float64, error) {
		latencies, err := latenciesOf(r, indexed, of, journal)
		if err != nil {
			return 0, err
		}
		if len(latencies) == 0 {
			return 0, errors.New("no change was indexed")
		}
		return round(slices.Max(durations(latencies)).Seconds()), nil
	}
	if closed, err = seconds(func(table string) bool { return table == closedTable }); err != nil {
		return 0, 0, err
	}
	others, err = seconds(func(table string) bool { return table != closedTable })
	return closed, others, err
}
