package stages

import (
	"cdcpipeline/rehearsal/report"
	"cdcpipeline/rehearsal/report/reconcile"
	"cdcpipeline/rehearsal/stages/tool"
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"golang.org/x/sync/errgroup"
)

const (
	kindKey = "cdc-pipeline:replication.kind"
	nextKey = "cdc-pipeline:replication.next"

	searchKindKey  = "cdc-pipeline:search.kind"
	gatewayPortKey = "cdc-pipeline:search.gatewayPort"
	tunnelPortKey  = "cdc-pipeline:search.tunnelPort"
)

// UpServerless deploys a stack that is serverless from the start, both the task and the search.
func UpServerless(ctx context.Context, r *Run) error {
	if err := prepare(ctx, r); err != nil {
		return err
	}
	if err := r.set(ctx, map[string]string{
		kindKey: "serverless", searchKindKey: "serverless", gatewayPortKey: strconv.Itoa(r.gatewayPort), tunnelPortKey: "",
	}); err != nil {
		return err
	}
	return Up(ctx, r)
}

// set configures the stack; an empty value removes a key.
func (r *Run) set(ctx context.Context, values map[string]string) error {
	for _, key := range slices.Sorted(maps.Keys(values)) {
		change := func() error { return r.Stack.SetConfig(ctx, key, values[key]) }
		if values[key] == "" {
			change = func() error { return r.Stack.RemoveConfig(ctx, key) }
		}
		if err := change(); err != nil {
			return err
		}
	}
	return nil
}

// DestroyServerless destroys the stack, and reports it as a serverless one.
func DestroyServerless(ctx context.Context, r *Run) error {
	err := Destroy(ctx, r)
	r.Report.Serverless = report.NewServerless(r.Report)
	return err
}

// ServerlessTask stops and starts a serverless task with the operator's tool, loads a table, and is refused where the
// task cannot do something.
func ServerlessTask(ctx context.Context, r *Run) error {
	ca := r.World.Site.Authority.File()
	for _, c := range []struct {
		name string
		exit int
		args []string
	}{
		{"serverless-stop", 0, []string{"stop"}},
		{"serverless-status-stopped", 1, []string{"status", "--ca", ca}},
		{"serverless-start", 0, []string{"start"}},
		{"serverless-start-reload", 1, []string{"start", "--reload", "--yes", "--ca", ca}},
		{"serverless-start-next", 1, []string{"start", "--next", "--ca", ca}},
		{"serverless-reload-table", 0, []string{"start", "--reload-table", reloadedTable, "--ca", ca}},
		{"serverless-status", 0, []string{"status", "--ca", ca}},
	} {
		r.Log.Detail("cdc %v", c.args)
		if _, err := r.Tool.Run(ctx, c.name, c.exit, c.args...); err != nil {
			return err
		}
	}
	return rowsReach(ctx, r, "serverless", r.searched().history)
}

// OtherTask moves the stack to the other kind of task and back, while rows are written.
func OtherTask(ctx context.Context, r *Run) error {
	r.Report.Switch.DMS = &report.Switched{Equal: true}
	for _, kind := range []string{"instance", "serverless"} {
		r.Log.Detail("from the present task to a task of kind %s", kind)
		if err := r.moveTask(ctx, kind); err != nil {
			r.Report.Switch.DMS.Equal = false
			return fmt.Errorf("moving to a task of kind %s: %w", kind, err)
		}
	}
	return nil
}

func (r *Run) moveTask(ctx context.Context, kind string) error {
	former := r.output("taskArn")
	if err := r.Stack.SetConfig(ctx, nextKey, kind); err != nil {
		return err
	}
	if _, err := r.deploy(ctx); err != nil {
		return err
	}
	next := r.output("nextTaskArn")
	if next == "" || r.output("taskArn") != former {
		return fmt.Errorf("there should be a next task beside %s, there is %q", former, next)
	}
	journal := "moved-to-" + kind
	if err := r.startNext(ctx, journal); err != nil {
		return err
	}
	if err := r.Stack.SetConfig(ctx, kindKey, kind); err != nil {
		return err
	}
	if err := r.Stack.RemoveConfig(ctx, nextKey); err != nil {
		return err
	}
	if _, err := r.deploy(ctx); err != nil {
		return err
	}
	if got := r.output("taskArn"); got != next {
		return fmt.Errorf("the stack's task is %s, not %s", got, next)
	}
	if _, there := r.World.DMS.Task(former); there {
		return fmt.Errorf("the former task %s is still there", former)
	}
	if err := taskRuns(ctx, r); err != nil {
		return err
	}
	return r.compareMoved(ctx, journal)
}

// startNext loads the next task's tables with the operator's tool, while rows are written.
func (r *Run) startNext(ctx context.Context, journal string) error {
	group, inner := errgroup.WithContext(ctx)
	group.Go(func() error {
		r.rounds++
		return r.Tool.Generate(inner, tool.Load{Journal: journal, Count: 3000, Rate: 30, Mix: "60/25/15", Seed: 100 + r.rounds, Tables: tables})
	})
	group.Go(func() error {
		_, err := r.Tool.Run(inner, "start-next-"+journal, 0, "start", "--next", "--timeout", "4m", "--ca", r.World.Site.Authority.File())
		return err
	})
	return group.Wait() //nolint:wrapcheck // each error names what was being done
}

// compareMoved compares all sinks with the tables after more rows.
func (r *Run) compareMoved(ctx context.Context, journal string) error {
	after := journal + "-after"
	if err := rowsReach(ctx, r, after, r.searched().history); err != nil {
		return err
	}
	for _, name := range []string{journal, after} {
		if err := arrive(ctx, r, name); err != nil {
			return err
		}
	}
	lost, err := r.lost(ctx, journal, after)
	r.Report.Switch.DMS.Lost += lost
	if err != nil {
		return err
	}
	current, _, err := compareCurrent(ctx, r)
	r.Report.Switch.DMS.Equal = r.Report.Switch.DMS.Equal && current.Equal
	if err != nil {
		return err
	}
	_, err = r.Tool.Run(ctx, "verify-deep-"+journal, 0, "verify", "--deep", "--ca", r.World.Site.Authority.File())
	return err
}

// lost counts changes in journals that the history or the lake lacks.
func (r *Run) lost(ctx context.Context, journals ...string) (int, error) {
	written, err := written(r, journals...)
	if err != nil {
		return 0, err
	}
	history, err := history(ctx, r, r.searched().history)
	if err != nil {
		return 0, err
	}
	lake, err := lake(ctx, r)
	return len(reconcile.Compare(written, history).Lost) + len(reconcile.Compare(written, lake).Lost), err
}
