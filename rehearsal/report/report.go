// Package report is the rehearsal's result: one JSON file for programs, the same as a table for people.
package report

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sort"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
)

// Report says what was run, what it gave, and what could not be run here.
type Report struct {
	Machine string  `json:"machine"`
	Date    string  `json:"date"`
	Seconds float64 `json:"seconds"`
	// PeakMemoryMb is the highest sum of resident memory of the rehearsal and everything it started.
	PeakMemoryMb int      `json:"peak_memory_mb"`
	Preview      Preview  `json:"preview"`
	Up           Up       `json:"up"`
	SecondUp     SecondUp `json:"second_up"`
	Mapping      Mapping  `json:"mapping"`
	Events       Events   `json:"events"`
	Current      Current  `json:"current"`
	Catalog      Catalog  `json:"catalog"`
	Tunnel       Tunnel   `json:"tunnel"`
	Verify       Verify   `json:"verify"`
	LatencyMs    Latency  `json:"latency_ms"`
	Policy       Policy   `json:"policy"`
	Destroy      Destroy  `json:"destroy"`
	// Retained is what destroy leaves on purpose: account-wide roles that others may use.
	Retained []string `json:"retained"`
	// Faults of the long rehearsal; nil when it was not run.
	Faults *Faults `json:"faults,omitempty"`
	// Checks are the variants of the long rehearsal, by name.
	Checks map[string]Check `json:"checks,omitempty"`
	// NotRun is what this rehearsal cannot show.
	NotRun   []string          `json:"not_run"`
	Versions map[string]string `json:"versions"`
}

// Preview is the plan of the first deployment; Minimal the plan with nothing configured but the region.
type Preview struct {
	Seconds          float64 `json:"seconds"`
	Resources        int     `json:"resources"`
	MinimalResources int     `json:"minimal_resources"`
}

// Up is the first deployment.
type Up struct {
	Seconds   float64 `json:"seconds"`
	Resources int     `json:"resources"`
}

// SecondUp is a deployment of the same program: it must change nothing.
type SecondUp struct {
	Seconds float64 `json:"seconds"`
	Changes int     `json:"changes"`
}

// Mapping is what the delivery role may do before and after the program maps it.
type Mapping struct {
	BeforeStatus  int    `json:"before_status"`
	BeforeMessage string `json:"before_message"`
	AfterStatus   int    `json:"after_status"`
}

// Events are committed row changes and loaded rows, compared one by one.
type Events struct {
	Written    int `json:"written"`
	Loaded     int `json:"loaded"`
	History    int `json:"history"`
	Lake       int `json:"lake"`
	Lost       int `json:"lost"`
	Duplicated int `json:"duplicated"`
}

// Current compares the indices of every row's present state with the tables.
type Current struct {
	Rows  int  `json:"rows"`
	Equal bool `json:"equal"`
	// After the index of a table was deleted and replayed from the lake, and after a new epoch was filled from it. Only a full
	// rehearsal does either; its checks fail when they are not.
	AfterReplayEqual bool `json:"after_replay_equal,omitempty"`
	AfterEpochEqual  bool `json:"after_epoch_equal,omitempty"`
}

// Catalog compares the lake's views of present rows with the tables, and counts the saved queries that were run.
type Catalog struct {
	QueriesRun int  `json:"queries_run"`
	Rows       int  `json:"rows"`
	Equal      bool `json:"equal"`
}

// Tunnel says how the private domain and the private database were reached.
type Tunnel struct {
	Used bool `json:"used"`
	// Sessions that were opened and bytes that went through them, both ways.
	Sessions int   `json:"sessions"`
	Bytes    int64 `json:"bytes"`
}

// Verify is what `cdc verify` measured of one row, from its commit to each hop.
type Verify struct {
	HopsMs map[string]int64 `json:"hops_ms"`
}

// Policy is what the policy pack says of a production stack, and whether each of its rules is awake: the stack was broken
// once for every rule.
type Policy struct {
	Rules           int `json:"rules"`
	Violations      int `json:"violations"`
	MutationsCaught int `json:"mutations_caught"`
	// Controls of Security Hub that apply to what the project makes, and those that a rule or a reason answers.
	ControlsAnswered   int `json:"controls_answered"`
	ControlsApplicable int `json:"controls_applicable"`
}

// Latency is from commit to each sink.
type Latency struct {
	History Quantiles `json:"history"`
	Lake    Quantiles `json:"lake"`
	// Current is to the answer of the bulk request, of the latest change of each row; it is searchable a refresh later.
	Current Quantiles `json:"current"`
}

