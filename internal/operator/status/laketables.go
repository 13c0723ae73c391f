package status

import (
	"cdcpipeline/internal/lake/objects"
	"cdcpipeline/internal/operator/tables"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
)

// LakeTables holds the job that keeps the lake's tables, and the place of the job's notes about them.
type LakeTables struct {
	Job   tables.Job
	State objects.Lake
}

// LakeTablesStatus is the status of the lake's tables.
type LakeTablesStatus struct {
	// Tables lists the tables as their last runs left them. It is empty if the lake has none, or before the first run.
	Tables []LakeTable `json:"tables"`
	// Run is the state of the job's latest run, in Glue's words. It is empty if the job never ran. RunError is the
	// run's error.
	Run      string `json:"run"`
	RunError string `json:"runError"`
	Error    string `json:"error,omitempty"`

	kept bool
}

// LakeTable is one of the lake's tables.
type LakeTable struct {
	// Name is the name in Athena. Source has the form database.table.
	Name   string `json:"name"`
	Source string `json:"source"`
	// LagSeconds is the age of the latest state: the time since the last run. For a stopped table it is the time since
	// the delivery of its youngest object. It is null if there is none.
	LagSeconds *float64 `json:"lagSeconds"`
	// Until is when the table's youngest object was delivered. It is null if there is none.
	Until *time.Time `json:"until"`
	// Rows counts the rows that are not deleted. Objects and Bytes count S3 objects of all kept versions.
	Rows    int64 `json:"rows"`
	Objects int64 `json:"objects"`
	Bytes   int64 `json:"bytes"`
	// Refused counts records that the last run could not apply.
	Refused int64 `json:"refused"`
	// Stopped says why the job no longer updates the table, with advice. It is empty if the job does.
	Stopped string `json:"stopped"`
}

// read reads the job's state and its notes. A nil receiver stands for a lake without tables.
func (l *LakeTables) read(ctx context.Context, now time.Time) LakeTablesStatus {
	status := LakeTablesStatus{Tables: []LakeTable{}, kept: l != nil}
	if l == nil {
		return status
	}
	run, _, err := l.Job.Latest(ctx)
	if err != nil {
		status.Error = explain(ctx, err)
		return status
	}
	status.Run, status.RunError = run.State, firstLine(run.Error)
	notes, err := tables.Notes(ctx, l.State)
	if err != nil {
		status.Error = explain(ctx, err)
		return status
	}
	for _, n := range notes {
		at := &n.At
		if n.Stopped != "" {
			at = n.Until
		}
		one := LakeTable{Name: n.View(), Source: n.Source, Until: utc(n.Until), Rows: n.Rows, Objects: n.Objects, Bytes: n.Bytes, Refused: n.Refused, Stopped: n.Stopped}
		if at != nil {
			one.LagSeconds = new(now.Sub(*at).Seconds())
		}
		status.Tables = append(status.Tables, one)
	}
	return status
}

// failed lists the states of a failed run, https://docs.aws.amazon.com/glue/latest/dg/job-run-statuses.html.
var failed = []string{"FAILED", "TIMEOUT", "ERROR", "EXPIRED"}

// judge reports stopped tables. It reports a failed run only if no stopped table explains the failure.
func (s LakeTablesStatus) judge(add func(bool, string, ...any)) {
	stopped := 0
	for _, t := range s.Tables {
		if t.Stopped != "" {
			stopped++
		}
		add(t.Stopped != "", "the lake's table %s has stopped: %s", t.Name, t.Stopped)
	}
	add(stopped == 0 && slices.Contains(failed, s.Run), "the latest run of the lake's tables' job ended %s%s: read its log for the reason, then start a run with `cdc tables run`, which goes on after the last commit",
		strings.ToLower(s.Run), parenthesized(s.RunError))
}

// row sums up the tables in one row.
func (s LakeTablesStatus) row(paint painter) table.Row {
	var rows, objects, size int64
	var lag *float64
	stopped := 0
	for _, t := range s.Tables {
		rows, objects, size = rows+t.Rows, objects+t.Objects, size+t.Bytes
		if t.LagSeconds != nil && (lag == nil || *t.LagSeconds > *lag) {
			lag = t.LagSeconds
		}
		if t.Stopped != "" {
			stopped++
		}
	}
	state, good := count(int64(len(s.Tables)), "table", "tables"), true
	switch {
	case stopped > 0:
		state, good = fmt.Sprintf("%d stopped", stopped), false
	case slices.Contains(failed, s.Run):
		state, good = "run "+strings.ToLower(s.Run), false
	case s.Run == "":
		state = "no run yet"
	}
	detail := fmt.Sprintf("%s in %s, %s", count(rows, "row", "rows"), count(objects, "object", "objects"), bytes(size))
	return table.Row{"tables", stateOf(paint, s.Error, state, good), duration(lag), detail}
}
