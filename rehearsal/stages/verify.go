package stages

import (
	"cdcpipeline/rehearsal/report"
	"cdcpipeline/rehearsal/report/reconcile"
	"cdcpipeline/rehearsal/world"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
)

// Verify waits until everything has been delivered, then compares both sinks with the commits.
func Verify(ctx context.Context, r *Run) error {
	if err := followOne(ctx, r); err != nil {
		return err
	}
	written, err := written(r, "loaded", "changes", "marker")
	if err != nil {
		return err
	}
	inHistory, inLake, err := compareSinks(ctx, r, everything(written))
	if err != nil {
		return err
	}
	r.Report.Events = report.Events{
		Written: len(written), Loaded: loaded, History: inHistory.Arrived, Lake: inLake.Arrived,
		Lost: len(inHistory.Lost) + len(inLake.Lost), Duplicated: inHistory.Duplicated + inLake.Duplicated,
	}
	passed, err := trace(ctx, r, written)
	if err != nil {
		return err
	}
	if err := countHops(ctx, r, passed, len(written), inHistory, inLake); err != nil {
		return err
	}
	var indexed []reconcile.Change
	if r.Report.Current, indexed, err = compareCurrent(ctx, r); err != nil {
		return err
	}
	current, err := latenciesOf(r, indexed, func(string) bool { return true }, "changes", "marker")
	if err != nil {
		return err
	}
	r.latencies(passed, current)
	r.Report.Catalog, err = compareCatalog(ctx, r)
	return err
}

// latencies reports how long changes took into each sink.
func (r *Run) latencies(passed *trail, current []sample) {
	_, history := passed.past(world.InSearch)
	_, lake := passed.past(world.InLake)
	r.Report.LatencyMs = report.Latency{History: quantiles(durations(history)), Lake: quantiles(durations(lake)), Current: quantiles(durations(current))}
	first := earliest(slices.Concat(history, lake, current))
	r.Report.LatencyCurves = map[string]report.Curve{"history": curve(history, first), "lake": curve(lake, first), "current": curve(current, first)}
}

// followOne follows a row of its own through every hop with the operator's tool. The row stays: its deletion would
// fill another buffer of the lake, and the comparison would have to wait for it.
func followOne(ctx context.Context, r *Run) error {
	r.Log.Detail("cdc verify follows a row of its own")
	text, err := r.Tool.Run(ctx, "verify-json", 0, "verify", "--keep", "--ca", r.World.Site.Authority.File(), "--output", "json", "--journal", r.Tool.Journal("marker"))
	if err != nil {
		return err
	}
	var path struct {
		Sightings []struct {
			Hop         string `json:"hop"`
			SinceCommit int64  `json:"sinceCommitMs"`
		} `json:"sightings"`
	}
	if err := json.Unmarshal([]byte(text), &path); err != nil {
		return fmt.Errorf("reading what cdc verify says: %w", err)
	}
	r.Report.Verify.HopsMs = map[string]int64{}
	for _, s := range path.Sightings {
		r.Report.Verify.HopsMs[s.Hop] = s.SinceCommit
	}
	return nil
}

// written are the commits in the writer's journals. Journals named loaded… contain rows that arrive in a load.
func written(r *Run, journals ...string) ([]reconcile.Change, error) {
	var all []reconcile.Change
	for _, name := range journals {
		file, err := os.Open(r.Tool.Journal(name))
		if err != nil {
			return nil, fmt.Errorf("opening the journal: %w", err)
		}
		operation := ""
		if strings.HasPrefix(name, "loaded") {
			operation = "load"
		}
		changes, err := reconcile.Journal(file, operation)
		_ = file.Close()
		if err != nil {
			return nil, fmt.Errorf("the journal %s: %w", name, err)
		}
		all = append(all, changes...)
	}
	return all, nil
}
