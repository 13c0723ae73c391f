// Package report is the rehearsal's result: one JSON file for programs, a table for people. Each part of the
// rehearsal merges its results into the file and keeps the other parts'.
package report

import (
	"slices"
	"strings"
)

// Report is what a part ran, with its results, and what cannot be run here.
type Report struct {
	Machine string  `json:"machine"`
	Date    string  `json:"date"`
	Seconds float64 `json:"seconds"`
	// PeakMemoryMb is the highest total of resident memory of the rehearsal and its processes.
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
	// Hops are the arrows of the architecture's picture with measurements.
	Hops []Hop `json:"hops,omitempty"`
	// LatencyCurves are the sinks' curves: history, lake, current.
	LatencyCurves map[string]Curve `json:"latency_curves,omitempty"`
	Policy        Policy           `json:"policy"`
	// Preflight is what `cdc preflight` detects.
	Preflight Preflight `json:"preflight"`
	Destroy   Destroy   `json:"destroy"`
	// DeployerPolicy is the result of the documented policies.
	DeployerPolicy DeployerPolicy `json:"deployer_policy"`
	// Upgrade is nil when no earlier release was deployed first.
	Upgrade *Upgrade `json:"upgrade,omitempty"`
	// EmptyAccount is nil when the account was not empty.
	EmptyAccount *EmptyAccount `json:"empty_account,omitempty"`
	// EndpointChange is nil when no endpoint was changed.
	EndpointChange *EndpointChange `json:"endpoint_change,omitempty"`
	// Retained is what destroy keeps on purpose: account-wide roles that others may use.
	Retained []string `json:"retained"`
	// Faults is nil when there were none.
	Faults *Faults `json:"faults,omitempty"`
	// Alarms is nil when none was evaluated.
	Alarms *Alarms `json:"alarms,omitempty"`
	// FaultRuns are faults that ran one after the other.
	FaultRuns []FaultRun `json:"fault_runs,omitempty"`
	// ForeignKeys is nil when no followed tables have any.
	ForeignKeys *ForeignKeys `json:"foreign_keys,omitempty"`
	// DDL is nil when no such statement ran.
	DDL *DDL `json:"ddl,omitempty"`
	// ClosedIndex is nil when no index was closed.
	ClosedIndex *ClosedIndex `json:"closed_index,omitempty"`
	// Conformance compares the project's assumptions about AWS with the stand-ins.
	Conformance Conformance `json:"conformance"`
	// AnyTable counts odd tables, and those whose rows and changes were all compared and equal.
	AnyTable AnyTable `json:"any_table"`
	// Tables are the lake's tables by format.
	Tables map[string]Table `json:"tables,omitempty"`
	// Serverless is nil when nothing was serverless.
	Serverless *Serverless `json:"serverless,omitempty"`
	// Switch is what was moved between the kinds while rows were written.
	Switch Switch `json:"switch"`
	// Erase is nil when no row was erased.
	Erase *Erase `json:"erase,omitempty"`
	// Sources are a stack's several sources, by name.
	Sources map[string]Source `json:"sources,omitempty"`
	// SourcesJoined is nil when no stack had several sources.
	SourcesJoined *Joined `json:"sources_joined,omitempty"`
	// Postgres is nil when no source was PostgreSQL.
	Postgres *Postgres `json:"postgres,omitempty"`
	// Languages are examples of languages other than Go, by what they are written in.
	Languages map[string]Language `json:"languages,omitempty"`
	// Checks are what a part shows beyond its figures, by name.
	Checks map[string]Check `json:"checks,omitempty"`
	// NotRun lists what this rehearsal cannot show.
	NotRun   []string          `json:"not_run"`
	Versions map[string]string `json:"versions"`

	// filled are the reported keys as paths: events, current.equal, checks.faults.
	filled []string
}

// Fill marks the keys with these paths as reported. Only reported keys are merged, printed and judged.
func (r *Report) Fill(paths ...string) { r.filled = append(r.filled, paths...) }

// has reports whether the key with this path is reported, by itself or through a parent key.
func (r *Report) has(path string) bool {
	return slices.ContainsFunc(r.filled, func(filled string) bool {
		return path == filled || strings.HasPrefix(path, filled+".")
	})
}

// Engine is the engine that deployed: compiled by the rehearsal, or installed on this machine.
type Engine struct {
	Installed bool   `json:"installed"`
	CLI       string `json:"cli"`
	Version   string `json:"version"`
}

// Preview is the preview of the first deployment; Minimal is one in which only the region is configured.
type Preview struct {
	Seconds          float64 `json:"seconds"`
	Resources        int     `json:"resources"`
	MinimalResources int     `json:"minimal_resources"`
	// Combinations of task kinds and search destinations, in dev and in prod, that were previewed under the policy
	// pack.
	Combinations int `json:"combinations,omitempty"`
}

// Up is the first deployment.
type Up struct {
	Seconds   float64 `json:"seconds"`
	Resources int     `json:"resources"`
}

// SecondUp is another deployment of the same program: it must change nothing.
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

// Current compares the current indices with the tables.
type Current struct {
	Rows  int  `json:"rows"`
	Equal bool `json:"equal"`
	// The same after a table's index was deleted and replayed from the lake, and after a new epoch was filled from
	// it. Only the replays do these.
	AfterReplayEqual bool `json:"after_replay_equal,omitempty"`
	AfterEpochEqual  bool `json:"after_epoch_equal,omitempty"`
}

