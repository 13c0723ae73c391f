// Package task finds the tables that a DMS task follows without ever having loaded the rows they had before.
//
// A table that is added to a task that has run is such a one: the task resumes "to replicate the changes from the last
// stop position", and loads nothing again unless it is told to,
// https://docs.aws.amazon.com/dms/latest/APIReference/API_StartReplicationTask.html.
package task

import (
	"cdcpipeline/internal/table"
	"context"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	dms "github.com/aws/aws-sdk-go-v2/service/databasemigrationservice"
	"github.com/aws/aws-sdk-go-v2/service/databasemigrationservice/types"
)

// API is what is asked of DMS.
type API interface {
	DescribeReplicationTasks(context.Context, *dms.DescribeReplicationTasksInput, ...func(*dms.Options)) (*dms.DescribeReplicationTasksOutput, error)
	DescribeTableStatistics(context.Context, *dms.DescribeTableStatisticsInput, ...func(*dms.Options)) (*dms.DescribeTableStatisticsOutput, error)
}

// State is what DMS says of a task.
type State struct {
	// Status of the task: running, stopped, failed …
	Status string
	// Halted says that the task does not run although it should: it failed, or was stopped. One that only loads (full-load)
	// stops by itself when it has.
	Halted bool
	// NotLoaded are the tables, database.table, whose rows were never loaded, sorted.
	NotLoaded []string
}

// Ask asks DMS about a task that should follow the given tables.
//
// Nothing is reported while the task's first load is under way: a table without rows is then waiting for its turn. A
// task that only follows changes (cdc) loads nothing by design, so for it nothing is reported either. A table that was
// made while the task ran is reported, although all its rows came as changes: DMS does not tell the two apart.
func Ask(ctx context.Context, api API, task string, followed []table.Pattern) (State, error) {
	described, err := api.DescribeReplicationTasks(ctx, &dms.DescribeReplicationTasksInput{
		Filters:         []types.Filter{{Name: aws.String("replication-task-arn"), Values: []string{task}}},
		WithoutSettings: aws.Bool(true),
	})
	if err != nil {
		return State{}, fmt.Errorf("asking DMS for the task %s: %w", task, err)
	}
	if len(described.ReplicationTasks) != 1 {
		return State{}, fmt.Errorf("asking DMS for the task %s: it knows %d of that name", task, len(described.ReplicationTasks))
	}
	found := described.ReplicationTasks[0]
	state := State{Status: aws.ToString(found.Status), NotLoaded: []string{}}
	state.Halted = state.Status == "failed" || state.Status == "stopped" && found.MigrationType != types.MigrationTypeValueFullLoad
	if stats := found.ReplicationTaskStats; found.MigrationType == types.MigrationTypeValueCdc || stats == nil || stats.FullLoadFinishDate == nil {
		return state, nil
	}
	rows, err := statistics(ctx, api, task)
	if err != nil {
		return State{}, err
	}
	state.NotLoaded = missing(followed, rows)
	return state, nil
}

// statistics are all rows of a task, whose pages hold a hundred by default.
func statistics(ctx context.Context, api API, task string) ([]types.TableStatistics, error) {
	var rows []types.TableStatistics
	for pages := dms.NewDescribeTableStatisticsPaginator(api, &dms.DescribeTableStatisticsInput{ReplicationTaskArn: &task}); pages.HasMorePages(); {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("asking DMS for the tables of the task %s: %w", task, err)
		}
		rows = append(rows, page.TableStatistics...)
	}
	return rows, nil
}

// missing are the tables without a load: of those followed by name also the ones DMS does not list. Which tables a
// pattern takes in, only DMS knows.
func missing(followed []table.Pattern, rows []types.TableStatistics) []string {
	notLoaded := []string{}
	listed := map[table.Name]bool{}
	for _, row := range rows {
		name := table.Name{Database: aws.ToString(row.SchemaName), Table: aws.ToString(row.TableName)}
		listed[name] = true
		if row.FullLoadStartTime == nil && slices.ContainsFunc(followed, func(p table.Pattern) bool { return p.Matches(name) }) {
			notLoaded = append(notLoaded, name.String())
		}
	}
	for _, p := range followed {
		if name, one := p.One(); one && !listed[name] {
			notLoaded = append(notLoaded, name.String())
		}
	}
	slices.Sort(notLoaded)
	return notLoaded
}
