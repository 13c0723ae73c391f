package status

import (
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
	before := look{state: "stopped", stopped: noon, tables: []types.TableStatistics{tableAt("a.x", tableCompleted, noon, 5), tableAt("a.y", tableCompleted, noon, 1)}}
	loadOnly := look{state: "stopped", reason: "Stop Reason FULL_LOAD_ONLY_FINISHED", stopped: noon.Add(time.Hour), tables: []types.TableStatistics{tableAt("a.x", tableCompleted, noon.Add(time.Minute), 7)}}
	all := func(ctx context.Context, task Task) error {
		stopped, err := task.Halt(ctx)
		if err != nil || !stopped.Equal(noon) {
			return errors.Join(fmt.Errorf("stopped at %s", stopped), err)
		}
		loading, err := task.Anew(ctx, []string{"a.x", "a.gone"})
		if err != nil || !maps.Equal(loading, Loads{"a.x": noon}) {
			return errors.Join(fmt.Errorf("loading %v", loading), err)
		}
		return task.Loaded(ctx, loading)
	}
	f := &fakeDMS{ran: true, looks: states("running"), onStop: []look{before}, onStart: []look{
		{state: "starting"}, tables(tableAt("a.x", tableCompleted, noon, 5)), tables(tableAt("a.x", tableLoading, time.Time{}, 0)), tables(tableAt("a.x", tableCompleted, noon.Add(time.Minute), 7)),
	}}
	told, err := on(t, f, all)
	require.NoError(t, err)
	require.Equal(t, []string{"stop", "start reload-target"}, f.done())
	require.Contains(t, told, "the task is running\na.x is loaded: 7 rows")

	f = &fakeDMS{ran: true, kind: types.MigrationTypeValueFullLoad, looks: []look{before}, onStart: []look{{state: "starting"}, loadOnly}}
	_, err = on(t, f, all)
	require.NoError(t, err, "a task that only loads stops by itself")
	loadOnly.tables = before.tables
	f = &fakeDMS{ran: true, kind: types.MigrationTypeValueFullLoad, looks: []look{before}, onStart: []look{{state: "starting"}, loadOnly}}
	_, err = on(t, f, all)
	require.ErrorContains(t, err, "the task is stopped before the tables were loaded (Stop Reason FULL_LOAD_ONLY_FINISHED)")

	f = &fakeDMS{ran: true, looks: []look{before}, startErrors: []error{errRefused}}
	_, err = on(t, f, func(ctx context.Context, task Task) error {
		loading, err := task.Anew(ctx, []string{"a.x"})
		require.Nil(t, loading, "it was not started")
		return err
	})
	require.ErrorContains(t, err, "starting the task: AccessDenied")
	f = &fakeDMS{ran: true, looks: []look{before}, onStart: states("failed")}
	_, err = on(t, f, func(ctx context.Context, task Task) error {
		loading, err := task.Anew(ctx, []string{"a.x"})
		require.NotNil(t, loading, "it was started")
		return err
	})
	require.ErrorContains(t, err, "the task failed")
	f = &fakeDMS{looks: states("ready"), onStart: states("running")}
	_, err = on(t, f, func(ctx context.Context, task Task) error {
		loading, err := task.Anew(ctx, []string{"a.x"})
		require.Equal(t, Loads{"a.x": {}}, loading, "a task that never ran has no statistics: every table is waited for")
		return err
	})
	require.NoError(t, err)
	_, err = on(t, &fakeDMS{ran: true, looks: states("running")}, func(ctx context.Context, task Task) error {
		_, err := task.Anew(ctx, nil)
		return err
	})
	require.ErrorContains(t, err, "somebody else has started the task meanwhile")
}
