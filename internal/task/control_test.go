package task

import (
	"cdcpipeline/internal/task/tasktest"
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/databasemigrationservice/types"
	"github.com/stretchr/testify/require"
)

func invalid(message string) error {
	return &types.InvalidResourceStateFault{Message: aws.String(message)}
}

// onTask runs a function on a fake's task in virtual time, and returns the messages.
func onTask(t *testing.T, f *tasktest.DMS, do func(context.Context, Task) error) (told string, err error) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		var lines []string
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Hour)
		defer cancel()
		err = do(ctx, Task{API: f, Arn: tasktest.TaskArn, Tell: func(line string) { lines = append(lines, line) }})
		told = strings.Join(lines, "\n")
	})
	return told, err
}

func stop(ctx context.Context, task Task) error { return task.Stop(ctx) }

func start(o StartOptions) func(context.Context, Task) error {
	return func(ctx context.Context, task Task) error { return task.Start(ctx, o) }
}

func TestStopLeavesTheTaskStopped(t *testing.T) {
	for name, c := range map[string]struct {
		fake  *tasktest.DMS
		calls []string
		told  string
		err   string
	}{
		"running":        {&tasktest.DMS{Looks: tasktest.States("running"), OnStop: tasktest.States("stopping", "stopping", "stopped")}, []string{"stop"}, "the task is stopping\nthe task is stopped", ""},
		"stopped":        {&tasktest.DMS{Looks: tasktest.States("stopped")}, nil, "the task is stopped: nothing to stop", ""},
		"ready":          {&tasktest.DMS{Looks: tasktest.States("ready")}, nil, "the task is ready: nothing to stop", ""},
		"failed":         {&tasktest.DMS{Looks: tasktest.States("failed")}, nil, "the task is failed: nothing to stop", ""},
		"stopping":       {&tasktest.DMS{Looks: tasktest.States("stopping", "stopping", "stopped")}, nil, "the task is stopping: waiting\nthe task is stopped: nothing to stop", ""},
		"starting":       {&tasktest.DMS{Looks: tasktest.States("starting", "running"), OnStop: tasktest.States("stopped")}, []string{"stop"}, "the task is starting: waiting\nthe task is stopped", ""},
		"modifying":      {&tasktest.DMS{Looks: tasktest.States("modifying", "stopped")}, nil, "the task is modifying: waiting\nthe task is stopped: nothing to stop", ""},
		"stopped by two": {&tasktest.DMS{Looks: tasktest.States("running"), OnStop: tasktest.States("stopped"), StopErr: invalid("not running")}, []string{"stop"}, "the task is stopped", ""},
		"deleting":       {&tasktest.DMS{Looks: tasktest.States("deleting")}, nil, "", "the task is being deleted: `pulumi up` makes it again"},
		"failed-move":    {&tasktest.DMS{Looks: tasktest.States("failed-move")}, nil, "", "could not be moved"},
		"gone":           {&tasktest.DMS{}, nil, "", "does not exist: `pulumi up --refresh --run-program` makes it again"},
		"gone on AWS":    {&tasktest.DMS{Failing: map[string]error{"describe": &types.ResourceNotFoundFault{Message: aws.String("No Tasks found")}}}, nil, "", "does not exist: `pulumi up --refresh --run-program` makes it again"},
		"refused":        {&tasktest.DMS{Looks: tasktest.States("running"), StopErr: tasktest.ErrRefused}, []string{"stop"}, "", "stopping the task: AccessDenied"},
		"never stops":    {&tasktest.DMS{Looks: tasktest.States("running")}, []string{"stop"}, "", "still runs 10 minutes after"},
		"fails":          {&tasktest.DMS{Looks: tasktest.States("running"), OnStop: []tasktest.Look{{State: "failed", Failure: "disk full"}}}, []string{"stop"}, "", "the task failed while it stopped: disk full\nits log: aws logs tail dms-tasks-cdc-dev-instance"},
	} {
		t.Run(name, func(t *testing.T) {
			told, err := onTask(t, c.fake, stop)
			require.Equal(t, c.calls, c.fake.Done())
			if c.err != "" {
				require.ErrorContains(t, err, c.err)
				return
			}
			require.NoError(t, err)
			require.Equal(t, c.told, told)
		})
	}
}

