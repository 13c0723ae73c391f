package stages

import (
	"cdcpipeline/rehearsal/report"
	"cdcpipeline/rehearsal/report/reconcile"
	"cdcpipeline/rehearsal/stages/tool"
	"context"
	"fmt"
	"strconv"

	"golang.org/x/sync/errgroup"
)

const searchNextKey = "cdc-pipeline:search.next"

// OtherSearch moves the search destination from collections to a domain and back, while rows are written.
func OtherSearch(ctx context.Context, r *Run) error {
	r.Report.Switch.Search = &report.Switched{Equal: true}
	for _, kind := range []string{"domain", "serverless"} {
		r.Log.Detail("from what is searched now to the kind %s", kind)
		if err := r.moveSearch(ctx, kind); err != nil {
			r.Report.Switch.Search.Equal = false
			return fmt.Errorf("moving what is searched to the kind %s: %w", kind, err)
		}
	}
	return nil
}

func (r *Run) moveSearch(ctx context.Context, kind string) error {
	former := r.searched()
	ports := map[string]map[string]string{
		"domain": {gatewayPortKey: "", tunnelPortKey: strconv.Itoa(r.tunnelPort)}, "serverless": {gatewayPortKey: strconv.Itoa(r.gatewayPort), tunnelPortKey: ""},
	}[kind]
	for key, port := range ports {
		if port != "" {
			if err := r.set(ctx, map[string]string{searchNextKey: kind, key: port}); err != nil {
				return err
			}
		}
	}
	if _, err := r.deploy(ctx); err != nil {
		return err
	}
	if r.searched() != former {
		return fmt.Errorf("the stack searches %v before it is told to, not %v", r.searched(), former)
	}
	journal := "searched-in-" + kind
	if err := r.fillNext(ctx, journal); err != nil {
		return err
	}
	ports[searchKindKey], ports[searchNextKey] = kind, ""
	if err := r.set(ctx, ports); err != nil {
		return err
	}
	if _, err := r.deploy(ctx); err != nil {
		return err
	}
	if r.searched() == former {
		return fmt.Errorf("the stack still searches %v", former)
	}
	for _, name := range []string{former.history, former.current} {
		if _, err := r.admin(ctx, name); err == nil {
			return fmt.Errorf("%s is still there", name)
		}
	}
	return r.compareSearched(ctx, journal)
}

// fillNext fills the next destination from the lake with the operator's tool, and compares it, while rows are
// written.
func (r *Run) fillNext(ctx context.Context, journal string) error {
	ca := r.World.Site.Authority.File()
	group, inner := errgroup.WithContext(ctx)
	group.Go(func() error {
		r.rounds++
		return r.Tool.Generate(inner, tool.Load{Journal: journal, Count: 1500, Rate: 30, Mix: "60/25/15", Seed: 100 + r.rounds, Tables: tables})
	})
	group.Go(func() error {
		for name, args := range map[string][]string{
			"fill-history-" + journal: {"replay", "--next", "--history"},
			"fill-current-" + journal: {"replay", "--next", "--ca", ca},
		} {
			if _, err := r.Tool.Run(inner, name, 0, args...); err != nil {
				return err
			}
		}
		return nil
	})
	if err := group.Wait(); err != nil {
		return err //nolint:wrapcheck // each error names what was being done
	}
	if err := arrive(ctx, r, journal); err != nil {
		return err
	}
	_, err := r.Tool.Run(ctx, "verify-next-"+journal, 0, "verify", "--next", "--deep", "--ca", ca)
	return err
}

// compareSearched checks that the present search destination has every change of this run and every present row.
func (r *Run) compareSearched(ctx context.Context, journal string) error {
	after := journal + "-after"
	if err := rowsReach(ctx, r, after, r.searched().history); err != nil {
		return err
	}
	journals := []string{"loaded", "changes", "marker", journal, after}
	all, err := written(r, journals...)
	if err != nil {
		return err
	}
	found, err := history(ctx, r, r.searched().history)
	if err != nil {
		return err
	}
	r.Report.Switch.Search.Lost += len(reconcile.Compare(all, found).Lost)
	current, _, err := compareCurrent(ctx, r)
	r.Report.Switch.Search.Equal = r.Report.Switch.Search.Equal && current.Equal
	if err != nil {
		return err
	}
	_, err = r.Tool.Run(ctx, "verify-deep-"+journal, 0, "verify", "--deep", "--ca", r.World.Site.Authority.File())
	return err
}
