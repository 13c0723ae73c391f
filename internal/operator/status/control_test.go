package status

import (
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

func states(all ...string) []look {
	looks := make([]look, len(all))
	for i, s := range all {
		looks[i] = look{state: s}
	}
	return looks
}

// on runs something on the task of a fake in virtual time, and gives what was told.
func on(t *testing.T, f *fakeDMS, do func(context.Context, Task) error) (told string, err error) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		var lines []string
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Hour)
		defer cancel()
		err = do(ctx, Task{API: f, Arn: taskArn, Tell: func(line string) { lines = append(lines, line) }})
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
		fake  *fakeDMS
		calls []string
		told  string
		err   string
	}{
		"running":        {&fakeDMS{looks: states("running"), onStop: states("stopping", "stopping", "stopped")}, []string{"stop"}, "the task is stopping\nthe task is stopped", ""},
		"stopped":        {&fakeDMS{looks: states("stopped")}, nil, "the task is stopped: nothing to stop", ""},
		"ready":          {&fakeDMS{looks: states("ready")}, nil, "the task is ready: nothing to stop", ""},
		"failed":         {&fakeDMS{looks: states("failed")}, nil, "the task is failed: nothing to stop", ""},
		"stopping":       {&fakeDMS{looks: states("stopping", "stopping", "stopped")}, nil, "the task is stopping: waiting\nthe task is stopped: nothing to stop", ""},
		"starting":       {&fakeDMS{looks: states("starting", "running"), onStop: states("stopped")}, []string{"stop"}, "the task is starting: waiting\nthe task is stopped", ""},
		"modifying":      {&fakeDMS{looks: states("modifying", "stopped")}, nil, "the task is modifying: waiting\nthe task is stopped: nothing to stop", ""},
		"stopped by two": {&fakeDMS{looks: states("running"), onStop: states("stopped"), stopErr: invalid("not running")}, []string{"stop"}, "the task is stopped", ""},
		"deleting":       {&fakeDMS{looks: states("deleting")}, nil, "", "the task is being deleted: `pulumi up` makes it again"},
		"failed-move":    {&fakeDMS{looks: states("failed-move")}, nil, "", "could not be moved"},
		"gone":           {&fakeDMS{}, nil, "", "does not exist: `pulumi up --refresh --run-program` makes it again"},
		"gone on AWS":    {&fakeDMS{failing: map[string]error{"describe": &types.ResourceNotFoundFault{Message: aws.String("No Tasks found")}}}, nil, "", "does not exist: `pulumi up --refresh --run-program` makes it again"},
		"refused":        {&fakeDMS{looks: states("running"), stopErr: errRefused}, []string{"stop"}, "", "stopping the task: AccessDenied"},
		"never stops":    {&fakeDMS{looks: states("running")}, []string{"stop"}, "", "still runs 10 minutes after"},
		"fails":          {&fakeDMS{looks: states("running"), onStop: []look{{state: "failed", failure: "disk full"}}}, []string{"stop"}, "", "the task failed while it stopped: disk full\nits log: aws logs tail dms-tasks-cdc-dev-instance"},
	} {
		t.Run(name, func(t *testing.T) {
			told, err := on(t, c.fake, stop)
			require.Equal(t, c.calls, c.fake.done())
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
		fake    *fakeDMS
		options StartOptions
		calls   []string
	}{
		"never ran":          {&fakeDMS{looks: states("ready"), onStart: states("starting", "running")}, StartOptions{}, []string{"start start-replication"}},
		"never ran, reload":  {&fakeDMS{looks: states("ready"), onStart: states("running")}, reload, []string{"start start-replication"}},
		"failed at first":    {&fakeDMS{looks: states("failed"), onStart: states("running")}, StartOptions{}, []string{"start start-replication"}},
		"stopped":            {&fakeDMS{ran: true, looks: states("stopped"), onStart: states("starting", "running")}, StartOptions{}, []string{"start resume-processing"}},
		"changed since":      {&fakeDMS{ran: true, looks: states("ready"), onStart: states("running")}, StartOptions{}, []string{"start resume-processing"}},
		"failed":             {&fakeDMS{ran: true, looks: states("failed"), onStart: states("running")}, StartOptions{}, []string{"start resume-processing"}},
		"stopping":           {&fakeDMS{ran: true, looks: states("stopping", "stopped"), onStart: states("running")}, StartOptions{}, []string{"start resume-processing"}},
		"running":            {&fakeDMS{ran: true, looks: states("running")}, StartOptions{}, nil},
		"starting":           {&fakeDMS{ran: true, looks: states("starting", "running")}, StartOptions{}, nil},
		"stopped, reload":    {&fakeDMS{ran: true, looks: states("stopped"), onStart: states("running")}, reload, []string{"start reload-target"}},
		"running, reload":    {&fakeDMS{ran: true, looks: states("running"), onStop: states("stopped"), onStart: states("running")}, reload, []string{"stop", "start reload-target"}},
		"described too late": {&fakeDMS{ran: true, looks: states("stopped"), onStart: states("stopped", "stopped", "starting", "running")}, StartOptions{}, []string{"start resume-processing"}},
		"only loads": {
			&fakeDMS{kind: types.MigrationTypeValueFullLoad, looks: states("ready"), onStart: []look{{state: "stopped", reason: "Stop Reason FULL_LOAD_ONLY_FINISHED", stopped: noon}}},
			StartOptions{},
			[]string{"start start-replication"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := on(t, c.fake, start(c.options))
			require.NoError(t, err)
			require.Equal(t, c.calls, c.fake.done())
		})
	}
}

func TestATaskThatNeverRanWasNeverStarted(t *testing.T) {
	for _, f := range []*fakeDMS{{ran: true, looks: states("running")}, {looks: states("ready")}} {
		_, err := on(t, f, func(ctx context.Context, task Task) error {
			started, err := task.Started(ctx)
			require.Equal(t, f.ran, !started.IsZero())
			return err
		})
		require.NoError(t, err)
	}
}

func TestStartThatFailsSaysWhyAndWhereTheLogIs(t *testing.T) {
	for name, c := range map[string]struct {
		after []look
		err   string
	}{
		"fails":              {[]look{{state: "starting"}, {state: "failed", reason: "Stop Reason FATAL_ERROR", failure: "no binlog"}}, "the task failed (Stop Reason FATAL_ERROR): no binlog\nits log: aws logs tail dms-tasks-cdc-dev-instance --log-stream-names dms-task-TASK7RESOURCE --since 1h"},
		"stops again":        {[]look{{state: "starting"}, {state: "stopped", reason: "Stop Reason RECOVERABLE_ERROR"}}, "the task has stopped again (Stop Reason RECOVERABLE_ERROR)"},
		"fails at once":      {[]look{{state: "failed", failure: "no such table", stopped: noon}}, "the task failed: no such table"},
		"stops, same minute": {[]look{{state: "stopped", reason: "Stop Reason FATAL_ERROR"}}, "the task has stopped again"},
		"goes away":          {[]look{{state: "deleting"}}, "being deleted"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := on(t, &fakeDMS{ran: true, looks: states("stopped"), onStart: c.after}, start(StartOptions{}))
			require.ErrorContains(t, err, c.err)
		})
	}
	f := &fakeDMS{ran: true, looks: states("stopped"), startErrors: []error{errRefused}}
	_, err := on(t, f, start(StartOptions{}))
	require.ErrorContains(t, err, "starting the task: AccessDenied")
}

