package report

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const written = 10_000

// success is the report of a rehearsal without problems.
func success() *Report {
	r := &Report{
		Mapping: Mapping{BeforeStatus: 403, BeforeMessage: "no permissions for [indices:data/write/bulk] and User [name=arn:aws:iam::1:role/r", AfterStatus: 201},
		Events:  Events{Written: written, History: written, Lake: written},
		Current: Current{Rows: 1, Equal: true}, Catalog: Catalog{Rows: 1, Equal: true}, Tunnel: Tunnel{Used: true},
		Verify: Verify{HopsMs: map[string]int64{"stream": 1, "history": 2, "lake": 3}},
		Policy: Policy{Rules: 1, MutationsCaught: 1, ControlsAnswered: 1, ControlsApplicable: 1}, Preflight: Preflight{Checks: 2, BrokenCaught: 2},
		Faults: &Faults{
			Kills: 1, DownSeconds: 20.5, ThrottledRequests: 3, ThrottledItems: 4, BatchesTwice: 5, DelayedBatches: 6,
			Poison: 7, PoisonParked: 7, Written: 5000, CurrentRows: 9, CurrentEqual: true,
		},
		DDL:         &DDL{Kinds: 7, Reported: 7},
		Alarms:      &Alarms{Declared: 40, SilentWhenHealthy: 40, FiredInOwnFault: 40, Injected: []string{"cdc-snapshot"}, Scale: 30, LongestPeriodSeconds: 10},
		Conformance: Conformance{Assumptions: 50, Held: 50, BrokenCaught: 50},
		AnyTable:    AnyTable{Tables: 10, Compared: 10},
		Tables:      map[string]Table{"iceberg": {1, true, []string{"a reader"}, true, true, true, true}},
		Checks:      map[string]Check{"faults": {OK: true}},
	}
	r.Fill("second_up", "mapping", "events", "current", "catalog", "tunnel", "verify", "policy", "preflight", "destroy", "faults", "alarms", "ddl", "conformance", "any_table", "tables", "checks.faults")
	return r
}

func TestASuccessHasNoProblems(t *testing.T) {
	require.Empty(t, success().Problems(written))
}

func TestARehearsalWithoutTheVariantsHasNoFaults(t *testing.T) {
	r := success()
	r.Faults, r.Checks = nil, nil
	require.Empty(t, r.Problems(written))
	text, err := json.Marshal(r)
	require.NoError(t, err)
	require.NotContains(t, string(text), "faults")
	require.NotContains(t, printed(r), "faults")
}

func TestOnlyWhatAPartReportsIsJudgedAndPrinted(t *testing.T) {
	r := &Report{Checks: map[string]Check{"account_roles": {OK: true}}}
	r.Fill("checks.account_roles")
	require.Empty(t, r.Problems(written))
	require.Contains(t, printed(r), "account_roles")
	for _, path := range []string{"up.seconds", "events.", "current.", "catalog.", "tunnel.", "policy.", "preflight.", "destroy.", "latency_ms."} {
		require.NotContains(t, printed(r), path)
	}
	for key, problem := range map[string]string{
		"mapping": "before the mapping", "events": "events were written", "current.equal": "current indices", "catalog": "lake's views",
		"tunnel": "tunnel", "verify": "cdc verify", "policy": "policies", "conformance": "of 0 assumptions", "preflight": "of 0 checks before a deployment 0 noticed",
	} {
		r := &Report{}
		r.Fill(key)
		require.Contains(t, strings.Join(r.Problems(written), "\n"), problem, key)
	}
}

func TestWhatFaultsBrokeAndFaultsThatNeverWereAreProblems(t *testing.T) {
	for problem, change := range map[string]func(*Faults){
		"2 of 5000 changes were lost":       func(f *Faults) { f.Lost = 2 },
		"do not equal the tables' 9 rows":   func(f *Faults) { f.CurrentEqual = false },
		"do not equal the tables' 0 rows":   func(f *Faults) { f.CurrentRows = 0 },
		"of 7 poison records 6 were parked": func(f *Faults) { f.PoisonParked = 6 },
		"of 7 poison records 8 were parked": func(f *Faults) { f.PoisonParked = 8 },
		"no poison":                         func(f *Faults) { f.Poison, f.PoisonParked = 0, 0 },
		"was never down":                    func(f *Faults) { f.Kills = 0 },
		"node was never down":               func(f *Faults) { f.DownSeconds = 0 },
		"no request was throttled":          func(f *Faults) { f.ThrottledRequests = 0 },
		"no document was throttled":         func(f *Faults) { f.ThrottledItems = 0 },
		"no batch was delivered twice":      func(f *Faults) { f.BatchesTwice = 0 },
		"no batch was delayed":              func(f *Faults) { f.DelayedBatches = 0 },
		"nothing was written":               func(f *Faults) { f.Written = 0 },
	} {
		t.Run(problem, func(t *testing.T) {
			r := success()
			change(r.Faults)
			problems := r.Problems(written)
			require.Len(t, problems, 1)
			require.Contains(t, problems[0], "faults: ")
			require.Contains(t, problems[0], problem)
		})
	}
}

