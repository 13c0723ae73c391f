// Package report is the rehearsal's result: one JSON file for programs, a table for people. Each part of the rehearsal
// merges what it has found into the file, and leaves what other parts have found.
package report

import (
	"slices"
	"strings"
)

// Report says what a part has run, what it gave, and what cannot be run here.
type Report struct {
	Machine string  `json:"machine"`
	Date    string  `json:"date"`
	Seconds float64 `json:"seconds"`
	// PeakMemoryMb is the highest sum of resident memory of the rehearsal and everything it started.
	PeakMemoryMb int      `json:"peak_memory_mb"`
	Engine       Engine   `json:"engine"`
	Preview      Preview  `json:"preview"`
	Up           Up       `json:"up"`
	SecondUp     SecondUp `json:"second_up"`
	Mapping      Mapping  `json:"mapping"`
	Events       Events   `json:"events"`
	Current      Current  `json:"current"`
	Catalog      Catalog  `json:"catalog"`
	// PartitionText is nil when no such table was tried.
	PartitionText *PartitionText `json:"partition_text,omitempty"`
	Tunnel        Tunnel         `json:"tunnel"`
	Verify        Verify         `json:"verify"`
	LatencyMs     Latency        `json:"latency_ms"`
	// Hops are the arrows of the architecture's picture, as far as something was measured on them.
	Hops []Hop `json:"hops,omitempty"`
	// LatencyCurves are those of the sinks: history, lake, current.
	LatencyCurves map[string]Curve `json:"latency_curves,omitempty"`
	Policy        Policy           `json:"policy"`
	// Preflight is what `cdc preflight` notices.
	Preflight Preflight `json:"preflight"`
	Destroy   Destroy   `json:"destroy"`
	// DeployerPolicy is what the documented policies allowed.
	DeployerPolicy DeployerPolicy `json:"deployer_policy"`
	// Upgrade is nil when no earlier release was deployed first.
	Upgrade *Upgrade `json:"upgrade,omitempty"`
	// EmptyAccount is nil when the account was not empty.
	EmptyAccount *EmptyAccount `json:"empty_account,omitempty"`
	// EndpointChange is nil when no endpoint was changed.
	EndpointChange *EndpointChange `json:"endpoint_change,omitempty"`
	// Retained is what destroy leaves on purpose: account-wide roles that others may use.
	Retained []string `json:"retained"`
	// Faults is nil when there were none.
	Faults *Faults `json:"faults,omitempty"`
	// Alarms is nil when none was evaluated.
	Alarms *Alarms `json:"alarms,omitempty"`
	// FaultRuns are faults that the pipeline had one after the other.
	FaultRuns []FaultRun `json:"fault_runs,omitempty"`
	// ForeignKeys is nil when no tables were followed that have some.
	ForeignKeys *ForeignKeys `json:"foreign_keys,omitempty"`
	// DDL is nil when no such statement was done.
	DDL *DDL `json:"ddl,omitempty"`
	// ClosedIndex is nil when no index was closed.
	ClosedIndex *ClosedIndex `json:"closed_index,omitempty"`
	// Conformance compares what the project assumes of AWS with the stand-ins.
	Conformance Conformance `json:"conformance"`
	// AnyTable counts tables of odd kinds, and those of which every row and change was compared and is the same.
	AnyTable AnyTable `json:"any_table"`
	// Tables are those that change in place, by their format.
	Tables map[string]Table `json:"tables,omitempty"`
	// Serverless is nil when nothing was serverless.
	Serverless *Serverless `json:"serverless,omitempty"`
	// Switch is what was moved from one kind to the other while rows were written.
	Switch Switch `json:"switch"`
	// Erase is nil when no row was erased.
	Erase *Erase `json:"erase,omitempty"`
	// Sources are those of a stack that has several, by name.
	Sources map[string]Source `json:"sources,omitempty"`
	// SourcesJoined is nil when no stack had several.
	SourcesJoined *Joined `json:"sources_joined,omitempty"`
	// Postgres is nil when no source was PostgreSQL.
	Postgres *Postgres `json:"postgres,omitempty"`
	// Languages are examples of languages other than Go, by what they are written in.
	Languages map[string]Language `json:"languages,omitempty"`
	// Checks are what a part shows beyond its figures, by name.
	Checks map[string]Check `json:"checks,omitempty"`
	// NotRun is what this rehearsal cannot show.
	NotRun   []string          `json:"not_run"`
	Versions map[string]string `json:"versions"`

	// filled are the keys that were reported, as paths: events, current.equal, checks.faults.
	filled []string
}

// Fill says that the keys with these paths are reported: they are merged, printed and judged. Others are not.
func (r *Report) Fill(paths ...string) { r.filled = append(r.filled, paths...) }

// has says whether the key with this path is reported, by itself or with a key above it.
func (r *Report) has(path string) bool {
	return slices.ContainsFunc(r.filled, func(filled string) bool {
		return path == filled || strings.HasPrefix(path, filled+".")
	})
}

// Engine is what deployed: compiled by the rehearsal, or installed on this machine.
type Engine struct {
	Installed bool   `json:"installed"`
	CLI       string `json:"cli"`
	Version   string `json:"version"`
}