func TestStartGoesOnWhereTheTaskStopped(t *testing.T) {
	reload := StartOptions{Reload: true}
	for name, c := range map[string]struct {
		fake    *tasktest.DMS
		options StartOptions
		calls   []string
	}{
		"never ran":          {&tasktest.DMS{Looks: tasktest.States("ready"), OnStart: tasktest.States("starting", "running")}, StartOptions{}, []string{"start start-replication"}},
		"never ran, reload":  {&tasktest.DMS{Looks: tasktest.States("ready"), OnStart: tasktest.States("running")}, reload, []string{"start start-replication"}},
		"failed at first":    {&tasktest.DMS{Looks: tasktest.States("failed"), OnStart: tasktest.States("running")}, StartOptions{}, []string{"start start-replication"}},
		"stopped":            {&tasktest.DMS{Ran: true, Looks: tasktest.States("stopped"), OnStart: tasktest.States("starting", "running")}, StartOptions{}, []string{"start resume-processing"}},
		"changed since":      {&tasktest.DMS{Ran: true, Looks: tasktest.States("ready"), OnStart: tasktest.States("running")}, StartOptions{}, []string{"start resume-processing"}},
		"failed":             {&tasktest.DMS{Ran: true, Looks: tasktest.States("failed"), OnStart: tasktest.States("running")}, StartOptions{}, []string{"start resume-processing"}},
		"stopping":           {&tasktest.DMS{Ran: true, Looks: tasktest.States("stopping", "stopped"), OnStart: tasktest.States("running")}, StartOptions{}, []string{"start resume-processing"}},
		"running":            {&tasktest.DMS{Ran: true, Looks: tasktest.States("running")}, StartOptions{}, nil},
		"starting":           {&tasktest.DMS{Ran: true, Looks: tasktest.States("starting", "running")}, StartOptions{}, nil},
		"stopped, reload":    {&tasktest.DMS{Ran: true, Looks: tasktest.States("stopped"), OnStart: tasktest.States("running")}, reload, []string{"start reload-target"}},
		"running, reload":    {&tasktest.DMS{Ran: true, Looks: tasktest.States("running"), OnStop: tasktest.States("stopped"), OnStart: tasktest.States("running")}, reload, []string{"stop", "start reload-target"}},
		"described too late": {&tasktest.DMS{Ran: true, Looks: tasktest.States("stopped"), OnStart: tasktest.States("stopped", "stopped", "starting", "running")}, StartOptions{}, []string{"start resume-processing"}},
		"only loads": {
			&tasktest.DMS{Kind: types.MigrationTypeValueFullLoad, Looks: tasktest.States("ready"), OnStart: []tasktest.Look{{State: "stopped", Reason: "Stop Reason FULL_LOAD_ONLY_FINISHED", Stopped: tasktest.Noon}}},
			StartOptions{},
			[]string{"start start-replication"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := onTask(t, c.fake, start(c.options))
			require.NoError(t, err)
			require.Equal(t, c.calls, c.fake.Done())
		})
	}
}

func TestATaskThatNeverRanWasNeverStarted(t *testing.T) {
	for _, f := range []*tasktest.DMS{{Ran: true, Looks: tasktest.States("running")}, {Looks: tasktest.States("ready")}} {
		_, err := onTask(t, f, func(ctx context.Context, task Task) error {
			started, err := task.Started(ctx)
			require.Equal(t, f.Ran, !started.IsZero())
			return err
		})
		require.NoError(t, err)
	}
}

