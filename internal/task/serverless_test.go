package task

import (
	"cdcpipeline/internal/table"
	"cdcpipeline/internal/task/tasktest"
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// onServerless is onTask for a serverless task.
func onServerless(t *testing.T, f *tasktest.DMS, do func(context.Context, Task) error) (told string, err error) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		var lines []string
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Hour)
		defer cancel()
		err = do(ctx, Task{API: f, Arn: tasktest.ServerlessArn, Tell: func(line string) { lines = append(lines, line) }})
		told = strings.Join(lines, "\n")
	})
	return told, err
}

var (
	states      = tasktest.States
	provisioned = states("initializing", "preparing_metadata_resources", "testing_connection", "fetching_metadata", "calculating_capacity", "provisioning_capacity", "replication_starting", "running")
)

func TestAServerlessTaskIsStartedAndStoppedLikeAnother(t *testing.T) {
	for name, c := range map[string]struct {
		fake  *tasktest.DMS
		do    func(context.Context, Task) error
		calls []string
		err   string
	}{
		"first start, in the guide's word":    {&tasktest.DMS{Looks: states("created"), OnStart: provisioned}, keep, []string{"start start-replication"}, ""},
		"first start, in upper case":          {&tasktest.DMS{Looks: states("CREATED"), OnStart: provisioned}, keep, []string{"start start-replication"}, ""},
		"first start, in the provider's word": {&tasktest.DMS{Looks: states("ready"), OnStart: provisioned}, keep, []string{"start start-replication"}, ""},
		"stopped":                             {&tasktest.DMS{Ran: true, Looks: states("stopped"), OnStart: provisioned}, keep, []string{"start resume-processing"}, ""},
		"being modified":                      {&tasktest.DMS{Ran: true, Looks: states("modifying", "modifying", "stopped"), OnStart: provisioned}, keep, []string{"start resume-processing"}, ""},
		"running":                             {&tasktest.DMS{Ran: true, Looks: states("running")}, keep, nil, ""},
		"being provisioned":                   {&tasktest.DMS{Ran: true, Looks: provisioned}, keep, nil, ""},
		"fails at its start": {
			&tasktest.DMS{Looks: states("created"), OnStart: []tasktest.Look{{State: "testing_connection"}, {State: "failed", Failure: "Test connection failed: timed out"}}}, keep,
			[]string{"start start-replication"},
			"the task failed: Test connection failed: timed out\nits log: aws logs tail dms-serverless-replication-cdc-dev-replication --since 1h",
		},
		"stop":                      {&tasktest.DMS{Ran: true, Looks: states("running"), OnStop: states("stopping", "stopped")}, stop, []string{"stop"}, ""},
		"stop one that never ran":   {&tasktest.DMS{Looks: states("created")}, stop, nil, ""},
		"load a table again":        {&tasktest.DMS{Ran: true, Looks: []tasktest.Look{tasktest.Running(tasktest.TableAt("a.b", TableCompleted, tasktest.Noon.Add(-time.Minute), 3))}, OnReload: []tasktest.Look{tasktest.Running(tasktest.TableAt("a.b", TableCompleted, tasktest.Noon, 4))}}, start(StartOptions{Tables: []string{"a.b"}}), []string{"reload data-reload a.b"}, ""},
		"load everything again":     {&tasktest.DMS{Ran: true, Looks: states("running")}, start(StartOptions{Reload: true}), nil, "a serverless task loads all tables in its first run alone: name tables with --reload-table, ten at a time; docs/operations.md says how to replace it"},
		"load everything at first":  {&tasktest.DMS{Looks: states("created"), OnStart: provisioned}, start(StartOptions{Reload: true}), []string{"start start-replication"}, ""},
		"gone":                      {&tasktest.DMS{}, keep, nil, "replication-config:cdc-dev-replication does not exist: `pulumi up --refresh --run-program` makes it again"},
		"refused for other reasons": {&tasktest.DMS{Ran: true, Looks: []tasktest.Look{{State: "stopped", Stopped: time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)}}, StartErrors: []error{tasktest.ErrRefused}}, keep, []string{"start resume-processing"}, "starting the task: AccessDenied"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := onServerless(t, c.fake, c.do)
			if c.err == "" {
				require.NoError(t, err)
			} else {
				require.ErrorContains(t, err, c.err)
			}
			require.Equal(t, c.calls, c.fake.Done())
			require.Empty(t, c.fake.Tested, "it tests its connections itself")
		})
	}
}

// Virtual time begins at 2000-01-01.
func TestAServerlessTaskThatStoppedTooLongAgoIsNotStarted(t *testing.T) {
	for stopped, lapses := range map[time.Duration]bool{47 * time.Hour: false, 49 * time.Hour: true} {
		// Without statistics, which DMS deletes with the capacity, the task would look like one that never ran.
		f := &tasktest.DMS{Looks: []tasktest.Look{{State: "stopped", Stopped: time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC).Add(-stopped)}}, OnStart: provisioned}
		_, err := onServerless(t, f, keep)
		if lapses {
			require.ErrorContains(t, err, "the task stopped at 1999-12-29T23:00:00Z, and DMS resumes a serverless task for 48 hours only; docs/operations.md says how to replace it")
			require.Empty(t, f.Done())
		} else {
			require.NoError(t, err)
			require.Equal(t, []string{"start resume-processing"}, f.Done())
		}
	}
}

func TestTheNextTaskHasToBeOneThatNeverRan(t *testing.T) {
	fresh := func(ctx context.Context, task Task) error { return task.Fresh(ctx) }
	_, err := onServerless(t, &tasktest.DMS{Looks: states("created")}, fresh)
	require.NoError(t, err)
	for _, state := range []string{"running", "stopped"} {
		_, err = onServerless(t, &tasktest.DMS{Ran: true, Looks: states(state)}, fresh)
		require.ErrorContains(t, err, "the next task has run before")
	}
}

func TestTheNextTaskGoesOnIfItRanBefore(t *testing.T) {
	again := func(ctx context.Context, task Task) error { return task.Continue(ctx) }
	f := &tasktest.DMS{Looks: states("created")}
	_, err := onServerless(t, f, again)
	require.NoError(t, err)
	require.Empty(t, f.Done())
	f = &tasktest.DMS{Ran: true, Looks: states("stopped"), OnStart: provisioned}
	_, err = onServerless(t, f, again)
	require.NoError(t, err)
	require.Equal(t, []string{"start resume-processing"}, f.Done())
}

func TestTablesOfAServerlessTaskThatWereNeverLoadedAreNamed(t *testing.T) {
	f := &tasktest.DMS{Ran: true, Looks: []tasktest.Look{tasktest.Running(tasktest.TableAt("a.b", TableCompleted, tasktest.Noon, 3), tasktest.TableAt("a.c", "Before load", time.Time{}, 0))}}
	names, err := Unloaded(t.Context(), f, tasktest.ServerlessArn, []table.Pattern{{Database: "a", Table: "%"}})
	require.NoError(t, err)
	require.Equal(t, []string{"a.c"}, names)
}
