package report

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
)

// Figure is a reported value for people.
type Figure struct{ Name, Value string }

// Print writes the reported values as a table.
func (r *Report) Print(out io.Writer) {
	t := table.NewWriter()
	t.SetOutputMirror(out)
	t.SetStyle(table.StyleLight)
	t.Style().Options.SeparateRows = false
	t.SetColumnConfigs([]table.ColumnConfig{{Number: 2, WidthMax: 100}})
	t.AppendHeader(table.Row{"figure", "value"})
	row := func(name string, value any) { t.AppendRow(table.Row{name, value}) }
	row("machine", r.Machine)
	row("seconds", r.Seconds)
	row("peak_memory_mb", r.PeakMemoryMb)
	for _, f := range r.Figures() {
		row(f.Name, f.Value)
	}
	for _, name := range r.checkNames() {
		row(name, fmt.Sprintf("ok=%t %s", r.Checks[name].OK, r.Checks[name].Detail))
	}
	for i, item := range r.NotRun {
		name := ""
		if i == 0 {
			name = "not_run"
		}
		row(name, item)
	}
	t.Render()
}

// Figures are the reported values by path, except those that every part reports, and checks.
func (r *Report) Figures() []Figure {
	var all []Figure
	row := func(path string, value any) {
		if r.has(path) {
			all = append(all, Figure{path, fmt.Sprint(value)})
		}
	}
	row("preview.seconds", r.Preview.Seconds)
	if r.Preview.Combinations > 0 { // another part's
		row("preview.combinations", r.Preview.Combinations)
	}
	row("up.seconds", r.Up.Seconds)
	row("up.resources", r.Up.Resources)
	row("second_up.changes", r.SecondUp.Changes)
	row("mapping.before_status", r.Mapping.BeforeStatus)
	row("mapping.before_message", r.Mapping.BeforeMessage)
	row("mapping.after_status", r.Mapping.AfterStatus)
	row("events.written", r.Events.Written)
	row("events.history", r.Events.History)
	row("events.lake", r.Events.Lake)
	row("events.lost", r.Events.Lost)
	row("events.duplicated", r.Events.Duplicated)
	row("current.rows", r.Current.Rows)
	row("current.equal", r.Current.Equal)
	row("catalog.engine", r.Catalog.Engine)
	row("catalog.queries_run", r.Catalog.QueriesRun)
	row("catalog.equal", fmt.Sprintf("%t: %d rows", r.Catalog.Equal, r.Catalog.Rows))
	if p := r.PartitionText; p != nil {
		row("partition_text", fmt.Sprintf("equal=%t: %d tables", p.Equal, p.Tables))
	}
	row("tunnel.used", fmt.Sprintf("%t: %d sessions, %.1f MB", r.Tunnel.Used, r.Tunnel.Sessions, float64(r.Tunnel.Bytes)/1e6))
	for _, hop := range hops {
		row("verify.hops_ms."+hop, r.Verify.HopsMs[hop])
	}
	row("latency_ms.history", fmt.Sprintf("p50 %.0f, p99 %.0f", r.LatencyMs.History.P50, r.LatencyMs.History.P99))
	row("latency_ms.lake", fmt.Sprintf("p50 %.0f, p99 %.0f", r.LatencyMs.Lake.P50, r.LatencyMs.Lake.P99))
	row("policy.rules", r.Policy.Rules)
	row("policy.violations", r.Policy.Violations)
	row("policy.mutations_caught", r.Policy.MutationsCaught)
	row("policy.controls", fmt.Sprintf("%d answered of %d that apply", r.Policy.ControlsAnswered, r.Policy.ControlsApplicable))
	row("conformance", fmt.Sprintf("%d assumptions, %d held, %d caught when broken", r.Conformance.Assumptions, r.Conformance.Held, r.Conformance.BrokenCaught))
	row("any_table", fmt.Sprintf("%d tables of odd kinds, %d compared and the same", r.AnyTable.Tables, r.AnyTable.Compared))
	for _, format := range slices.Sorted(maps.Keys(r.Tables)) {
		t := r.Tables[format]
		for _, what := range slices.Sorted(maps.Keys(t.equal())) {
			row("tables."+format+"."+what, t.equal()[what])
		}
		row("tables."+format+".rows", fmt.Sprintf("%d, read by %s", t.Rows, strings.Join(t.Readers, ", ")))
	}
	if s := r.Serverless; s != nil {
		row("serverless", fmt.Sprintf("lost %d, current_equal=%t, second_up_changes %d, left %d, status %d before and %d after", s.Lost, s.CurrentEqual, s.SecondUpChanges, len(s.Left), s.BeforeStatus, s.AfterStatus))
	}
	for path, s := range map[string]*Switched{"switch.dms": r.Switch.DMS, "switch.search": r.Switch.Search} {
		if s != nil {
			row(path, fmt.Sprintf("lost %d, equal=%t", s.Lost, s.Equal))
		}
	}
	row("preflight.broken_caught", fmt.Sprintf("%d of %d checks", r.Preflight.BrokenCaught, r.Preflight.Checks))
	if f := r.ForeignKeys; f != nil {
		row("foreign_keys", fmt.Sprintf("%d that change rows, %d warned of", f.Constraints, f.Warned))
	}
	r.printLanguages(row)
	row("latency_ms.current", fmt.Sprintf("p50 %.0f, p99 %.0f", r.LatencyMs.Current.P50, r.LatencyMs.Current.P99))
	row("destroy.left", list(r.Destroy.Left))
	row("retained", list(r.Retained))
	r.DeployerPolicy.print(row)
	r.Faults.print(row)
	r.Alarms.print(row)
	row("fault_runs", faultSummary(r.FaultRuns))
	if d := r.DDL; d != nil {
		row("ddl", fmt.Sprintf("%d kinds, %d reported", d.Kinds, d.Reported))
	}
	r.ClosedIndex.print(row)
	return all
}

func list(items []string) string {
	if len(items) == 0 {
		return "nothing"
	}
	return strings.Join(items, ", ")
}