func TestStartThatFailsSaysWhyAndWhereTheLogIs(t *testing.T) {
	for name, c := range map[string]struct {
		after []tasktest.Look
		err   string
	}{
		"fails":              {[]tasktest.Look{{State: "starting"}, {State: "failed", Reason: "Stop Reason FATAL_ERROR", Failure: "no binlog"}}, "the task failed (Stop Reason FATAL_ERROR): no binlog\nits log: aws logs tail dms-tasks-cdc-dev-instance --log-stream-names dms-task-TASK7RESOURCE --since 1h"},
		"stops again":        {[]tasktest.Look{{State: "starting"}, {State: "stopped", Reason: "Stop Reason RECOVERABLE_ERROR"}}, "the task has stopped again (Stop Reason RECOVERABLE_ERROR)"},
		"fails at once":      {[]tasktest.Look{{State: "failed", Failure: "no such table", Stopped: tasktest.Noon}}, "the task failed: no such table"},
		"stops, same minute": {[]tasktest.Look{{State: "stopped", Reason: "Stop Reason FATAL_ERROR"}}, "the task has stopped again"},
		"goes away":          {[]tasktest.Look{{State: "deleting"}}, "being deleted"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := onTask(t, &tasktest.DMS{Ran: true, Looks: tasktest.States("stopped"), OnStart: c.after}, start(StartOptions{}))
			require.ErrorContains(t, err, c.err)
		})
	}
	f := &tasktest.DMS{Ran: true, Looks: tasktest.States("stopped"), StartErrors: []error{tasktest.ErrRefused}}
	_, err := onTask(t, f, start(StartOptions{}))
	require.ErrorContains(t, err, "starting the task: AccessDenied")
}

func TestConnectionsAreTestedWhenDMSAsksForIt(t *testing.T) {
	untested := invalid("Test connection for replication instance and endpoint should be successful for starting the replication task")
	fake := func() *tasktest.DMS {
		return &tasktest.DMS{
			Looks: tasktest.States("ready"), OnStart: tasktest.States("running"), StartErrors: []error{untested},
			Connections: map[string][]string{"source-arn": {"unlisted", "testing", "successful"}, "target-arn": {"successful"}},
		}
	}
	f := fake()
	told, err := onTask(t, f, start(StartOptions{}))
	require.NoError(t, err)
	require.Equal(t, []string{"source-arn", "target-arn"}, f.Tested)
	require.Equal(t, []string{"start start-replication", "start start-replication"}, f.Done())
	require.Contains(t, told, "the connection to the source endpoint is successful")

	f = fake()
	f.Connections = map[string][]string{"source-arn": {"testing", "failed"}, "target-arn": {"failed"}}
	_, err = onTask(t, f, start(StartOptions{}))
	require.ErrorContains(t, err, "the connection to the source endpoint cdc-source-arn failed: timed out\nthe connection to the target endpoint cdc-target-arn failed: timed out")
	require.Equal(t, []string{"start start-replication"}, f.Done())

	f = fake()
	f.Failing = map[string]error{"test source-arn": invalid("a test is running")}
	_, err = onTask(t, f, start(StartOptions{}))
	require.NoError(t, err)

	f = fake()
	f.StartErrors = []error{untested, untested}
	_, err = onTask(t, f, start(StartOptions{}))
	require.ErrorContains(t, err, "starting the task: InvalidResourceStateFault: Test connection")

	f = fake()
	f.StartErrors = []error{invalid("the instance is upgrading")}
	_, err = onTask(t, f, start(StartOptions{}))
	require.ErrorContains(t, err, "the instance is upgrading")
	require.Empty(t, f.Tested)
}

