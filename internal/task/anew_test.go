package task

import (
	"cdcpipeline/internal/task/tasktest"
	"context"
	"errors"
	"fmt"
	"maps"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/databasemigrationservice/types"
	"github.com/stretchr/testify/require"
)

func TestEverythingIsLoadedAnewByAHaltedTask(t *testing.T) {
	before := tasktest.Look{State: "stopped", Stopped: tasktest.Noon, Tables: []types.TableStatistics{tasktest.TableAt("a.x", TableCompleted, tasktest.Noon, 5), tasktest.TableAt("a.y", TableCompleted, tasktest.Noon, 1)}}
	loadOnly := tasktest.Look{State: "stopped", Reason: "Stop Reason FULL_LOAD_ONLY_FINISHED", Stopped: tasktest.Noon.Add(time.Hour), Tables: []types.TableStatistics{tasktest.TableAt("a.x", TableCompleted, tasktest.Noon.Add(time.Minute), 7)}}
	all := func(ctx context.Context, task Task) error {
		stopped, err := task.Halt(ctx)
		if err != nil || !stopped.Equal(tasktest.Noon) {
			return errors.Join(fmt.Errorf("stopped at %s", stopped), err)
		}
		loading, err := task.Anew(ctx, []string{"a.x", "a.gone"})
		if err != nil || !maps.Equal(loading, Loads{"a.x": tasktest.Noon}) {
			return errors.Join(fmt.Errorf("loading %v", loading), err)
		}
		return task.Loaded(ctx, loading)
	}
	f := &tasktest.DMS{Ran: true, Looks: tasktest.States("running"), OnStop: []tasktest.Look{before}, OnStart: []tasktest.Look{
		{State: "starting"}, tasktest.Running(tasktest.TableAt("a.x", TableCompleted, tasktest.Noon, 5)), tasktest.Running(tasktest.TableAt("a.x", TableLoading, time.Time{}, 0)), tasktest.Running(tasktest.TableAt("a.x", TableCompleted, tasktest.Noon.Add(time.Minute), 7)),
	}}
	told, err := onTask(t, f, all)
	require.NoError(t, err)
	require.Equal(t, []string{"stop", "start reload-target"}, f.Done())
	require.Contains(t, told, "the task is running\na.x is loaded: 7 rows")

	f = &tasktest.DMS{Ran: true, Kind: types.MigrationTypeValueFullLoad, Looks: []tasktest.Look{before}, OnStart: []tasktest.Look{{State: "starting"}, loadOnly}}
	_, err = onTask(t, f, all)
	require.NoError(t, err, "a task that only loads stops by itself")
	loadOnly.Tables = before.Tables
	f = &tasktest.DMS{Ran: true, Kind: types.MigrationTypeValueFullLoad, Looks: []tasktest.Look{before}, OnStart: []tasktest.Look{{State: "starting"}, loadOnly}}
	_, err = onTask(t, f, all)
	require.ErrorContains(t, err, "the task is stopped before the tables were loaded (Stop Reason FULL_LOAD_ONLY_FINISHED)")

	f = &tasktest.DMS{Ran: true, Looks: []tasktest.Look{before}, StartErrors: []error{tasktest.ErrRefused}}
	_, err = onTask(t, f, func(ctx context.Context, task Task) error {
		loading, err := task.Anew(ctx, []string{"a.x"})
		require.Nil(t, loading, "it was not started")
		return err
	})
	require.ErrorContains(t, err, "starting the task: AccessDenied")
	f = &tasktest.DMS{Ran: true, Looks: []tasktest.Look{before}, OnStart: tasktest.States("failed")}
	_, err = onTask(t, f, func(ctx context.Context, task Task) error {
		loading, err := task.Anew(ctx, []string{"a.x"})
		require.NotNil(t, loading, "it was started")
		return err
	})
	require.ErrorContains(t, err, "the task failed")
	f = &tasktest.DMS{Looks: tasktest.States("ready"), OnStart: tasktest.States("running")}
	_, err = onTask(t, f, func(ctx context.Context, task Task) error {
		loading, err := task.Anew(ctx, []string{"a.x"})
		require.Equal(t, Loads{"a.x": {}}, loading, "a task that never ran has no statistics: every table is waited for")
		return err
	})
	require.NoError(t, err)
	_, err = onTask(t, &tasktest.DMS{Ran: true, Looks: tasktest.States("running")}, func(ctx context.Context, task Task) error {
		_, err := task.Anew(ctx, nil)
		return err
	})
	require.ErrorContains(t, err, "somebody else has started the task meanwhile")
}
