package report

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// hops that a change passes, in their order.
var hops = []string{"stream", "history", "lake"}

// Problems are the reasons for which this report is not a success, among the keys that are reported.
func (r *Report) Problems(minimum int) []string {
	var p []string
	fail := func(path string, bad bool, format string, args ...any) {
		if bad && r.has(path) {
			p = append(p, fmt.Sprintf(format, args...))
		}
	}
	fail("second_up", r.SecondUp.Changes != 0, "the second up changed %d resources", r.SecondUp.Changes)
	fail("mapping", r.Mapping.BeforeStatus != 403, "before the mapping the delivery role got %d, not 403", r.Mapping.BeforeStatus)
	fail("mapping", !strings.HasPrefix(r.Mapping.BeforeMessage, "no permissions for [indices:data/write/bulk] and User [name=arn:aws:iam::"), "before the mapping the message was %q", r.Mapping.BeforeMessage)
	fail("mapping", r.Mapping.AfterStatus != 201, "after the mapping the delivery role got %d, not 201", r.Mapping.AfterStatus)
	fail("events", r.Events.Written < minimum, "only %d events were written, want %d", r.Events.Written, minimum)
	fail("events", r.Events.Lost != 0, "%d events were lost", r.Events.Lost)
	fail("events", r.Events.History != r.Events.Written, "history has %d events of %d", r.Events.History, r.Events.Written)
	fail("events", r.Events.Lake != r.Events.Written, "the lake has %d events of %d", r.Events.Lake, r.Events.Written)
	fail("policy", r.Policy.Violations != 0, "a production stack violates %d policies", r.Policy.Violations)
	fail("policy", r.Policy.MutationsCaught != r.Policy.Rules || r.Policy.Rules == 0, "of %d policies %d noticed their mutation", r.Policy.Rules, r.Policy.MutationsCaught)
	fail("policy", r.Policy.ControlsAnswered != r.Policy.ControlsApplicable, "of %d controls that apply %d are answered", r.Policy.ControlsApplicable, r.Policy.ControlsAnswered)
	fail("current.equal", !r.Current.Equal || r.Current.Rows == 0, "the current indices do not equal the tables' %d rows", r.Current.Rows)
	fail("catalog", !r.Catalog.Equal || r.Catalog.Rows == 0, "the lake's views do not equal the tables")
	fail("tunnel", !r.Tunnel.Used, "the tunnel was not used")
	for _, hop := range hops {
		fail("verify", r.Verify.HopsMs[hop] <= 0, "cdc verify did not see its row at: %s", hop)
	}
	if u := r.Upgrade; u != nil {
		fail("upgrade", u.Replacements != 0, "updating a stack of %s replaced or deleted %s", u.From, strings.Join(u.Gone, ", "))
	}
	fail("destroy", len(r.Destroy.Left) != 0, "destroy left %s", strings.Join(r.Destroy.Left, ", "))
	p = append(p, r.Faults.Problems()...)
	for _, name := range r.checkNames() {
		if c := r.Checks[name]; !c.OK {
			p = append(p, name+": "+c.Detail)
		}
	}
	return p
}

func (r *Report) checkNames() []string { return slices.Sorted(maps.Keys(r.Checks)) }
