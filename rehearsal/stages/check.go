package stages

import (
	"cdcpipeline/rehearsal/report"
	"context"
	"errors"
)

// check turns a check into a stage. The report stores its result under a name; a failed check does not stop the part.
func check(stage, name string, run func(context.Context, *Run) error, reports ...string) Stage {
	return Stage{stage, func(ctx context.Context, r *Run) error { return keep(r, name, run(ctx, r)) }, append(reports, "checks."+name)}
}

// keep stores a check's result. Only an interruption is an error.
func keep(r *Run, name string, err error) error {
	if r.Report.Checks == nil {
		r.Report.Checks = map[string]report.Check{}
	}
	c := report.Check{OK: err == nil}
	if err != nil {
		c.Detail = err.Error()
	}
	r.Report.Checks[name] = c
	r.Log.Detail("%s: ok=%t %s", name, c.OK, c.Detail)
	if errors.Is(err, context.Canceled) {
		return err
	}
	return nil
}
