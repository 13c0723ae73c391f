package stages

import (
	"cdcpipeline/rehearsal/report/reconcile"
	"cdcpipeline/rehearsal/stages/tool"
	"context"
	"fmt"
	"time"
)

// rowsReach writes some rows and finds all of them in the domain.
func rowsReach(ctx context.Context, r *Run, journal, domain string) error {
	r.rounds++
	if err := r.Tool.Generate(ctx, tool.Load{Journal: journal, Count: 300, Mix: "70/20/10", Seed: 100 + r.rounds, Tables: tables}); err != nil {
		return err
	}
	written, err := written(r, journal)
	if err != nil {
		return err
	}
	return await(ctx, r, len(written), func() ([]string, error) {
		history, err := history(ctx, r, domain)
		return reconcile.Compare(written, history).Lost, err
	})
}

// await repeats a query for missing rows until none is missing.
func await(ctx context.Context, r *Run, written int, lost func() ([]string, error)) error {
	for began := time.Now(); ; {
		still, err := lost()
		if err != nil || len(still) == 0 {
			return err
		}
		if err := taskHealthy(r); err != nil {
			return err
		}
		if time.Since(began) > patience {
			return fmt.Errorf("%d of %d changes did not arrive, the first: %s", len(still), written, still[0])
		}
		if err := pause(ctx, 2*time.Second); err != nil {
			return err
		}
	}
}

// taskHealthy returns the reason if the task has failed.
func taskHealthy(r *Run) error {
	task, ok := r.World.DMS.Task(r.output("taskArn"))
	switch {
	case !ok:
		return fmt.Errorf("the task %s does not exist", r.output("taskArn"))
	case task.Failure != "":
		return fmt.Errorf("the task has failed: %s", task.Failure)
	}
	return r.World.Healthy() //nolint:wrapcheck // the error names the server
}

// arrive waits until the history and the lake have everything that a journal lists.
func arrive(ctx context.Context, r *Run, journal string) error {
	written, err := written(r, journal)
	if err != nil {
		return err
	}
	return await(ctx, r, len(written), func() ([]string, error) {
		history, err := history(ctx, r, r.searched().history)
		if err != nil {
			return nil, err
		}
		lake, err := lake(ctx, r)
		return append(reconcile.Compare(written, history).Lost, reconcile.Compare(written, lake).Lost...), err
	})
}

func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err() //nolint:wrapcheck // interrupted
	case <-time.After(d):
		return nil
	}
}
