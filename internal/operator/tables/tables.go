// Package tables is the operator's view of the tables that change in place: it starts the job that keeps them, waits for its end,
// and reads what the job says of each table. The job itself is functions/tables.
package tables

import (
	"cdcpipeline/internal/awsapi"
	"cdcpipeline/internal/lake/objects"
	"cdcpipeline/internal/lake/views"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// Glue is as much of its API as is called here: awsapi.Client.
type Glue interface {
	JSON(ctx context.Context, action string, request, answer any) error
}

// Action is what a run of the job does.
type Action string

// The actions.
const (
	// Update applies what was delivered since the last run.
	Update Action = "run"
	// Replay does what Update does, and then reads the records once more that were refused before.
	Replay Action = "replay"
	// Upkeep merges small files, and deletes what only former versions of the tables have and tombstones that are old enough.
	Upkeep Action = "upkeep"
	// Switch has a table's name show the epoch that was filled beside the shown one.
	Switch Action = "switch"
	// erasing takes rows out for good: [Job.Erase].
	erasing Action = "erase"
)

// Job keeps a stack's tables.
type Job struct {
	Glue Glue
	// Name of the Glue job.
	Name string
	// Pause between looks at a run. Default 10 s.
	Pause time.Duration
	// Tell receives progress messages of a run; nil discards them.
	Tell func(format string, args ...any)
}

// Run is one run of the job, https://docs.aws.amazon.com/glue/latest/webapi/API_JobRun.html.
type Run struct {
	ID    string `json:"Id"`
	State string `json:"JobRunState"`
	// Attempt from 0.
	Attempt int `json:"Attempt"`
	// Error of a run that has failed.
	Error string `json:"ErrorMessage"`
	// Seconds that were paid for.
	Seconds int `json:"ExecutionTime"`
}

// Start starts a run for tables by their names in the catalog, or for all if there are none, and waits for its end. A run that is
// under way already is waited for first: there is one at a time. When ctx ends, the run goes on.
func (j Job) Start(ctx context.Context, action Action, tables ...string) (Run, error) {
	arguments := map[string]string{"--action": string(action)}
	if len(tables) > 0 {
		arguments["--tables"] = strings.Join(tables, ",")
	}
	return j.start(ctx, arguments)
}

// Erase starts a run that takes rows out of the tables for good, and waits for its end as [Job.Start] does. The request is the key of
// an object in the job's bucket: cdctables/request.py.
func (j Job) Erase(ctx context.Context, request string) (Run, error) {
	return j.start(ctx, map[string]string{"--action": string(erasing), "--request": request})
}

func (j Job) start(ctx context.Context, arguments map[string]string) (Run, error) {
	for {
		var out struct {
			JobRunID string `json:"JobRunId"`
		}
		err := j.Glue.JSON(ctx, "StartJobRun", map[string]any{"JobName": j.Name, "Arguments": arguments}, &out)
		if awsapi.Is(err, "ConcurrentRunsExceededException") {
			j.tell("the job %s is already running: waiting for its end", j.Name)
			if err := j.pause(ctx); err != nil {
				return Run{}, err
			}
			continue
		} else if err != nil {
			return Run{}, fmt.Errorf("starting the job %s: %w", j.Name, err)
		}
		j.tell("run %s of the job %s has started", out.JobRunID, j.Name)
		return j.wait(ctx, out.JobRunID)
	}
}

// ended are the states of a run that has ended; all but the first are failures.
var ended = []string{"SUCCEEDED", "FAILED", "STOPPED", "TIMEOUT", "ERROR", "EXPIRED"}

func (j Job) wait(ctx context.Context, id string) (Run, error) {
	for last := ""; ; {
		var out struct{ JobRun Run }
		if err := j.Glue.JSON(ctx, "GetJobRun", map[string]any{"JobName": j.Name, "RunId": id}, &out); err != nil {
			return Run{ID: id}, fmt.Errorf("asking for the state of run %s of the job %s: %w", id, j.Name, err)
		}
		run := out.JobRun
		switch {
		case run.State == ended[0]:
			return run, nil
		case slices.Contains(ended, run.State):
			return run, fmt.Errorf("run %s of the job %s ended %s: %s", id, j.Name, strings.ToLower(run.State), run.Error)
		case run.State != last:
			j.tell("run %s: %s", id, strings.ToLower(run.State))
			last = run.State
		}
		if err := j.pause(ctx); err != nil {
			return run, fmt.Errorf("run %s goes on without the command: %w", id, err)
		}
	}
}

func (j Job) pause(ctx context.Context) error {
	pause := j.Pause
	if pause == 0 {
		pause = 10 * time.Second
	}
	select {
	case <-ctx.Done():
		return context.Cause(ctx) //nolint:wrapcheck // as it was ended
	case <-time.After(pause):
		return nil
	}
}

func (j Job) tell(format string, args ...any) {
	if j.Tell != nil {
		j.Tell(format, args...)
	}
}

// Latest is the latest run of the job; ok is false when it never ran.
func (j Job) Latest(ctx context.Context) (run Run, ok bool, err error) {
	var out struct{ JobRuns []Run }
	if err := j.Glue.JSON(ctx, "GetJobRuns", map[string]any{"JobName": j.Name, "MaxResults": 1}, &out); err != nil {
		return Run{}, false, fmt.Errorf("asking for the runs of the job %s: %w", j.Name, err)
	}
	if len(out.JobRuns) == 0 {
		return Run{}, false, nil
	}
	return out.JobRuns[0], true, nil
}

// Note is what the job says of one table after a run.
type Note struct {
	// Table in the catalog, and in the source as database.table.
	Table  string `json:"table"`
	Source string `json:"source"`
	// Location of its files below the bucket.
	Location string `json:"location"`
	// At is when the run was over. Until is when the youngest object was delivered that is in the table; nil for none.
	At    time.Time  `json:"at"`
	Until *time.Time `json:"until"`
	// Rows without tombstones; objects and bytes in S3 of all versions that are kept.
	Rows    int64 `json:"rows"`
	Objects int64 `json:"objects"`
	Bytes   int64 `json:"bytes"`
	// Refused are records that the last run could not apply.
	Refused int64 `json:"refused"`
	// Stopped says why the table does not go on, and what to do; empty when it does.
	Stopped string `json:"stopped,omitempty"`
}

// View is the name under which the table is queried in Athena: without its tombstones. An epoch that is filled beside it has none.
func (n Note) View() string { return strings.TrimSuffix(n.Table, views.Name("").Table()) }

// Filled says that the table's name shows another epoch, beside which this one is filled, and what that one's view is.
func (n Note) Filled() (view string, ok bool) {
	return strings.CutSuffix(n.Table, views.Name("").Next())
}

// Notes are the job's state of each table, by its name in the catalog. The lake's prefix is that of this state.
func Notes(ctx context.Context, state objects.Lake) ([]Note, error) {
	listed, err := state.List(ctx, state.Prefix+"/")
	if err != nil {
		return nil, fmt.Errorf("looking for the job's state of the tables: %w", err)
	}
	var notes []Note
	for _, o := range listed {
		if name := strings.TrimPrefix(o.Key, state.Prefix+"/"); strings.Contains(name, "/") || !strings.HasSuffix(name, ".json") {
			continue
		}
		note, err := read(ctx, state, o.Key)
		if err != nil {
			return nil, fmt.Errorf("reading %s: %w", o.Key, err)
		}
		notes = append(notes, note)
	}
	slices.SortFunc(notes, func(a, b Note) int { return strings.Compare(a.Table, b.Table) })
	return notes, nil
}

func read(ctx context.Context, state objects.Lake, key string) (Note, error) {
	out, err := state.Client.GetObject(ctx, &s3.GetObjectInput{Bucket: aws.String(state.Bucket), Key: aws.String(key)})
	if err != nil {
		return Note{}, err //nolint:wrapcheck // the caller names the object
	}
	defer out.Body.Close()
	var note Note
	if err := json.NewDecoder(out.Body).Decode(&note); err != nil {
		return Note{}, fmt.Errorf("its JSON: %w", err)
	}
	return note, nil
}