func TestAChangeThatIsLostOnAnyArrowIsAProblem(t *testing.T) {
	r := success()
	r.Hops = []Hop{{From: "database", To: "replication", Rows: 5000}, {From: "stream", To: "currentState", Rows: 4998, Lost: 2}}
	require.Equal(t, []string{"of 10000 changes that were written 2 were not seen between stream and currentState"}, r.Problems(written))
}

func TestWhatAClosedIndexCostIsAProblem(t *testing.T) {
	for problem, change := range map[string]func(*ClosedIndex){
		"no change came":                  func(c *ClosedIndex) { c.HeldSeconds = 0 },
		"while the index was closed":      func(c *ClosedIndex) { c.ClosedSeconds = 0 },
		"3 objects were parked":           func(c *ClosedIndex) { c.Parked = 3 },
		"were held up for 90.0 s":         func(c *ClosedIndex) { c.OthersHeldSeconds = 90 },
		"do not equal the tables' 9 rows": func(c *ClosedIndex) { c.Equal = false },
		"do not equal the tables' 0 rows": func(c *ClosedIndex) { c.Rows = 0 },
	} {
		r := success()
		r.ClosedIndex = &ClosedIndex{ClosedSeconds: 6, HeldSeconds: 9, OthersHeldSeconds: 8, Rows: 9, Equal: true}
		r.Fill("closed_index")
		require.Empty(t, r.Problems(written))
		require.Contains(t, printed(r), "closed_index.parked")
		change(r.ClosedIndex)
		require.Len(t, r.Problems(written), 1)
		require.Contains(t, r.Problems(written)[0], "closed_index: ")
		require.Contains(t, r.Problems(written)[0], problem)
	}
}

func TestAnExampleOfALanguageThatIsNotCleanIsAProblem(t *testing.T) {
	for problem, l := range map[string]Language{
		"":                    {Resources: 20, Left: []string{}},
		"Resources:0":         {Left: []string{}},
		"SecondUpChanges:1":   {Resources: 20, SecondUpChanges: 1, Left: []string{}},
		"Left:[bucket/x]":     {Resources: 20, Left: []string{"bucket/x"}},
		"SecondUpChanges:0 L": {Resources: 20}, // it was not destroyed
	} {
		r := success()
		r.Languages = map[string]Language{"yaml": l, "python": {}}
		require.Empty(t, r.Problems(written), "not reported")
		r.Fill("languages.yaml")
		if problem == "" {
			require.Empty(t, r.Problems(written))
			require.Contains(t, printed(r), "20 resources, second_up_changes 0, left nothing")
			require.NotContains(t, printed(r), "languages.python")
			continue
		}
		require.Len(t, r.Problems(written), 1)
		require.Contains(t, r.Problems(written)[0], "an example of yaml: {Resources:")
		require.Contains(t, r.Problems(written)[0], problem)
	}
}

func TestAnAssumptionThatDoesNotHoldOrIsNotCaughtIsAProblem(t *testing.T) {
	for problem, c := range map[string]Conformance{
		"50 assumptions 49 held, and of 50": {50, 49, 50},
		"50 assumptions 50 held, and of 49": {50, 50, 49},
		"24 assumptions 24 held, and of 24": {24, 24, 24},
	} {
		r := success()
		r.Conformance = c
		require.Len(t, r.Problems(written), 1)
		require.Contains(t, r.Problems(written)[0], problem)
	}
}

func TestATableThatWasNotComparedIsAProblem(t *testing.T) {
	for problem, c := range map[string]AnyTable{"of 10 tables of odd kinds 9 were compared": {10, 9}, "of 0 tables": {}} {
		r := success()
		r.AnyTable = c
		require.Len(t, r.Problems(written), 1)
		require.Contains(t, r.Problems(written)[0], problem)
	}
}

func TestATableThatIsNotTheSourcesIsAProblem(t *testing.T) {
	for problem, change := range map[string]func(*Table){
		"equal_to_source":          func(t *Table) { t.EqualToSource = false },
		"out_of_order_equal":       func(t *Table) { t.OutOfOrderEqual = false },
		"killed_and_rerun_equal":   func(t *Table) { t.KilledAndRerunEqual = false },
		"late_after_delete_absent": func(t *Table) { t.LateAfterDeleteAbsent = false },
		"column_added_equal":       func(t *Table) { t.ColumnAddedEqual = false },
	} {
		r := success()
		changed := r.Tables["iceberg"]
		change(&changed)
		r.Tables["iceberg"] = changed
		require.Equal(t, []string{"the lake's tables of iceberg do not equal the source's: " + problem}, r.Problems(written))
	}
	r := success()
	r.Tables = nil
	require.Equal(t, []string{"the lake keeps no tables"}, r.Problems(written))
}

