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

// success is the report of a rehearsal in which everything went well.
func success() *Report {
	r := &Report{
		Mapping: Mapping{BeforeStatus: 403, BeforeMessage: "no permissions for [indices:data/write/bulk] and User [name=arn:aws:iam::1:role/r", AfterStatus: 201},
		Events:  Events{Written: written, History: written, Lake: written},
		Current: Current{Rows: 1, Equal: true}, Catalog: Catalog{Rows: 1, Equal: true}, Tunnel: Tunnel{Used: true},
		Verify: Verify{HopsMs: map[string]int64{"stream": 1, "history": 2, "lake": 3}},
		Policy: Policy{Rules: 1, MutationsCaught: 1, ControlsAnswered: 1, ControlsApplicable: 1},
		Faults: &Faults{
			Kills: 1, DownSeconds: 20.5, ThrottledRequests: 3, ThrottledItems: 4, BatchesTwice: 5, DelayedBatches: 6,
			Poison: 7, PoisonParked: 7, Written: 5000, CurrentRows: 9, CurrentEqual: true,
		},
		Checks: map[string]Check{"faults": {OK: true}},
	}
	r.Fill("second_up", "mapping", "events", "current", "catalog", "tunnel", "verify", "policy", "destroy", "faults", "checks.faults")
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
	for _, path := range []string{"up.seconds", "events.", "current.", "catalog.", "tunnel.", "policy.", "destroy.", "latency_ms."} {
		require.NotContains(t, printed(r), path)
	}
	for key, problem := range map[string]string{
		"mapping": "before the mapping", "events": "events were written", "current.equal": "current indices", "catalog": "lake's views",
		"tunnel": "tunnel", "verify": "cdc verify", "policy": "policies",
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
