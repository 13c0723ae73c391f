// Package preflight finds problems that would end a deployment before anything is deployed. It only reads: the stack's
// configuration and state, this machine, and the account. Each [Check] tests one thing that a deployment relies on.
package preflight

import (
	"cdcpipeline/internal/awsapi"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"
)

// Check tests one thing that a deployment relies on.
type Check interface {
	// Name returns a unique name. It consists of an area and the thing to check, such as quota/vpcs.
	Name() string
	// Look makes the check. An error means that the check could not be made, so it has neither passed nor failed.
	Look(ctx context.Context, s *Stack) (Finding, error)
}

// Finding is the result of a check.
type Finding struct {
	// OK is true if a deployment can rely on it.
	OK bool
	// Found tells in a few words what the check found.
	Found string
	// Type lists the commands to type if OK is false.
	Type []string
}

func good(format string, args ...any) (Finding, error) {
	return Finding{OK: true, Found: fmt.Sprintf(format, args...)}, nil
}

func bad(commands []string, format string, args ...any) (Finding, error) {
	return Finding{Found: fmt.Sprintf(format, args...), Type: commands}, nil
}

// look implements Check by a name and a function.
type look struct {
	name string
	look func(ctx context.Context, s *Stack) (Finding, error)
}

func (l look) Name() string { return l.name }

func (l look) Look(ctx context.Context, s *Stack) (Finding, error) { return l.look(ctx, s) }

// Options are the options of Run.
type Options struct {
	// Within limits the time of all checks together. The default is 1 min.
	Within time.Duration
	// Skip lists the names of checks to leave out.
	Skip []string
}

// atOnce limits how many checks call AWS at the same time, because an account may make only so many calls a second.
const atOnce = 12

// Run makes all checks of a stack at the same time. Checks that call AWS wait for the check of the credentials. Without
// credentials these checks are not made.
func Run(ctx context.Context, s *Stack, o Options) (Report, error) {
	checks, err := chosen(s, o.Skip)
	if err != nil {
		return Report{}, err
	}
	if o.Within == 0 {
		o.Within = time.Minute
	}
	inner, cancel := context.WithTimeout(ctx, o.Within)
	defer cancel()
	results := make([]Result, len(checks))
	var group errgroup.Group
	group.SetLimit(atOnce)
	for i, c := range checks {
		group.Go(func() error {
			results[i] = resultOf(inner, s, c, o.Within)
			return nil
		})
	}
	_ = group.Wait() // each result contains its own error
	return s.report(results), ctx.Err()
}

// resultOf makes one check. It does not make a check that lacks the credentials it needs.
func resultOf(ctx context.Context, s *Stack, c entry, within time.Duration) Result {
	r := Result{Check: c.Name()}
	if c.asksAWS {
		if _, err := s.caller(ctx); err != nil {
			r.Outcome, r.Found = Unchecked, "not checked: see account/credentials"
			return r
		}
	}
	f, err := c.Look(ctx, s)
	switch {
	case err == nil && f.OK:
		r.Outcome, r.Found = Passed, f.Found
	case err == nil:
		r.Outcome, r.Found, r.Type = Failed, f.Found, f.Type
	case awsapi.Denied(err):
		r.Outcome, r.Needs = Unchecked, permission(err)
		r.Found = "no permission to check: " + r.Needs + " is needed"
	case errors.Is(err, context.DeadlineExceeded):
		r.Outcome, r.Found = Unchecked, "no answer within "+within.String()
	default:
		r.Outcome, r.Found = Unchecked, oneLine(err.Error())
	}
	return r
}

func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }

// entry is a check with the information whether it needs credentials.
type entry struct {
	Check
	asksAWS bool
}

// chosen returns the checks that concern a stack, in the order of the report. It leaves out skipped ones.
func chosen(s *Stack, skip []string) ([]entry, error) {
	var all []entry
	for _, c := range append(machine(s), credentials{}) {
		all = append(all, entry{c, false})
	}
	if s.Problems == nil {
		for _, area := range []func(*Stack) []Check{account, offers, quotas, names, network, adopted} {
			for _, c := range area(s) {
				all = append(all, entry{c, true})
			}
		}
	}
	for _, name := range skip {
		before := len(all)
		all = without(all, name)
		if len(all) == before {
			return nil, fmt.Errorf("--skip: there is no check %q; the report shows the names of the checks", name)
		}
	}
	return all, nil
}

func without(all []entry, name string) []entry {
	var rest []entry
	for _, e := range all {
		if e.Name() != name {
			rest = append(rest, e)
		}
	}
	return rest
}