func TestConnectionsAreTestedWhenDMSAsksForIt(t *testing.T) {
	untested := invalid("Test connection for replication instance and endpoint should be successful for starting the replication task")
	fake := func() *fakeDMS {
		return &fakeDMS{
			looks: states("ready"), onStart: states("running"), startErrors: []error{untested},
			connections: map[string][]string{"source-arn": {"unlisted", "testing", "successful"}, "target-arn": {"successful"}},
		}
	}
	f := fake()
	told, err := on(t, f, start(StartOptions{}))
	require.NoError(t, err)
	require.Equal(t, []string{"source-arn", "target-arn"}, f.tested)
	require.Equal(t, []string{"start start-replication", "start start-replication"}, f.done())
	require.Contains(t, told, "the connection to the source endpoint is successful")

	f = fake()
	f.connections = map[string][]string{"source-arn": {"testing", "failed"}, "target-arn": {"failed"}}
	_, err = on(t, f, start(StartOptions{}))
	require.ErrorContains(t, err, "the connection to the source endpoint cdc-source-arn failed: timed out\nthe connection to the target endpoint cdc-target-arn failed: timed out")
	require.Equal(t, []string{"start start-replication"}, f.done())

	f = fake()
	f.failing = map[string]error{"test source-arn": invalid("a test is running")}
	_, err = on(t, f, start(StartOptions{}))
	require.NoError(t, err)

	f = fake()
	f.startErrors = []error{untested, untested}
	_, err = on(t, f, start(StartOptions{}))
	require.ErrorContains(t, err, "starting the task: InvalidResourceStateFault: Test connection")

	f = fake()
	f.startErrors = []error{invalid("the instance is upgrading")}
	_, err = on(t, f, start(StartOptions{}))
	require.ErrorContains(t, err, "the instance is upgrading")
	require.Empty(t, f.tested)
}

func tableAt(name, state string, loaded time.Time, rows int64) types.TableStatistics {
	database, short, _ := strings.Cut(name, ".")
	s := types.TableStatistics{SchemaName: &database, TableName: &short, TableState: &state, FullLoadRows: rows}
	if !loaded.IsZero() {
		s.FullLoadEndTime = &loaded
	}
	return s
}