// Preview is the plan of the first deployment; Minimal the plan with nothing configured but the region.
type Preview struct {
	Seconds          float64 `json:"seconds"`
	Resources        int     `json:"resources"`
	MinimalResources int     `json:"minimal_resources"`
	// Combinations of kinds of tasks and places, in dev and in prod, that were previewed under the policy pack.
	Combinations int `json:"combinations,omitempty"`
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
	// After the index of a table was deleted and replayed from the lake, and after a new epoch was filled from it. Only the
	// replays do either.
	AfterReplayEqual bool `json:"after_replay_equal,omitempty"`
	AfterEpochEqual  bool `json:"after_epoch_equal,omitempty"`
}

// Catalog compares the lake's views of present rows with the tables, and counts the saved queries that were run.
type Catalog struct {
	// Engine that ran them: trino, which Athena is made from, or duckdb; with its version.
	Engine     string `json:"engine"`
	QueriesRun int    `json:"queries_run"`
	Rows       int    `json:"rows"`
	Equal      bool   `json:"equal"`
}

// PartitionText compares where the delivery puts the records of tables whose names are escaped with where views and replays
// look for them.
type PartitionText struct {
	Tables int  `json:"tables"`
	Equal  bool `json:"equal"`
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

// Preflight counts the checks of `cdc preflight`, and those that alone have failed when what they look at was broken.
type Preflight struct {
	Checks       int `json:"checks"`
	BrokenCaught int `json:"broken_caught"`
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

// Upgrade is a deployment of this program over the one of an earlier release.
type Upgrade struct {
	// From is the earlier release's commit.
	From string `json:"from"`
	// Replacements counts what was replaced or deleted; Gone names it.
	Replacements int      `json:"replacements"`
	Gone         []string `json:"gone"`
	// Dropped are resources that hold nothing, and that the program no longer has on purpose.
	Dropped []string `json:"dropped"`
	// Runs counts invocations of functions that were made once more, because their code or what they are given is another.
	Runs int `json:"runs"`
	// Queries counts saved queries whose text is another: the provider saves them anew.
	Queries int `json:"queries"`
	// Changes counts everything that was not the same.
	Changes int `json:"changes"`
}

// EmptyAccount is a first deployment into an account in which nobody has made anything.
type EmptyAccount struct {
	OK bool `json:"ok"`
	// Refused are the calls that a service refused because it did not see yet what was just made.
	Refused []string `json:"refused"`
}

// EndpointChange is a deployment that changes an endpoint of a running task: the task is stopped for it.
type EndpointChange struct {
	// Unreachable is the error of the deployment while the endpoint cannot be reached.
	Unreachable string `json:"unreachable"`
	// TaskRunning says that the task runs after the next deployment, when the endpoint can be reached.
	TaskRunning bool `json:"task_running"`
	// Changes counts what one more deployment changes.
	Changes int `json:"changes"`
}

// Table is what tables that change in place hold, of one format.
type Table struct {
	// Rows that are present, of all tables.
	Rows int `json:"rows"`
	// EqualToSource says that every row is the source's, to each of the readers, which share no code with Spark; the other
	// members that it was after something had happened.
	EqualToSource bool     `json:"equal_to_source"`
	Readers       []string `json:"readers"`
	// OutOfOrderEqual: the job has read the records in another order than that of the changes.
	OutOfOrderEqual bool `json:"out_of_order_equal"`
	// KilledAndRerunEqual: the job was killed after its first commit, and tried again.
	KilledAndRerunEqual bool `json:"killed_and_rerun_equal"`
	// LateAfterDeleteAbsent: records of rows that were deleted since came once more.
	LateAfterDeleteAbsent bool `json:"late_after_delete_absent"`
	// ColumnAddedEqual: the source has got a column.
	ColumnAddedEqual bool `json:"column_added_equal"`
}

// equal are the comparisons.
func (t Table) equal() map[string]bool {
	return map[string]bool{
		"equal_to_source": t.EqualToSource, "out_of_order_equal": t.OutOfOrderEqual, "killed_and_rerun_equal": t.KilledAndRerunEqual,
		"late_after_delete_absent": t.LateAfterDeleteAbsent, "column_added_equal": t.ColumnAddedEqual,
	}
}

// Erase is where a row was that was erased, what cannot be reached, and in how many versions of objects and documents its text was
// found afterwards.
type Erase struct {
	Reached     []string `json:"reached"`
	Left        []string `json:"left"`
	MarkerFound int      `json:"marker_found"`
}

// Switch is nil for what was not moved.
type Switch struct {
	DMS    *Switched `json:"dms,omitempty"`
	Search *Switched `json:"search,omitempty"`
}

// Switched counts the changes that a sink lacks, and says whether the present rows equal the tables.
type Switched struct {
	Lost  int  `json:"lost"`
	Equal bool `json:"equal"`
}

// AnyTable counts tables, and those that were compared and are the same in every sink.
type AnyTable struct {
	Tables   int `json:"tables"`
	Compared int `json:"compared"`
}

// Conformance counts assumptions: all of them, those that held, and those of which the break of one was caught by its line.
type Conformance struct {
	Assumptions  int `json:"assumptions"`
	Held         int `json:"held"`
	BrokenCaught int `json:"broken_caught"`
}

// Check is one check's outcome.
type Check struct {
	OK     bool   `json:"ok"`
	Detail string `json:"detail,omitempty"`
}

// ForeignKeys counts the constraints by which MySQL itself changes rows of followed tables.
type ForeignKeys struct {
	Constraints int `json:"constraints"`
	// Warned are those that the bootstrap names.
	Warned int `json:"warned"`
}
