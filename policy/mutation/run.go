package mutation

import (
	"cdcpipeline/policy/capture"
	"context"
	"errors"
	"fmt"
	"slices"
)

// Mutation changes a stack so that it breaks exactly one rule.
type Mutation struct {
	// Rule is the rule that must report it.
	Rule string
	// Break makes the change.
	Break func(*Editor)
}

// Result has the results of all mutations.
type Result struct {
	// Rules is the number of the pack's rules. Caught is how many reported their mutation, and no other one did.
	Rules, Caught int
	// Before has the violations of the unchanged stack.
	Before []Violation
}

// Run shows the pack the stack, and then every mutation of it. Its error names each mutation that no rule or more
// than one rule reported.
func Run(ctx context.Context, a *Analyzer, s capture.Stack, mutations []Mutation) (Result, error) {
	before, err := a.Look(ctx, s, nil)
	if err != nil {
		return Result{}, err
	}
	result := Result{Before: before}
	caught := map[string]bool{}
	var problems []error
	for _, m := range mutations {
		if err := try(ctx, a, s, m, before); err != nil {
			problems = append(problems, fmt.Errorf("%s: %w", m.Rule, err))
			continue
		}
		caught[m.Rule] = true
	}
	policies, err := a.Policies(ctx)
	if err != nil {
		return Result{}, err
	}
	for _, name := range policies {
		if !slices.ContainsFunc(mutations, func(m Mutation) bool { return m.Rule == name }) {
			if name == "exceptions" || name == "capture-inputs" || name == "capture-stack" {
				continue // this policy is not about the stack
			}
			problems = append(problems, fmt.Errorf("%s: no mutation breaks it", name))
		}
		result.Rules++
	}
	result.Caught = len(caught)
	return result, errors.Join(problems...)
}

func try(ctx context.Context, a *Analyzer, s capture.Stack, m Mutation, before []Violation) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("it cannot be broken: %v", p)
		}
	}()
	e := Edit(s)
	m.Break(e)
	after, err := a.Look(ctx, e.stack, e.touched)
	if err != nil {
		return err
	}
	noticed := false
	var others []string
	for _, v := range after {
		switch {
		case slices.Contains(before, v):
		case v.Rule == m.Rule:
			noticed = true
		default:
			others = append(others, v.Rule+" ("+v.Message+")")
		}
	}
	switch {
	case !noticed:
		return fmt.Errorf("nobody noticed; others did: %v", others)
	case len(others) > 0:
		return fmt.Errorf("others noticed too: %v", others)
	}
	return nil
}
