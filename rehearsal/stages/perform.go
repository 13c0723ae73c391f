package stages

import (
	"cdcpipeline/rehearsal/machine/family"
	"cdcpipeline/rehearsal/permissions"
	"cdcpipeline/rehearsal/report"
	"cdcpipeline/rehearsal/report/page"
	"cdcpipeline/rehearsal/standins/cloudwatch"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"
)

// Options of a run.
type Options struct {
	// Project is the project's root folder.
	Project string
	// Count is how many row changes to make while the pipeline runs.
	Count int
	// Only are pieces of the names of the stages to run; empty means all.
	Only []string
	// Faults are the names of the faults to run; empty means all that are left.
	Faults []string
	// Since is an earlier commit whose faults count too.
	Since string
}

// Perform runs a part and merges its results into the report. It merges nothing when only some stages run.
func Perform(ctx context.Context, p Part, o Options) error {
	if err := os.Chdir(o.Project); err != nil { // the CLI would run the program there
		return fmt.Errorf("entering the project: %w", err)
	}
	r, err := newRun(o)
	if err != nil {
		return err
	}
	past, err := report.Parts(r.results("report.json"))
	if err != nil {
		return err
	}
	fmt.Fprintln(os.Stderr, announce(p, past))
	if len(o.Only) > 0 {
		if p = p.Only(o.Only); len(p.Stages) == 0 {
			return fmt.Errorf("--only: no stage of the part %s has a name that contains %s", p.Name, strings.Join(o.Only, " or "))
		}
	}
	r.commit = report.Commit(ctx, o.Project)
	peak := family.Watch(ctx, 2*time.Second)
	err = r.perform(ctx, slices.Concat(begin, p.Stages))
	r.Report.Seconds = round(r.Log.Elapsed().Seconds())
	r.Report.PeakMemoryMb = int(peak() >> 20)
	defer r.World.Close()
	if err != nil || len(r.failed()) > 0 {
		r.keepLogs()
	}
	switch {
	case ctx.Err() != nil || p.Name == Look.Name || p.Name == Neighbours.Name || p.Name == Dashboard.Name: // an interruption is no result
		return err
	case len(o.Only) > 0:
		return errors.Join(append(r.failed(), err)...)
	}
	return r.conclude(p.Name, r.commit, err)
}

// announce returns one line with what a part will do and how long it took last time.
func announce(p Part, past map[string]report.Part) string {
	last, before := past[p.Name]
	took := "not run here yet"
	if minutes := max(1, int(last.Seconds/60+0.5)); before && last.OK {
		took = fmt.Sprintf("it took %d min last time", minutes)
	} else if before {
		took = fmt.Sprintf("it failed after %d min last time", minutes)
	}
	return fmt.Sprintf("%s: %s (%s)", p.Name, p.Shows, took)
}

// perform runs stages until one fails. A stage's results are reported from its start.
func (r *Run) perform(ctx context.Context, stages []Stage) error {
	for _, s := range stages {
		r.Report.Fill(s.Reports...)
		began := time.Now()
		err := r.Log.Run(s.Name, func() error { return s.Run(ctx, r) })
		r.timeline.Stages = append(r.timeline.Stages, r.timeline.Span(s.Name, began, err != nil || r.checkFailed(s)))
		if err != nil {
			return err
		}
	}
	return nil
}

// checkFailed reports whether a stage's check failed.
func (r *Run) checkFailed(s Stage) bool {
	for _, path := range s.Reports {
		name, ok := strings.CutPrefix(path, "checks.")
		if c, made := r.Report.Checks[name]; ok && made && !c.OK {
			return true
		}
	}
	return false
}

// failed are the failed checks.
func (r *Run) failed() []error {
	var problems []error
	for name, c := range r.Report.Checks {
		if !c.OK {
			problems = append(problems, fmt.Errorf("%s: %s", name, c.Detail))
		}
	}
	return problems
}

// conclude merges the report of a part, which may have failed, and judges it.
func (r *Run) conclude(name, commit string, failure error) error {
	r.Report.NotRun = notRun(r.Engine)
	if r.World != nil {
		sessions := r.World.Sessions
		r.Report.Tunnel = report.Tunnel{Used: sessions.Bytes() > 0, Sessions: sessions.Sessions(), Bytes: sessions.Bytes()}
		r.Report.NotRun = slices.Concat(r.World.Domains.NotRun(), r.World.Collections.NotRun(), notRun(r.Engine))
		r.Report.DeployerPolicy = deployerPolicy(r.World.Guard.Findings())
		r.timeline.Alarms = firings(r.timeline, r.World.Alarms.Firings())
	}
	problems := r.Report.Problems(minimum)
	path := r.results("report.json")
	part := report.Part{Commit: commit, Seconds: r.Report.Seconds, Date: r.Report.Date, Problems: problems, Timeline: r.timeline}
	if failure != nil {
		part.Problems = append([]string{failure.Error()}, problems...)
	}
	part.OK = len(part.Problems) == 0
	if err := r.Report.Merge(path, name, part); err != nil {
		return errors.Join(failure, err)
	}
	if err := page.Write(path, r.results("report.html")); err != nil {
		return errors.Join(failure, err)
	}
	if missing := r.Report.DeployerPolicy.Missing(); failure != nil && missing != "" {
		failure = fmt.Errorf("%w; %s", failure, missing)
	}
	if failure != nil {
		return fmt.Errorf("%s: %w (report: %s)", name, failure, path)
	}
	if err := permissions.Add(r.results("calls"), name, r.World.Proxy.Calls(), r.World.Guard.Findings().Tagged); err != nil {
		return err
	}
	r.Report.Print(os.Stdout)
	if len(problems) > 0 {
		return fmt.Errorf("%s: %s (report: %s)", name, strings.Join(problems, "; "), path)
	}
	carried := ""
	if n := r.Report.Events.Written; n > 0 {
		carried = fmt.Sprintf(" %d changes written, all found in OpenSearch and in the lake, none lost;", n)
	}
	fmt.Printf("REHEARSAL OK: %s:%s %.0f s; report: %s; to look at: %s\n", name, carried, r.Report.Seconds, path, r.results("report.html"))
	return nil
}

// firings converts alarms to spans of a timeline. An alarm that is still on lasts until the end.
func firings(t *report.Timeline, all []cloudwatch.Firing) []report.Span {
	var spans []report.Span
	for _, f := range all {
		span := t.Span(f.Name, f.Since, false)
		if !f.Until.IsZero() {
			span.To = t.Span(f.Name, f.Until, false).From
		}
		spans = append(spans, span)
	}
	return spans
}

func (r *Run) keepLogs() {
	if r.World == nil || r.World.Site == nil {
		return
	}
	dir := r.results("logs")
	if err := r.World.KeepLogs(dir); err == nil {
		fmt.Fprintln(os.Stderr, "the logs of everything that ran are kept in", dir)
	}
}

func round(x float64) float64 { return float64(int(x*10+0.5)) / 10 }
