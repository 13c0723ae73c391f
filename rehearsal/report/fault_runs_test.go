package report

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func survived() FaultRun {
	return FaultRun{Name: "a-fault", What: "It broke.", Written: 300, RecoveredSeconds: 4.2, Alarm: "cdc-behind", Fired: true}
}

func TestAFaultThatWasSurvivedIsNoProblem(t *testing.T) {
	r := &Report{FaultRuns: []FaultRun{survived()}}
	r.Fill("fault_runs")
	require.Empty(t, r.Problems(written))
	require.Contains(t, printed(r), "1, lost 0, alarms fired 1, slowest to recover 4.2 s a-fault")
}

func TestWhatAFaultCostIsAProblem(t *testing.T) {
	for problem, change := range map[string]func(*FaultRun){
		"fault a-fault: 2 of 300 changes were lost":         func(f *FaultRun) { f.Lost = 2 },
		"fault a-fault: nothing was written meanwhile":      func(f *FaultRun) { f.Written = 0 },
		"fault a-fault: the alarm cdc-behind did not fire":  func(f *FaultRun) { f.Fired = false },
		"fault a-fault: the order of a row was not as made": func(f *FaultRun) { f.Problem = "the order of a row was not as made" },
	} {
		f := survived()
		change(&f)
		r := &Report{FaultRuns: []FaultRun{f}}
		r.Fill("fault_runs")
		require.Equal(t, []string{problem}, r.Problems(written))
	}
}

func TestAFaultWithoutAnAlarmIsJudgedByItsRowsAlone(t *testing.T) {
	f := survived()
	f.Alarm, f.Fired = "", false
	require.Empty(t, f.Problems())
}

func TestFaultsAreThereAndEachOnce(t *testing.T) {
	r := &Report{}
	r.Fill("fault_runs")
	require.Equal(t, []string{"no fault was tried"}, r.Problems(written))
	r.FaultRuns = []FaultRun{survived(), survived()}
	require.Contains(t, strings.Join(r.Problems(written), "\n"), "is there twice")
}