func tables(all ...types.TableStatistics) look { return look{state: "running", tables: all} }

func TestTablesAreLoadedAgainWhileTheTaskRuns(t *testing.T) {
	before := tables(tableAt("a.x", tableCompleted, noon, 5), tableAt("a.y", tableCompleted, noon, 1))
	reloading := []look{
		before, // DMS has not begun
		tables(tableAt("a.x", tableReloading, noon, 2), tableAt("a.y", tableCompleted, noon, 1)),
		tables(tableAt("a.x", tableCompleted, noon.Add(time.Minute), 7), tableAt("a.y", tableReloading, time.Time{}, 0)),
		tables(tableAt("a.x", tableCompleted, noon.Add(time.Minute), 7), tableAt("a.y", tableCompleted, noon.Add(time.Hour), 3)),
	}
	x := StartOptions{Tables: []string{"a.x"}}
	both := StartOptions{Tables: []string{"a.x", "a.y", "a.x"}}

	f := &fakeDMS{ran: true, looks: []look{before}, onReload: reloading}
	told, err := on(t, f, start(both))
	require.NoError(t, err)
	require.Equal(t, []string{"reload data-reload a.x a.y"}, f.done())
	require.Contains(t, told, "a.x is loaded: 7 rows\na.y is loaded: 3 rows")

	f = &fakeDMS{ran: true, looks: states("stopped"), onStart: []look{{state: "starting"}, before}, onReload: reloading}
	_, err = on(t, f, start(x))
	require.NoError(t, err)
	require.Equal(t, []string{"start resume-processing", "reload data-reload a.x"}, f.done())

	f = &fakeDMS{ran: true, looks: []look{before}}
	_, err = on(t, f, start(StartOptions{Tables: []string{"a.z", "b.x"}}))
	require.ErrorContains(t, err, "--reload-table a.z: the task has no such table; it has a.x, a.y\n--reload-table b.x")
	require.Empty(t, f.done())

	f = &fakeDMS{ran: true, looks: states("running")}
	_, err = on(t, f, start(x))
	require.ErrorContains(t, err, "nor any other: is it in source.tables")

	f = &fakeDMS{ran: true, looks: []look{before}, onReload: []look{tables(tableAt("a.x", tableError, noon, 0), tableAt("a.y", tableCompleted, noon.Add(1), 1))}}
	_, err = on(t, f, start(both))
	require.ErrorContains(t, err, "a.x was not loaded: Table error")

	f = &fakeDMS{ran: true, looks: []look{before}, onReload: []look{before, {state: "failed", failure: "out of memory"}}}
	_, err = on(t, f, start(x))
	require.ErrorContains(t, err, "the task is failed before the tables were loaded: out of memory")

	f = &fakeDMS{ran: true, looks: []look{before}, reloadErr: errRefused}
	_, err = on(t, f, start(x))
	require.ErrorContains(t, err, "loading the tables again: AccessDenied")
}

func TestTaskWithoutLoadHasNoneToRepeat(t *testing.T) {
	for _, o := range []StartOptions{{Reload: true}, {Tables: []string{"a.x"}}} {
		f := &fakeDMS{kind: types.MigrationTypeValueCdc, ran: true, looks: states("stopped")}
		_, err := on(t, f, start(o))
		require.ErrorContains(t, err, "set replication.migrationType to full-load-and-cdc")
		require.Empty(t, f.done())
	}
}

func TestWaitEndsWithItsCallerAndSaysThatTheTaskGoesOn(t *testing.T) {
	for name, c := range map[string]struct {
		fake *fakeDMS
		do   func(context.Context, Task) error
		err  string
	}{
		"stop":   {&fakeDMS{looks: states("running"), onStop: states("stopping")}, stop, "it goes on stopping, see `cdc status`"},
		"start":  {&fakeDMS{looks: states("ready"), onStart: states("starting")}, start(StartOptions{}), "it goes on starting, see `cdc status`"},
		"settle": {&fakeDMS{looks: states("testing")}, start(StartOptions{}), "waiting while the task is testing"},
		"reload": {&fakeDMS{looks: []look{tables(tableAt("a.x", tableReloading, noon, 2))}}, start(StartOptions{Tables: []string{"a.x"}}), "the load goes on, see `cdc status`"},
		"test": {
			&fakeDMS{looks: states("ready"), startErrors: []error{invalid("Test connection …")}, connections: map[string][]string{"source-arn": {"testing"}}},
			start(StartOptions{}), "waiting for the test of the connection to the source endpoint",
		},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := on(t, c.fake, c.do)
			require.ErrorContains(t, err, c.err)
			require.True(t, errors.Is(err, context.DeadlineExceeded))
		})
	}
}
