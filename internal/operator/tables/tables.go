// Package tables operates the job that keeps the lake's tables. It starts a run, waits for its end, and reads the job's
// note on each table. The job itself is in functions/tables.
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

// Glue is the part of Glue's API that this package calls. awsapi.Client implements it.
type Glue interface {
	JSON(ctx context.Context, action string, request, answer any) error
}

// Action selects what a run of the job does.
type Action string

// These are the actions.
const (
	// Update applies the records that were delivered since the last run.
	Update Action = "run"
	// Replay does the same as Update, and then reads the refused records once more.
	Replay Action = "replay"
	// Upkeep merges small files. It deletes old tombstones, and data that only former versions of the tables need.
	Upkeep Action = "upkeep"
	// Switch makes a table's name show the new epoch that was filled beside the shown one.
	Switch Action = "switch"
	// erasing deletes rows permanently: [Job.Erase].
	erasing Action = "erase"
)

// Job is the job that keeps a stack's tables.
type Job struct {
	Glue Glue
	// Name is the Glue job's name.
	Name string
	// Pause is the time between two looks at a run. The default is 10 s.
	Pause time.Duration
	// Tell receives progress messages of a run. nil discards them.
	Tell func(format string, args ...any)
}

// Run is one run of the job, https://docs.aws.amazon.com/glue/latest/webapi/API_JobRun.html.
type Run struct {
	ID    string `json:"Id"`
	State string `json:"JobRunState"`
	// Attempt counts from 0.
	Attempt int `json:"Attempt"`
	// Error is the error of a failed run.
	Error string `json:"ErrorMessage"`
	// Seconds is the billed time.
	Seconds int `json:"ExecutionTime"`
}

// Start starts a run for some tables, by their names in the catalog, or for all if none is named. It waits for the end
// of the run. Only one run is possible at a time, so Start first waits for a run that is already under way. When ctx
// ends, the run continues.
func (j Job) Start(ctx context.Context, action Action, tables ...string) (Run, error) {
	arguments := map[string]string{"--action": string(action)}
	if len(tables) > 0 {
		arguments["--tables"] = strings.Join(tables, ",")
	}
	return j.start(ctx, arguments)
}

// Erase starts a run that deletes rows of the tables permanently. It waits for its end as [Job.Start] does. request is
// the key of an object in the job's bucket: cdctables/request.py.
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

// ended lists the final states of a run. All but the first are failures.
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
		return context.Cause(ctx) //nolint:wrapcheck // the cause that the caller gave
	case <-time.After(pause):
		return nil
	}
}

func (j Job) tell(format string, args ...any) {
	if j.Tell != nil {
		j.Tell(format, args...)
	}
}

// Latest returns the latest run of the job. ok is false if it never ran.
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

// Note is the job's report on one table after a run.
type Note struct {
	// Table is the name in the catalog. Source has the form database.table.
	Table  string `json:"table"`
	Source string `json:"source"`
	// Location is the prefix of the table's files in the bucket.
	Location string `json:"location"`
	// At is when the run ended. Until is when the table's youngest object was delivered, or nil if there is none.
	At    time.Time  `json:"at"`
	Until *time.Time `json:"until"`
	// Rows counts rows without tombstones. Objects and Bytes count S3 objects of all kept versions.
	Rows    int64 `json:"rows"`
	Objects int64 `json:"objects"`
	Bytes   int64 `json:"bytes"`
	// Refused counts records that the last run could not apply.
	Refused int64 `json:"refused"`
	// Stopped says why the job no longer updates the table, with advice. It is empty if the job does.
	Stopped string `json:"stopped,omitempty"`
}

// View returns the name of the Athena view, which hides tombstones. A new epoch that is not shown yet has no view.
func (n Note) View() string { return strings.TrimSuffix(n.Table, views.Name("").Table()) }

// Filled reports whether this is a new epoch that is filled beside the shown one. view is the shown epoch's view.
func (n Note) Filled() (view string, ok bool) {
	return strings.CutSuffix(n.Table, views.Name("").Next())
}

// Notes returns the job's note on each table, by the table's name in the catalog. The prefix of state must be the
// prefix of the notes.
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
