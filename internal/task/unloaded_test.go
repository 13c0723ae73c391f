package task

import (
	"cdcpipeline/internal/table"
	"cdcpipeline/internal/task/tasktest"
	"errors"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/databasemigrationservice/types"
	"github.com/stretchr/testify/require"
)

// loaded is a table whose rows were loaded; added is one whose rows never were.
func loaded(name string) types.TableStatistics {
	return tasktest.TableAt(name, TableCompleted, tasktest.Noon, 3)
}

func added(name string) types.TableStatistics {
	return tasktest.TableAt(name, "Before load", time.Time{}, 0)
}

func TestNotLoaded(t *testing.T) {
	shop := []table.Pattern{{Database: "shop", Table: "%"}, {Database: "stock", Table: "items"}}
	rows := []types.TableStatistics{loaded("shop.orders"), added("shop.added"), added("other.gone")}
	for name, c := range map[string]struct {
		fake *tasktest.DMS
		want []string
	}{
		"tables without a load":          {&tasktest.DMS{Ran: true, Looks: []tasktest.Look{tasktest.Running(rows...)}}, []string{"shop.added", "stock.items"}},
		"all loaded":                     {&tasktest.DMS{Ran: true, Looks: []tasktest.Look{tasktest.Running(loaded("stock.items"))}}, []string{}},
		"the first load is under way":    {&tasktest.DMS{Ran: true, Loading: true, Looks: []tasktest.Look{tasktest.Running(rows...)}}, []string{}},
		"the task never ran":             {&tasktest.DMS{Looks: tasktest.States("ready")}, []string{}},
		"changes alone are followed":     {&tasktest.DMS{Ran: true, Kind: types.MigrationTypeValueCdc, Looks: []tasktest.Look{tasktest.Running(rows...)}}, []string{}},
		"a pattern that matches nothing": {&tasktest.DMS{Ran: true, Looks: []tasktest.Look{tasktest.Running(loaded("stock.items"))}}, []string{}},
	} {
		t.Run(name, func(t *testing.T) {
			names, err := Unloaded(t.Context(), c.fake, tasktest.TaskArn, shop)
			require.NoError(t, err)
			require.Equal(t, c.want, names)
		})
	}
}

func TestATableThatWasAddedIsNamedUntilItsLoadIsComplete(t *testing.T) {
	for state, want := range map[string][]string{TableCompleted: {}, TableReloading: {"shop.orders"}, TableError: {"shop.orders"}} {
		statistics := []types.TableStatistics{tasktest.TableAt("shop.orders", state, tasktest.Noon, 3)}
		found, err := Describe(t.Context(), &tasktest.DMS{Ran: true, Looks: tasktest.States("running")}, tasktest.TaskArn)
		require.NoError(t, err)
		require.Equal(t, want, NotLoaded(found, statistics, []table.Pattern{{Database: "shop", Table: "%"}}, []string{"shop.orders"}), state)
	}
}

func TestWhatDMSDoesNotAnswerIsAnError(t *testing.T) {
	_, err := Unloaded(t.Context(), &tasktest.DMS{Failing: map[string]error{"describe": errors.New("throttled")}}, tasktest.TaskArn, nil)
	require.ErrorContains(t, err, "reading the task "+tasktest.TaskArn+": throttled")
}

func TestATableIsLoadingWhileDMSReadsIt(t *testing.T) {
	orders := table.Name{Database: "shop", Table: "orders"}
	for state, want := range map[string]bool{TableLoading: true, TableReloading: true, TableCompleted: false, TableError: false} {
		fake := &tasktest.DMS{Ran: true, Looks: []tasktest.Look{tasktest.Running(tasktest.TableAt("shop.lines", TableLoading, time.Time{}, 1), tasktest.TableAt("shop.orders", state, tasktest.Noon, 1))}}
		loading, err := IsLoading(t.Context(), fake, tasktest.TaskArn, orders)
		require.NoError(t, err)
		require.Equal(t, want, loading, state)
	}
}