func TestTablesAreLoadedAgainWhileTheTaskRuns(t *testing.T) {
	before := tasktest.Running(tasktest.TableAt("a.x", TableCompleted, tasktest.Noon, 5), tasktest.TableAt("a.y", TableCompleted, tasktest.Noon, 1))
	reloading := []tasktest.Look{
		before, // DMS has not started yet
		tasktest.Running(tasktest.TableAt("a.x", TableReloading, tasktest.Noon, 2), tasktest.TableAt("a.y", TableCompleted, tasktest.Noon, 1)),
		tasktest.Running(tasktest.TableAt("a.x", TableCompleted, tasktest.Noon.Add(time.Minute), 7), tasktest.TableAt("a.y", TableReloading, time.Time{}, 0)),
		tasktest.Running(tasktest.TableAt("a.x", TableCompleted, tasktest.Noon.Add(time.Minute), 7), tasktest.TableAt("a.y", TableCompleted, tasktest.Noon.Add(time.Hour), 3)),
	}
	x := StartOptions{Tables: []string{"a.x"}}
	both := StartOptions{Tables: []string{"a.x", "a.y", "a.x"}}

	f := &tasktest.DMS{Ran: true, Looks: []tasktest.Look{before}, OnReload: reloading}
	told, err := onTask(t, f, start(both))
	require.NoError(t, err)
	require.Equal(t, []string{"reload data-reload a.x a.y"}, f.Done())
	require.Contains(t, told, "a.x is loaded: 7 rows\na.y is loaded: 3 rows")

	f = &tasktest.DMS{Ran: true, Looks: tasktest.States("stopped"), OnStart: []tasktest.Look{{State: "starting"}, before}, OnReload: reloading}
	_, err = onTask(t, f, start(x))
	require.NoError(t, err)
	require.Equal(t, []string{"start resume-processing", "reload data-reload a.x"}, f.Done())

	f = &tasktest.DMS{Ran: true, Looks: []tasktest.Look{before}}
	_, err = onTask(t, f, start(StartOptions{Tables: []string{"a.z", "b.x"}}))
	require.ErrorContains(t, err, "--reload-table a.z: the task has no such table; it has a.x, a.y\n--reload-table b.x")
	require.Empty(t, f.Done())

	f = &tasktest.DMS{Ran: true, Looks: tasktest.States("running")}
	_, err = onTask(t, f, start(x))
	require.ErrorContains(t, err, "nor any other: is it in source.tables")

	f = &tasktest.DMS{Ran: true, Looks: []tasktest.Look{before}, OnReload: []tasktest.Look{tasktest.Running(tasktest.TableAt("a.x", TableError, tasktest.Noon, 0), tasktest.TableAt("a.y", TableCompleted, tasktest.Noon.Add(1), 1))}}
	_, err = onTask(t, f, start(both))
	require.ErrorContains(t, err, "a.x was not loaded: Table error")

	f = &tasktest.DMS{Ran: true, Looks: []tasktest.Look{before}, OnReload: []tasktest.Look{before, {State: "failed", Failure: "out of memory"}}}
	_, err = onTask(t, f, start(x))
	require.ErrorContains(t, err, "the task is failed before the tables were loaded: out of memory")

	f = &tasktest.DMS{Ran: true, Looks: []tasktest.Look{before}, ReloadErr: tasktest.ErrRefused}
	_, err = onTask(t, f, start(x))
	require.ErrorContains(t, err, "loading the tables again: AccessDenied")
}

func TestTaskWithoutLoadHasNoneToRepeat(t *testing.T) {
	for _, o := range []StartOptions{{Reload: true}, {Tables: []string{"a.x"}}} {
		f := &tasktest.DMS{Kind: types.MigrationTypeValueCdc, Ran: true, Looks: tasktest.States("stopped")}
		_, err := onTask(t, f, start(o))
		require.ErrorContains(t, err, "set replication.migrationType to full-load-and-cdc")
		require.Empty(t, f.Done())
	}
}

func TestWaitEndsWithItsCallerAndSaysThatTheTaskGoesOn(t *testing.T) {
	for name, c := range map[string]struct {
		fake *tasktest.DMS
		do   func(context.Context, Task) error
		err  string
	}{
		"stop":   {&tasktest.DMS{Looks: tasktest.States("running"), OnStop: tasktest.States("stopping")}, stop, "it goes on stopping, see `cdc status`"},
		"start":  {&tasktest.DMS{Looks: tasktest.States("ready"), OnStart: tasktest.States("starting")}, start(StartOptions{}), "it goes on starting, see `cdc status`"},
		"settle": {&tasktest.DMS{Looks: tasktest.States("testing")}, start(StartOptions{}), "waiting while the task is testing"},
		"reload": {&tasktest.DMS{Looks: []tasktest.Look{tasktest.Running(tasktest.TableAt("a.x", TableReloading, tasktest.Noon, 2))}}, start(StartOptions{Tables: []string{"a.x"}}), "the load goes on, see `cdc status`"},
		"test": {
			&tasktest.DMS{Looks: tasktest.States("ready"), StartErrors: []error{invalid("Test connection …")}, Connections: map[string][]string{"source-arn": {"testing"}}},
			start(StartOptions{}), "waiting for the test of the connection to the source endpoint",
		},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := onTask(t, c.fake, c.do)
			require.ErrorContains(t, err, c.err)
			require.True(t, errors.Is(err, context.DeadlineExceeded))
		})
	}
}