// Catalog compares the lake's views of present rows with the tables, and counts the saved queries that ran.
type Catalog struct {
	// Engine that ran them, with its version: trino, on which Athena is based, or duckdb.
	Engine     string `json:"engine"`
	QueriesRun int    `json:"queries_run"`
	Rows       int    `json:"rows"`
	Equal      bool   `json:"equal"`
}

// PartitionText compares two locations for the records of tables with escaped names: where the delivery writes them,
// and where views and replays look for them.
type PartitionText struct {
	Tables int  `json:"tables"`
	Equal  bool `json:"equal"`
}

// Tunnel describes the connections to the private domain and the private database.
type Tunnel struct {
	Used bool `json:"used"`
	// Sessions that were opened and bytes that they carried, in both directions.
	Sessions int   `json:"sessions"`
	Bytes    int64 `json:"bytes"`
}

// Verify is `cdc verify`'s measurement of one row, from its commit to each hop.
type Verify struct {
	HopsMs map[string]int64 `json:"hops_ms"`
}

// Policy is the policy pack's result for a production stack, and whether each rule works: the stack was broken once
// for every rule.
type Policy struct {
	Rules           int `json:"rules"`
	Violations      int `json:"violations"`
	MutationsCaught int `json:"mutations_caught"`
	// Controls of Security Hub that apply to the project's resources, and those covered by a rule or a reason.
	ControlsAnswered   int `json:"controls_answered"`
	ControlsApplicable int `json:"controls_applicable"`
}

// Preflight counts the checks of `cdc preflight`, and those that failed alone when their subject was broken.
type Preflight struct {
	Checks       int `json:"checks"`
	BrokenCaught int `json:"broken_caught"`
}

// Latency is the time from commit to each sink.
type Latency struct {
	History Quantiles `json:"history"`
	Lake    Quantiles `json:"lake"`
	// Current ends with the bulk request's answer, for the latest change of each row; the row is searchable a refresh
	// later.
	Current Quantiles `json:"current"`
}

// Quantiles of a distribution in milliseconds.
type Quantiles struct {
	P50 float64 `json:"p50"`
	P99 float64 `json:"p99"`
}

// Destroy is what was left behind: only what Retained names.
type Destroy struct {
	Seconds float64  `json:"seconds"`
	Left    []string `json:"left"`
}

// Upgrade is a deployment of this program over an earlier release's.
type Upgrade struct {
	// From is the earlier release's commit.
	From string `json:"from"`
	// Replacements counts replaced or deleted resources; Gone names them.
	Replacements int      `json:"replacements"`
	Gone         []string `json:"gone"`
	// Dropped are resources that held nothing and that the program removed on purpose.
	Dropped []string `json:"dropped"`
	// Runs counts repeated invocations of functions, because their code or input changed.
	Runs int `json:"runs"`
	// Queries counts saved queries with a changed text: the provider saves them again.
	Queries int `json:"queries"`
	// Changes counts all resources that were not the same.
	Changes int `json:"changes"`
}

// EmptyAccount is a first deployment into an account without any resources.
type EmptyAccount struct {
	OK bool `json:"ok"`
	// Refused are the calls that a service refused because it did not see a new resource yet.
	Refused []string `json:"refused"`
}

// EndpointChange is a deployment that changes an endpoint of a running task, which stops the task.
type EndpointChange struct {
	// Unreachable is the deployment's error while the endpoint is unreachable.
	Unreachable string `json:"unreachable"`
	// TaskRunning means that the task runs after the next deployment, when the endpoint is reachable.
	TaskRunning bool `json:"task_running"`
	// Changes counts the changes of one more deployment.
	Changes int `json:"changes"`
}

// Table describes the lake's tables in one format.
type Table struct {
	// Rows that are present, over all tables.
	Rows int `json:"rows"`
	// EqualToSource means that each reader, none of which shares code with Spark, sees exactly the source's rows. The
	// other members mean the same after some event.
	EqualToSource bool     `json:"equal_to_source"`
	Readers       []string `json:"readers"`
	// OutOfOrderEqual: after the job read the records in another order than the changes'.
	OutOfOrderEqual bool `json:"out_of_order_equal"`
	// KilledAndRerunEqual: after the job was killed following its first commit, and retried.
	KilledAndRerunEqual bool `json:"killed_and_rerun_equal"`
	// LateAfterDeleteAbsent: after records of deleted rows arrived again.
	LateAfterDeleteAbsent bool `json:"late_after_delete_absent"`
	// ColumnAddedEqual: after the source got a new column.
	ColumnAddedEqual bool `json:"column_added_equal"`
}

// equal are the comparisons.
func (t Table) equal() map[string]bool {
	return map[string]bool{
		"equal_to_source": t.EqualToSource, "out_of_order_equal": t.OutOfOrderEqual, "killed_and_rerun_equal": t.KilledAndRerunEqual,
		"late_after_delete_absent": t.LateAfterDeleteAbsent, "column_added_equal": t.ColumnAddedEqual,
	}
}

// Erase is where an erased row was, what cannot be reached, and in how many object versions and documents its text
// was found afterwards.
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

// Switched counts the changes that a sink lacks, and reports whether the present rows equal the tables.
type Switched struct {
	Lost  int  `json:"lost"`
	Equal bool `json:"equal"`
}

// AnyTable counts tables, and those that were compared and equal in every sink.
type AnyTable struct {
	Tables   int `json:"tables"`
	Compared int `json:"compared"`
}

// Conformance counts assumptions: all, those that held, and those whose violation was detected.
type Conformance struct {
	Assumptions  int `json:"assumptions"`
	Held         int `json:"held"`
	BrokenCaught int `json:"broken_caught"`
}

// Check is one check's result.
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