func TestAStatementThatCdcStatusDoesNotNameIsAProblem(t *testing.T) {
	for problem, d := range map[string]DDL{
		"of 7 kinds of statements that no record tells cdc status named 6": {7, 6},
		"of 0 kinds": {},
	} {
		r := success()
		r.DDL = &d
		require.Len(t, r.Problems(written), 1)
		require.Contains(t, r.Problems(written)[0], problem)
	}
}

func TestForeignKeysThatNobodyIsWarnedOfAreAProblem(t *testing.T) {
	for keys, problem := range map[ForeignKeys]string{
		{Constraints: 3, Warned: 3}: "",
		{Constraints: 3, Warned: 2}: "of 3 foreign keys that change rows the bootstrap named 2",
		{}:                          "of 0 foreign keys that change rows the bootstrap named 0",
	} {
		r := success()
		r.ForeignKeys = &keys
		r.Fill("foreign_keys")
		require.Equal(t, problem, strings.Join(r.Problems(written), ""))
		text, err := json.Marshal(r)
		require.NoError(t, err)
		require.Contains(t, string(text), `"foreign_keys":{"constraints":`)
		require.Contains(t, printed(r), "that change rows")
	}
}

func TestDuplicatesAreCountedAndNoProblem(t *testing.T) {
	r := success()
	r.Faults.Duplicated = 3
	require.Empty(t, r.Problems(written))
	require.Contains(t, printed(r), "faults.duplicated")
}

func TestAVariantThatFailedIsAProblem(t *testing.T) {
	r := success()
	r.Checks["faults"] = Check{Detail: "the node did not come back"}
	require.Equal(t, []string{"faults: the node did not come back"}, r.Problems(written))
}

func TestWhatTheDeployerIsRefusedIsAProblemThatSaysWhatToType(t *testing.T) {
	r := &Report{DeployerPolicy: DeployerPolicy{Calls: 3, Statements: 2, StatementsNeeded: 1, Refused: []string{}}}
	r.Fill("deployer_policy")
	require.Empty(t, r.Problems(written))
	text, err := json.Marshal(r)
	require.NoError(t, err)
	require.Contains(t, string(text), `"deployer_policy":{"calls":3,"refused":[],`)
	for problem, change := range map[string]func(*DeployerPolicy){
		"do not allow a:B on c; d:E on f: if the program is to do that, PERMISSIONS=record": func(d *DeployerPolicy) { d.Refused = []string{"a:B on c", "d:E on f"} },
		"no call of the deployer was judged":                                                func(d *DeployerPolicy) { d.Calls = 0 },
		"no statement of the deployer's policies was needed":                                func(d *DeployerPolicy) { d.StatementsNeeded = 0 },
	} {
		changed := &Report{DeployerPolicy: r.DeployerPolicy}
		changed.Fill("deployer_policy")
		change(&changed.DeployerPolicy)
		problems := changed.Problems(written)
		require.Len(t, problems, 1)
		require.Contains(t, problems[0], problem)
		require.Contains(t, printed(changed), "deployer_policy.refused")
	}
}

func TestFaultsAreWrittenByTheirNames(t *testing.T) {
	path := filepath.Join(t.TempDir(), "rehearsal", "report.json")
	require.NoError(t, success().Merge(path, "faults", Part{OK: true}))
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	var read struct {
		Faults map[string]any `json:"faults"`
	}
	require.NoError(t, json.Unmarshal(text, &read))
	require.Equal(t, map[string]any{
		"kills": 1.0, "down_seconds": 20.5, "throttled_requests": 3.0, "throttled_items": 4.0, "batches_twice": 5.0, "delayed_batches": 6.0,
		"poison": 7.0, "poison_parked": 7.0, "written": 5000.0, "lost": 0.0, "duplicated": 0.0, "current_rows": 9.0, "current_equal": true,
	}, read.Faults)
	require.Contains(t, printed(success()), "1, down for 20.5 s")
}

func printed(r *Report) string {
	var b strings.Builder
	r.Print(&b)
	return b.String()
}

func TestAlarmsThatAreLoudOrDumbAreProblems(t *testing.T) {
	for problem, change := range map[string]func(*Alarms){
		"of 40 39 were silent":               func(a *Alarms) { a.SilentWhenHealthy = 39 },
		"of 40 3 have fired in their own":    func(a *Alarms) { a.FiredInOwnFault = 3 },
		"alarms: none is declared":           func(a *Alarms) { *a = Alarms{} },
		"of 41 40 were silent while nothing": func(a *Alarms) { a.Declared = 41 },
	} {
		r := success()
		change(r.Alarms)
		require.Contains(t, strings.Join(r.Problems(written), "; "), problem)
	}
	r := success()
	r.Alarms = nil
	require.Contains(t, strings.Join(r.Problems(written), "; "), "alarms: none is declared")
	healthy := &Report{Alarms: &Alarms{Declared: 2, SilentWhenHealthy: 2}}
	healthy.Fill("alarms.declared", "alarms.silent_when_healthy", "alarms.injected", "alarms.scale")
	require.Empty(t, healthy.Problems(written), "a part may show the healthy run alone")
	require.Contains(t, printed(success()), "30 times this machine's clock")
}
