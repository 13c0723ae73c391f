package report

import (
	"fmt"
	"slices"
	"strings"
)

// FaultRun is one fault while rows were written, with the result for the rows.
type FaultRun struct {
	Name string `json:"name"`
	// What happened, in a sentence.
	What string `json:"what"`
	// Written counts the changes during the fault. Lost counts those that the history or the lake lacks.
	Written int `json:"written"`
	Lost    int `json:"lost"`
	// RecoveredSeconds is the time from the fault's end until every sink had everything written.
	RecoveredSeconds float64 `json:"recovered_seconds"`
	// Parked records: each was put into the stream to be parked, and was found parked.
	Parked int `json:"parked"`
	// Alarm that fired and became silent again; empty when nobody needs to be told.
	Alarm string `json:"alarm"`
	Fired bool   `json:"fired"`
	// Problem says what was wrong; empty when nothing was.
	Problem string `json:"problem,omitempty"`
}

// Problems of a fault: losses, and an alarm that stayed silent.
func (f *FaultRun) Problems() []string {
	var p []string
	fail := func(bad bool, format string, args ...any) {
		if bad {
			p = append(p, "fault "+f.Name+": "+fmt.Sprintf(format, args...))
		}
	}
	fail(f.Problem != "", "%s", f.Problem)
	fail(f.Lost != 0, "%d of %d changes were lost", f.Lost, f.Written)
	fail(f.Written == 0, "nothing was written meanwhile")
	fail(f.Alarm != "" && !f.Fired, "the alarm %s did not fire", f.Alarm)
	return p
}

// faultProblems are those of all faults. A duplicate name would hide one of them.
func faultProblems(runs []FaultRun) []string {
	var p []string
	var names []string
	for i := range runs {
		p = append(p, runs[i].Problems()...)
		if slices.Contains(names, runs[i].Name) {
			p = append(p, "fault "+runs[i].Name+" is there twice")
		}
		names = append(names, runs[i].Name)
	}
	if len(runs) == 0 {
		p = append(p, "no fault was tried")
	}
	return p
}

// faultSummary is one line about all of them.
func faultSummary(runs []FaultRun) string {
	lost, fired, slowest := 0, 0, FaultRun{}
	for _, f := range runs {
		lost += f.Lost
		if f.Fired {
			fired++
		}
		if f.RecoveredSeconds > slowest.RecoveredSeconds {
			slowest = f
		}
	}
	return strings.TrimSpace(fmt.Sprintf("%d, lost %d, alarms fired %d, slowest to recover %.1f s %s", len(runs), lost, fired, slowest.RecoveredSeconds, slowest.Name))
}
