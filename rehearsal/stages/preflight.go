package stages

import (
	"cdcpipeline/internal/operator/preflight"
	"cdcpipeline/rehearsal/engine/stack"
	"cdcpipeline/rehearsal/report"
	"cdcpipeline/rehearsal/standins/account"
	"cdcpipeline/rehearsal/standins/offers"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// Preflight runs `cdc preflight` before any deployment, for a stack that makes everything and for one that adopts
// everything. Each check is broken once, in the account, in the configuration or on this machine. Its line, and no
// other, must then fail.
func Preflight(ctx context.Context, r *Run) error {
	if err := copyModule(r); err != nil {
		return err
	}
	makes, err := planned(ctx, r)
	if err != nil {
		return err
	}
	adopts, err := plannedAdoption(ctx, r)
	if err != nil {
		return err
	}
	caught := map[string]bool{}
	checks := map[string]bool{}
	var problems []error
	for _, p := range []*plan{makes, adopts} {
		if err := p.breakEach(ctx, r, checks, caught); err != nil {
			problems = append(problems, fmt.Errorf("%s: %w", p.stack, err))
		}
	}
	r.Report.Preflight = report.Preflight{Checks: len(checks), BrokenCaught: len(caught)}
	problems = append(problems, r.preflightAskedOnlyWhatItMay()...)
	return errors.Join(append(problems, showPreflight(ctx, r, makes.stack))...)
}

// showPreflight stores the output as people see it, once without problems and once with two.
func showPreflight(ctx context.Context, r *Run, stack string) error {
	if err := r.Tool.ShowPreflight(ctx, "preflight", stack); err != nil {
		return err
	}
	undo, err := r.World.Offers.Change(func(o *offers.Offers) {
		o.Quotas["vpc/L-F678F1CE"] = 2
		o.SearchTypes["t3.small.search"] = []string{"us-east-1a"}
	})
	if err != nil {
		return err
	}
	defer undo()
	return r.Tool.ShowPreflight(ctx, "preflight-failed", stack)
}

// copyModule puts go.mod beside the project file in the stacks' folder, where the tool looks for the required Go
// version.
func copyModule(r *Run) error {
	text, err := os.ReadFile(filepath.Join(r.Project, "go.mod"))
	if err != nil {
		return fmt.Errorf("reading the project's module: %w", err)
	}
	if err := os.MkdirAll(stacks(r), 0o700); err != nil {
		return fmt.Errorf("making the stacks' folder: %w", err)
	}
	if err := os.WriteFile(filepath.Join(stacks(r), "go.mod"), text, 0o600); err != nil {
		return fmt.Errorf("copying the project's module: %w", err)
	}
	return nil
}

// plan is a stack that is not deployed, with ways to break each of its checks.
type plan struct {
	stack string
	set   func(ctx context.Context, key, value string) error
	// breaks returns the repair, and the tool's environment during the break.
	breaks map[string]func(context.Context) (breakage, error)
}

// breakage is a temporary break.
type breakage struct {
	mend func(context.Context) error
	env  []string
}

// breakEach breaks every check of a plan that was not broken yet, one after the other.
func (p *plan) breakEach(ctx context.Context, r *Run, checks, caught map[string]bool) error {
	sound, err := p.look(ctx, r)
	if err != nil {
		return err
	}
	var problems []error
	for _, name := range slices.Sorted(maps.Keys(sound)) {
		if checks[name] {
			continue
		}
		checks[name] = true
		broken, ok := p.breaks[name]
		if !ok {
			problems = append(problems, fmt.Errorf("nobody breaks %s", name))
			continue
		}
		if err := p.breakOne(ctx, r, name, broken); err != nil {
			if ctx.Err() != nil {
				return err
			}
			problems = append(problems, fmt.Errorf("%s: %w", name, err))
			continue
		}
		caught[name] = true
		if len(caught)%10 == 0 {
			r.Log.Detail("%d checks were broken, and noticed", len(caught))
		}
	}
	_, err = p.look(ctx, r) // everything is repaired
	return errors.Join(append(problems, err)...)
}

// look runs the tool while nothing is broken.
func (p *plan) look(ctx context.Context, r *Run) (map[string]preflight.Result, error) {
	found, exit, err := r.Tool.Preflight(ctx, p.stack)
	if err != nil {
		return nil, err
	}
	results := map[string]preflight.Result{}
	var wrong []string
	for _, c := range found.Checks {
		results[c.Check] = c
		if c.Outcome != preflight.Passed {
			wrong = append(wrong, fmt.Sprintf("%s %s: %s", c.Check, c.Outcome, c.Found))
		}
	}
	if len(wrong) > 0 || exit != 0 || !found.Ready || found.Deployed {
		return nil, fmt.Errorf("with nothing broken cdc preflight ended with %d: %s", exit, strings.Join(wrong, "; "))
	}
	return results, nil
}

func (p *plan) breakOne(ctx context.Context, r *Run, name string, broken func(context.Context) (breakage, error)) (err error) {
	b, err := broken(ctx)
	if err != nil {
		return fmt.Errorf("breaking it: %w", err)
	}
	defer func() { err = errors.Join(err, b.mend(context.WithoutCancel(ctx))) }()
	found, exit, err := r.Tool.Preflight(ctx, p.stack, b.env...)
	if err != nil {
		return err
	}
	if exit != 1 || found.Ready {
		return fmt.Errorf("ended with %d", exit)
	}
	var wrong []string
	for _, c := range found.Checks {
		switch {
		case c.Check == name && c.Outcome != preflight.Failed:
			wrong = append(wrong, fmt.Sprintf("is %s: %s", c.Outcome, c.Found))
		case c.Check == name && len(c.Type) == 0:
			wrong = append(wrong, "does not say what to type")
		case c.Check != name && c.Outcome != preflight.Passed:
			wrong = append(wrong, fmt.Sprintf("%s is %s too: %s", c.Check, c.Outcome, c.Found))
		}
	}
	if len(wrong) > 0 {
		return errors.New(strings.Join(wrong, "; "))
	}
	return nil
}

// planned is a stack that makes everything.
func planned(ctx context.Context, r *Run) (*plan, error) {
	s, err := newStack(ctx, r, "minimal", nil, map[string]string{
		"aws:allowedAccountIds[0]":              account.ID,
		"cdc-pipeline:network.egress":           "nat",
		"cdc-pipeline:lake.bucketName":          plannedBucket,
		"cdc-pipeline:search.dedicatedMasters":  "3",
		"cdc-pipeline:search.availabilityZones": "2",
		"cdc-pipeline:search.instanceCount":     "2",
		"cdc-pipeline:search.tunnelPort":        strconv.Itoa(r.tunnelPort),
		"cdc-pipeline:source.caFile":            r.Tool.CA,
	})
	if err != nil {
		return nil, err
	}
	p := &plan{stack: "minimal", set: s.SetConfig}
	p.breaks = makingBreaks(r, p)
	return p, announcesPreflight(ctx, r, s)
}

// announcesPreflight checks that the program's first line in a stack without outputs names the command.
func announcesPreflight(ctx context.Context, r *Run, s *stack.Stack) error {
	if _, err := s.Preview(ctx, stack.Pack{}); err != nil {
		return err //nolint:wrapcheck // the error names what failed
	}
	log, err := os.ReadFile(filepath.Join(s.Dir(), "minimal.log"))
	if err != nil {
		return fmt.Errorf("reading the engine's log: %w", err)
	}
	if !strings.Contains(string(log), "cdc preflight") {
		return fmt.Errorf("a stack without outputs does not name cdc preflight: %s", lastPart(string(log)))
	}
	r.Log.Detail("the first deployment names cdc preflight")
	return nil
}

func lastPart(text string) string { return text[max(0, len(text)-500):] }
