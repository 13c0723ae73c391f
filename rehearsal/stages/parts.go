package stages

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// Part is a sequence of stages that is independent of other parts.
type Part struct {
	Name string
	// Shows describes in one sentence what the part shows.
	Shows  string
	Stages []Stage
}

// Stage is one step of a part.
type Stage struct {
	Name string
	Run  func(context.Context, *Run) error
	// Reports are the paths of the report's keys that the stage fills.
	Reports []string
}

// Stages in several parts.
var (
	previewMinimal = Stage{"preview with nothing configured", PreviewMinimal, []string{"preview.minimal_resources"}}
	previewProd    = Stage{"preview of prod under the policy pack", PreviewProd, []string{"policy"}}
	preview        = Stage{"preview", Preview, []string{"preview.seconds", "preview.resources"}}
	firstUp        = Stage{"up", Up, []string{"up", "mapping", "tunnel"}}
	rows           = Stage{"rows", Rows, nil}
	verify         = Stage{"verify", Verify, []string{"verify", "events", "latency_ms", "hops", "latency_curves", "current.rows", "current.equal"}}
	verifyAll      = Stage{"verify", Verify, append(slices.Clone(verify.Reports), "catalog")} // elsewhere Trino's catalog counts
	secondUp       = Stage{"second up", SecondUp, []string{"second_up", "deployer_policy"}}
	destroy        = Stage{"destroy", Destroy, []string{"destroy", "retained"}}
	schedulesRun   = Stage{"schedules run", SchedulesRun, nil}
	alarmsWatched  = Stage{"alarms watched", AlarmsWatched, nil}
	alarmsSilent   = Stage{"alarms silent", AlarmsSilent, []string{"alarms.declared", "alarms.silent_when_healthy", "alarms.injected", "alarms.scale", "alarms.longest_period_seconds"}}
	alarmsFire     = Stage{"alarms that fire", AlarmsFire, []string{"alarms.fired_in_own_fault"}}
)

// begin are the first stages of every part. They always run.
var begin = []Stage{{"engine and servers", Prepare, nil}, {"stores and stand-ins", StartWorld, nil}}

// Basic is what `make rehearse` runs.
var Basic = Part{
	"basic", "One stack is previewed, deployed, loaded, compared row by row, deployed again without a change, and destroyed.",
	[]Stage{previewMinimal, previewProd, preview, firstUp, schedulesRun, rows, verifyAll, secondUp, destroy},
}

// Look deploys the stack and leaves it running.
var Look = Part{
	"look", "One stack is deployed and loaded, and left running.",
	[]Stage{previewMinimal, previewProd, preview, firstUp, schedulesRun, rows, verify, {"leave it running", Stay, nil}},
}

// AllFaults is what `make faults` runs. Its report contains only the faults' results.
var AllFaults = Part{
	"all faults", "No alarm fires while nothing is wrong; then every fault comes while rows are written, one after the other: none is lost, and each alarm fires in its own fault.",
	[]Stage{
		{"tables for faults", FaultTables, nil},
		{firstUp.Name, Up, nil},
		alarmsWatched, rows,
		{verify.Name, Verify, nil},
		alarmsSilent,
		check("every fault, one after the other", "every_fault", EveryFault, "fault_runs"),
		alarmsFire,
		check("a destroy that is interrupted", "last_fault", LastFault),
		{destroy.Name, Destroy, nil},
	},
}

