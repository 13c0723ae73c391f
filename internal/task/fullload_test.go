package task_test

import (
	"cdcpipeline/internal/table"
	"cdcpipeline/internal/task"
	"context"
	"errors"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	dms "github.com/aws/aws-sdk-go-v2/service/databasemigrationservice"
	"github.com/aws/aws-sdk-go-v2/service/databasemigrationservice/types"
	"github.com/stretchr/testify/require"
)

// service answers with one task, and with one row a page.
type service struct {
	task  types.ReplicationTask
	rows  []types.TableStatistics
	error error
}

func (s service) DescribeReplicationTasks(context.Context, *dms.DescribeReplicationTasksInput, ...func(*dms.Options)) (*dms.DescribeReplicationTasksOutput, error) {
	return &dms.DescribeReplicationTasksOutput{ReplicationTasks: []types.ReplicationTask{s.task}}, s.error
}

func (s service) DescribeTableStatistics(_ context.Context, in *dms.DescribeTableStatisticsInput, _ ...func(*dms.Options)) (*dms.DescribeTableStatisticsOutput, error) {
	page := 0
	if in.Marker != nil {
		page = int((*in.Marker)[0] - '0')
	}
	out := &dms.DescribeTableStatisticsOutput{}
	if page < len(s.rows) {
		out.TableStatistics = s.rows[page : page+1]
		out.Marker = aws.String(string(rune('0' + page + 1)))
	}
	return out, nil
}

func row(database, name string, loaded bool) types.TableStatistics {
	r := types.TableStatistics{SchemaName: &database, TableName: &name}
	if loaded {
		r.FullLoadStartTime = aws.Time(time.Now())
	}
	return r
}

func running(migration types.MigrationTypeValue, loaded bool, rows ...types.TableStatistics) service {
	stats := &types.ReplicationTaskStats{}
	if loaded {
		stats.FullLoadFinishDate = aws.Time(time.Now())
	}
	return service{task: types.ReplicationTask{Status: aws.String("running"), MigrationType: migration, ReplicationTaskStats: stats}, rows: rows}
}

func TestNotLoaded(t *testing.T) {
	shop := []table.Pattern{{Database: "shop", Table: "%"}, {Database: "stock", Table: "items"}}
	rows := []types.TableStatistics{row("shop", "orders", true), row("shop", "added", false), row("other", "gone", false)}
	for name, c := range map[string]struct {
		service service
		want    []string
	}{
		"tables without a load":          {running(types.MigrationTypeValueFullLoadAndCdc, true, rows...), []string{"shop.added", "stock.items"}},
		"all loaded":                     {running(types.MigrationTypeValueFullLoadAndCdc, true, row("stock", "items", true)), []string{}},
		"the first load is under way":    {running(types.MigrationTypeValueFullLoadAndCdc, false, rows...), []string{}},
		"changes alone are followed":     {running(types.MigrationTypeValueCdc, true, rows...), []string{}},
		"a pattern that matches nothing": {running(types.MigrationTypeValueFullLoadAndCdc, true, row("stock", "items", true)), []string{}},
	} {
		t.Run(name, func(t *testing.T) {
			state, err := task.Ask(t.Context(), c.service, "arn", shop)
			require.NoError(t, err)
			require.Equal(t, c.want, state.NotLoaded)
			require.Equal(t, "running", state.Status)
		})
	}
}

func TestATaskThatShouldRunIsHalted(t *testing.T) {
	for _, c := range []struct {
		status    string
		migration types.MigrationTypeValue
		want      bool
	}{
		{"running", types.MigrationTypeValueFullLoadAndCdc, false},
		{"starting", types.MigrationTypeValueCdc, false},
		{"stopped", types.MigrationTypeValueFullLoadAndCdc, true},
		{"failed", types.MigrationTypeValueCdc, true},
		{"stopped", types.MigrationTypeValueFullLoad, false},
		{"failed", types.MigrationTypeValueFullLoad, true},
	} {
		s := running(c.migration, true)
		s.task.Status = &c.status
		state, err := task.Ask(t.Context(), s, "arn", nil)
		require.NoError(t, err)
		require.Equal(t, c.want, state.Halted, "%s %s", c.migration, c.status)
	}
}

func TestWhatDMSDoesNotAnswerIsAnError(t *testing.T) {
	_, err := task.Ask(t.Context(), service{error: errors.New("throttled")}, "arn:task", nil)
	require.ErrorContains(t, err, "asking DMS for the task arn:task: throttled")
}