// Quantiles of a distribution in milliseconds.
type Quantiles struct {
	P50 float64 `json:"p50"`
	P99 float64 `json:"p99"`
}

// Destroy is what was left behind: nothing but what Retained names.
type Destroy struct {
	Seconds float64  `json:"seconds"`
	Left    []string `json:"left"`
}

// Check is one variant's outcome.
type Check struct {
	OK     bool   `json:"ok"`
	Detail string `json:"detail,omitempty"`
}

// hops that a change passes, in their order.
var hops = []string{"stream", "history", "lake"}

// Problems are the reasons for which this report is not a success.
func (r *Report) Problems(minimum int) []string {
	var p []string
	fail := func(bad bool, format string, args ...any) {
		if bad {
			p = append(p, fmt.Sprintf(format, args...))
		}
	}
	fail(r.SecondUp.Changes != 0, "the second up changed %d resources", r.SecondUp.Changes)
	fail(r.Mapping.BeforeStatus != 403, "before the mapping the delivery role got %d, not 403", r.Mapping.BeforeStatus)
	fail(!strings.HasPrefix(r.Mapping.BeforeMessage, "no permissions for [indices:data/write/bulk] and User [name=arn:aws:iam::"), "before the mapping the message was %q", r.Mapping.BeforeMessage)
	fail(r.Mapping.AfterStatus != 201, "after the mapping the delivery role got %d, not 201", r.Mapping.AfterStatus)
	fail(r.Events.Written < minimum, "only %d events were written, want %d", r.Events.Written, minimum)
	fail(r.Events.Lost != 0, "%d events were lost", r.Events.Lost)
	fail(r.Events.History != r.Events.Written, "history has %d events of %d", r.Events.History, r.Events.Written)
	fail(r.Events.Lake != r.Events.Written, "the lake has %d events of %d", r.Events.Lake, r.Events.Written)
	fail(r.Policy.Violations != 0, "a production stack violates %d policies", r.Policy.Violations)
	fail(r.Policy.MutationsCaught != r.Policy.Rules || r.Policy.Rules == 0, "of %d policies %d noticed their mutation", r.Policy.Rules, r.Policy.MutationsCaught)
	fail(r.Policy.ControlsAnswered != r.Policy.ControlsApplicable, "of %d controls that apply %d are answered", r.Policy.ControlsApplicable, r.Policy.ControlsAnswered)
	fail(!r.Current.Equal || r.Current.Rows == 0, "the current indices do not equal the tables' %d rows", r.Current.Rows)
	fail(!r.Catalog.Equal || r.Catalog.Rows == 0, "the lake's views do not equal the tables")
	fail(!r.Tunnel.Used, "the tunnel was not used")
	for _, hop := range hops {
		fail(r.Verify.HopsMs[hop] <= 0, "cdc verify did not see its row at: %s", hop)
	}
	fail(len(r.Destroy.Left) != 0, "destroy left %s", strings.Join(r.Destroy.Left, ", "))
	p = append(p, r.Faults.Problems()...)
	for _, name := range r.checkNames() {
		fail(!r.Checks[name].OK, "%s: %s", name, r.Checks[name].Detail)
	}
	return p
}

// Write writes the report as JSON.
func (r *Report) Write(path string) error {
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return fmt.Errorf("writing the report: %w", err)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		return fmt.Errorf("writing the report: %w", err)
	}
	if err := os.WriteFile(path, append(text, '\n'), 0o600); err != nil {
		return fmt.Errorf("writing the report: %w", err)
	}
	return nil
}

// Print writes the report as a table.
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
	row("preview.seconds", r.Preview.Seconds)
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
	row("catalog.queries_run", r.Catalog.QueriesRun)
	row("catalog.equal", fmt.Sprintf("%t: %d rows", r.Catalog.Equal, r.Catalog.Rows))
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
	row("latency_ms.current", fmt.Sprintf("p50 %.0f, p99 %.0f", r.LatencyMs.Current.P50, r.LatencyMs.Current.P99))
	row("destroy.left", list(r.Destroy.Left))
	row("retained", list(r.Retained))
	r.Faults.print(row)
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

func (r *Report) checkNames() []string {
	names := make([]string, 0, len(r.Checks))
	for name := range r.Checks {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}

func list(items []string) string {
	if len(items) == 0 {
		return "nothing"
	}
	return strings.Join(items, ", ")
}
