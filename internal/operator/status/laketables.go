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

// LakeTables are the lake's tables that change in place: the job that keeps them, and where it says how they are.
type LakeTables struct {
	Job   tables.Job
	State objects.Lake
}

// LakeTablesStatus is the status of the lake's tables.
type LakeTablesStatus struct {
	// Tables are the tables as their last runs left them; none if the lake has none, or before the first run.
	Tables []LakeTable `json:"tables"`
	// Run is how the job's latest run stands, in Glue's words; empty when it never ran. RunError is why it failed.
	Run      string `json:"run"`
	RunError string `json:"runError"`
	Error    string `json:"error,omitempty"`

	kept bool
}

// LakeTable is one of the lake's tables.
type LakeTable struct {
	// Name in Athena, and Source as database.table.
	Name   string `json:"name"`
	Source string `json:"source"`
	// LagSeconds is for how long nothing was applied that may have been delivered: since its last run, or for a table that has
	// stopped since the youngest object that it has was delivered, null for none.
	LagSeconds *float64 `json:"lagSeconds"`
	// Until the youngest object was delivered that the table has; null for none.
	Until *time.Time `json:"until"`
	// Rows without those that are deleted; Objects and Bytes in S3, of all versions that are kept.
	Rows    int64 `json:"rows"`
	Objects int64 `json:"objects"`
	Bytes   int64 `json:"bytes"`
	// Refused are records that the last run could not apply.
	Refused int64 `json:"refused"`
	// Stopped says why the table does not go on, and what to do; empty when it does.
	Stopped string `json:"stopped"`
}

// read asks the job and what it has said; nil is a lake without tables.
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

// failed are the states of a run that has not done what it was to do,
// https://docs.aws.amazon.com/glue/latest/dg/job-run-statuses.html.
var failed = []string{"FAILED", "TIMEOUT", "ERROR", "EXPIRED"}

// judge tells of tables that have stopped; a run that failed for another reason is told of itself.
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

// row sums the tables up.
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
