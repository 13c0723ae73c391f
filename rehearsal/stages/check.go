package stages

import (
	"cdcpipeline/rehearsal/report"
	"context"
	"errors"
)

// check makes a stage of a check. Its outcome is kept in the report by a name; a check that fails does not stop the part.
func check(stage, name string, run func(context.Context, *Run) error, reports ...string) Stage {
	return Stage{stage, func(ctx context.Context, r *Run) error { return keep(r, name, run(ctx, r)) }, append(reports, "checks."+name)}
}

// keep keeps a check's outcome. Only an interruption is an error.
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
