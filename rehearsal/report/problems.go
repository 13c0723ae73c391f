package report

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// hops of a change, in order.
var hops = []string{"stream", "history", "lake"}

// leastAssumptions is the minimum number of unpublished assumptions that the project checks.
const leastAssumptions = 25

// Problems are the reasons why this report is not a success, among the reported keys.
func (r *Report) Problems(minimum int) []string {
	var p []string
	fail := func(path string, bad bool, format string, args ...any) {
		if bad && r.has(path) {
			p = append(p, fmt.Sprintf(format, args...))
		}
	}
	fail("preview.combinations", r.Preview.Combinations != 8, "of 8 combinations of kinds and environments %d were previewed", r.Preview.Combinations)
	fail("second_up", r.SecondUp.Changes != 0, "the second up changed %d resources", r.SecondUp.Changes)
	fail("mapping", r.Mapping.BeforeStatus != 403, "before the mapping the delivery role got %d, not 403", r.Mapping.BeforeStatus)
	fail("mapping", !slices.ContainsFunc(refusals, func(refusal string) bool { return strings.HasPrefix(r.Mapping.BeforeMessage, refusal) }), "before the mapping the message was %q", r.Mapping.BeforeMessage)
	fail("mapping", r.Mapping.AfterStatus != 201, "after the mapping the delivery role got %d, not 201", r.Mapping.AfterStatus)
	fail("events", r.Events.Written < minimum, "only %d events were written, want %d", r.Events.Written, minimum)
	fail("events", r.Events.Lost != 0, "%d events were lost", r.Events.Lost)
	fail("events", r.Events.History != r.Events.Written, "history has %d events of %d", r.Events.History, r.Events.Written)
	fail("events", r.Events.Lake != r.Events.Written, "the lake has %d events of %d", r.Events.Lake, r.Events.Written)
	fail("policy", r.Policy.Violations != 0, "a production stack violates %d policies", r.Policy.Violations)
	fail("policy", r.Policy.MutationsCaught != r.Policy.Rules || r.Policy.Rules == 0, "of %d policies %d noticed their mutation", r.Policy.Rules, r.Policy.MutationsCaught)
	fail("policy", r.Policy.ControlsAnswered != r.Policy.ControlsApplicable, "of %d controls that apply %d are answered", r.Policy.ControlsApplicable, r.Policy.ControlsAnswered)
	fail("preflight", r.Preflight.BrokenCaught != r.Preflight.Checks || r.Preflight.Checks == 0, "of %d checks before a deployment %d noticed what was broken", r.Preflight.Checks, r.Preflight.BrokenCaught)
	fail("current.equal", !r.Current.Equal || r.Current.Rows == 0, "the current indices do not equal the tables' %d rows", r.Current.Rows)
	fail("catalog", !r.Catalog.Equal || r.Catalog.Rows == 0, "the lake's views do not equal the tables")
	if t := r.PartitionText; t != nil {
		fail("partition_text", !t.Equal, "records of tables whose names are escaped are not found where the delivery puts them")
	}
	fail("tunnel", !r.Tunnel.Used, "the tunnel was not used")
	c := r.Conformance
	fail("conformance", c.Assumptions < leastAssumptions || c.Held != c.Assumptions || c.BrokenCaught != c.Assumptions,
		"of %d assumptions %d held, and of %d it was caught that they were broken", c.Assumptions, c.Held, c.BrokenCaught)
	fail("any_table", r.AnyTable.Compared != r.AnyTable.Tables || r.AnyTable.Tables == 0, "of %d tables of odd kinds %d were compared and are the same", r.AnyTable.Tables, r.AnyTable.Compared)
	fail("tables", len(r.Tables) == 0, "the lake keeps no tables")
	for format, t := range r.Tables {
		for what, equal := range t.equal() {
			fail("tables", !equal || t.Rows == 0, "the lake's tables of %s do not equal the source's: %s", format, what)
		}
	}
	for _, h := range r.Hops {
		if h.Lost != 0 {
			p = append(p, fmt.Sprintf("of %d changes that were written %d were not seen between %s and %s", r.Events.Written, h.Lost, h.From, h.To))
		}
	}
	for _, hop := range hops {
		fail("verify", r.Verify.HopsMs[hop] <= 0, "cdc verify did not see its row at: %s", hop)
	}
	if u := r.Upgrade; u != nil {
		fail("upgrade", u.Replacements != 0, "updating a stack of %s replaced or deleted %s", u.From, strings.Join(u.Gone, ", "))
	}
	if e := r.EmptyAccount; e != nil {
		fail("empty_account", !e.OK, "a first deployment into an empty account was refused: %s", strings.Join(e.Refused, "; "))
	}
	if e := r.EndpointChange; e != nil {
		fail("endpoint_change", !e.TaskRunning, "the task does not run after a change of an endpoint")
		fail("endpoint_change", !strings.Contains(e.Unreachable, "Access denied"), "a deployment did not say why the task does not run: %q", e.Unreachable)
		fail("endpoint_change", e.Changes != 0, "a deployment after the change of an endpoint changed %d resources", e.Changes)
	}
	if f := r.ForeignKeys; f != nil {
		fail("foreign_keys", f.Constraints == 0 || f.Warned != f.Constraints, "of %d foreign keys that change rows the bootstrap named %d", f.Constraints, f.Warned)
	}
	if d := r.DDL; d != nil {
		fail("ddl", d.Kinds == 0 || d.Reported != d.Kinds, "of %d kinds of statements that no record tells cdc status named %d", d.Kinds, d.Reported)
	}
	if e := r.Erase; e != nil {
		fail("erase", e.MarkerFound != 0 || len(e.Reached) == 0, "a row that was erased was found in %d versions of objects and documents", e.MarkerFound)
	}
	for path, s := range map[string]*Switched{"switch.dms": r.Switch.DMS, "switch.search": r.Switch.Search} {
		fail(path, s == nil || s.Lost != 0 || !s.Equal, "moving from one kind to the other lost changes, or rows differ: %+v", s)
	}
	if s := r.Serverless; s == nil || !s.good() {
		fail("serverless", true, "a stack whose task and search are serverless: %+v", s)
	}
	fail("destroy", len(r.Destroy.Left) != 0, "destroy left %s", strings.Join(r.Destroy.Left, ", "))
	if r.has("deployer_policy") {
		p = append(p, r.DeployerPolicy.problems()...)
	}
	if r.has("sources") {
		p = append(p, sourcesProblems(r.Sources)...)
	}
	fail("postgres", !r.Postgres.good(), "what is PostgreSQL's own was not carried as it is, or a slot is left: %+v", r.Postgres)
	fail("sources_joined", !r.SourcesJoined.good(), "rows of two sources are not joined as in the databases: %+v", r.SourcesJoined)
	p = append(p, r.languageProblems()...)
	p = append(p, r.Faults.Problems()...)
	p = append(p, r.Alarms.problems(r)...)
	p = append(p, r.ClosedIndex.Problems()...)
	if r.has("fault_runs") {
		p = append(p, faultProblems(r.FaultRuns)...)
	}
	for _, name := range r.checkNames() {
		if c := r.Checks[name]; !c.OK {
			p = append(p, name+": "+c.Detail)
		}
	}
	return p
}

func (r *Report) checkNames() []string { return slices.Sorted(maps.Keys(r.Checks)) }

// refusals are the beginnings of a domain's and a collection's messages that refuse a role.
var refusals = []string{
	"no permissions for [indices:data/write/bulk] and User [name=arn:aws:iam::",
	"no data access policy allows aoss:WriteDocument to arn:aws:iam::",
}