// Full are the parts of `make rehearse-full`, in order.
var Full = []Part{
	{
		"lifecycle", "A stack of the baseline is brought up to date, changed in every way that its operators would, and destroyed; another adopts what is somebody else's.",
		[]Stage{
			previewMinimal, previewProd,
			check("policies in the engine", "policy_in_engine", PolicyInEngine),
			{"up of the baseline", DeployBaseline, nil},
			check("names of the baseline", "names_pinned", NamesPinned),
			preview,
			{"up over the baseline", Upgrade, append(slices.Clone(firstUp.Reports), "upgrade")},
			rows, verify,
			check("the registry taken over", "registry_taken_over", RegistryTakenOver),
			secondUp,
			check("a grant taken out of the program", "grant_removed", GrantRemoved),
			check("a permission taken away", "permission_taken_away", PermissionTakenAway),
			check("the operator's tool", "operator", Operator),
			check("the task and an endpoint changed", "task_change", TaskChange, "endpoint_change"),
			check("a table added", "table_added", TableAdded),
			check("passwords rotated", "rotation", Rotation),
			check("a domain replaced", "domain_replaced", DomainReplaced),
			check("dev turned into prod with a new name", "turned_into_prod", TurnedIntoProd),
			check("a destroy that fails half-way", "half_destroyed", HalfDestroyed),
			destroy,
			check("everything adopted", "adopted", Adopted),
		},
	},
	{
		"account", "What would end a deployment is told before it; the account-wide roles are made where they are absent, kept by a destroy, and left alone where somebody else has made them; an empty account gets a whole stack; what is assumed of AWS holds in the stand-ins, and is caught where it does not.",
		[]Stage{
			check("preflight: each check broken once", "preflight", Preflight, "preflight"),
			check("account roles: absent, present, again", "account_roles", AccountRoles),
			check("up in an empty account", "first_deployment", EmptyAccount, append(slices.Clone(firstUp.Reports), "empty_account")...),
			rows,
			{"up with a database for probes", UpForProbes, nil},
			check("what is assumed of AWS, held and broken", "conformance", Conformance, "conformance"),
			destroy,
		},
	},
	{
		"rows", "Rows are applied once more, from the lake and from where they were parked, an index is closed while changes come, tables are loaded into new epochs, rows vanish in each way that no record tells, a table gets a column, tables of any kind are compared, rows go by foreign keys, and the lake is queried in Athena's engine.",
		[]Stage{
			firstUp, rows, verify,
			check("an index closed while changes come", "closed_index", ClosedIndex, "closed_index"),
			check("replays", "replay", Replay, "current.after_replay_equal", "current.after_epoch_equal"),
			check("epochs of the current indices", "epochs", Epochs),
			check("statements that no record tells", "ddl", DDL, "ddl"),
			check("a column added", "column_added", ColumnAdded),
			check("tables of any kind", "any_table", AnyTable, "any_table"),
			check("rows that go by foreign keys", "foreign_keys", Cascades, "foreign_keys"),
			check("the lake in Athena's engine", "lake_in_trino", LakeInTrino, "catalog", "partition_text"),
			destroy,
		},
	},
	{
		"tables", "The lake keeps tables that change in place, of each format in turn; the operator's tool runs their job, which is killed and reads records late, twice and in disorder; readers that share no code with Spark compare them with the source; a row is erased from everything.",
		[]Stage{firstUp, rows, verify, check("tables that change in place", "lake_tables", LakeTables, "tables", "catalog"), check("a row erased", "row_erased", Erase, "erase"), secondUp, destroy},
	},
	{
		"serverless", "A stack whose task and search are serverless is deployed, loaded and compared; its task is stopped and changed, and both are moved to the other kind and back while rows are written; it is destroyed while its task runs.",
		[]Stage{
			{"preview of each combination of kinds", PreviewKinds, []string{"preview.combinations"}},
			{"up with everything serverless", UpServerless, firstUp.Reports},
			rows, verify, secondUp,
			check("a serverless task stopped, started and refused", "serverless_task", ServerlessTask),
			check("the task and an endpoint changed", "serverless_change", TaskChange, "endpoint_change"),
			check("from one kind of task to the other and back", "switch_dms", OtherTask, "switch.dms"),
			check("from collections to a domain and back", "switch_search", OtherSearch, "switch.search"),
			{destroy.Name, DestroyServerless, append(slices.Clone(destroy.Reports), "serverless")},
		},
	},
	{
		"faults", "The domain is killed, requests are refused, and batches come twice and late while rows are written: none is lost; then the shortest of all faults come one after the other; no alarm fires before, and each in its own fault.",
		[]Stage{
			firstUp, alarmsWatched, rows, verify, alarmsSilent,
			check("faults while rows are written", "faults", Faults, "faults"),
			check("faults one after the other", "faults_in_turn", FaultsInTurn, "fault_runs"),
			alarmsFire, destroy,
		},
	},
	{
		"sources", "Another database takes the source's place, and its rows replace the former ones; two more sources join it, one of them PostgreSQL, rows are written to all at once, " +
			"one is killed, one is down during a deployment, rows of several are queried together, and one is removed.",
		[]Stage{
			firstUp, rows, verify,
			check("another source", "another_source", AnotherSource),
			{"two sources added", SourcesAdded, nil},
			{"rows in all sources at once", SourcesAtOnce, []string{"sources"}},
			{"what is PostgreSQL's own", PostgresOwn, nil},
			check("a source killed", "source_killed", SourceKilled),
			check("up while a source is down", "up_while_down", UpWhileDown),
			{"sources joined", SourcesJoined, []string{"sources_joined"}},
			check("a source removed", "source_removed", SourceRemoved, "postgres"),
			secondUp, destroy,
		},
	},
	{
		"languages", "The plugin is made as it is released and installed; programs of YAML that are wrong are told what, and make nothing; examples of other languages are deployed twice and destroyed.",
		[]Stage{
			{"plugin and language host", Languages, nil},
			check("wrong inputs in YAML", "wrong_in_yaml", WrongInYAML),
			{"a stream and a lake in YAML", StreamAndLakeInYAML, []string{"languages.yaml"}},
			{"the whole pipeline in YAML", PipelineInYAML, []string{"languages.yaml_pipeline", "tunnel"}},
			{"the whole pipeline in TypeScript", PipelineInTypeScript, []string{"languages.typescript"}},
			{"what is searched in Python", SearchInPython, []string{"languages.python"}},
		},
	},
}

// Names lists the parts of `make rehearse-full`.
func Names() []string {
	names := make([]string, len(Full))
	for i, p := range Full {
		names[i] = p.Name
	}
	return names
}

// Named returns a part of `make rehearse-full`.
func Named(name string) (Part, error) {
	for _, p := range Full {
		if p.Name == name {
			return p, nil
		}
	}
	return Part{}, fmt.Errorf("there is no part %q: choose one of %s", name, strings.Join(Names(), ", "))
}

// Only keeps those stages of a part whose names contain one of the given pieces.
func (p Part) Only(pieces []string) Part {
	p.Stages = slices.DeleteFunc(slices.Clone(p.Stages), func(s Stage) bool {
		return !slices.ContainsFunc(pieces, func(piece string) bool { return strings.Contains(s.Name, piece) })
	})
	return p
}
