package task

import (
	"cdcpipeline/internal/table"
	"context"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/databasemigrationservice/types"
)

// Unloaded asks DMS which of a task's followed tables were never loaded, as database.table, sorted; see [NotLoaded].
func Unloaded(ctx context.Context, api Reader, arn string, followed []table.Pattern) ([]string, error) {
	found, err := Describe(ctx, api, arn)
	if err != nil || !loadedOnce(found) {
		return []string{}, err
	}
	statistics, err := Statistics(ctx, api, arn)
	if err != nil {
		return nil, err
	}
	return NotLoaded(found, statistics, followed, nil), nil
}

// loadedOnce reports whether the task's first load is over.
func loadedOnce(d Description) bool {
	return d.MigrationType != types.MigrationTypeValueCdc && d.Loaded != nil
}

// NotLoaded lists the tables, database.table, that a task follows without having loaded their earlier rows, sorted.
//
// A table added to a task that has already run is one: the task resumes "to replicate the changes from the last stop
// position" and loads nothing again unless it is told to,
// https://docs.aws.amazon.com/dms/latest/APIReference/API_StartReplicationTask.html. The list includes a table in
// added until a load of the table is complete.
//
// The list is empty during the task's first load, because a table without rows is then waiting for its turn. It is
// also empty for a task that only follows changes (cdc), which loads nothing by design. It includes a table that was
// made while the task ran, although all its rows came as changes, because DMS does not distinguish the two. Only DMS
// knows which tables match a pattern.
func NotLoaded(d Description, statistics []types.TableStatistics, followed []table.Pattern, added []string) []string {
	missing := []string{}
	if !loadedOnce(d) {
		return missing
	}
	listed := map[string]types.TableStatistics{}
	for _, s := range statistics {
		listed[TableName(s)] = s
		name := table.Name{Database: aws.ToString(s.SchemaName), Table: aws.ToString(s.TableName)}
		if s.FullLoadStartTime == nil && slices.ContainsFunc(followed, func(p table.Pattern) bool { return p.Matches(name) }) {
			missing = append(missing, name.String())
		}
	}
	for _, p := range followed {
		if name, one := p.One(); one {
			if _, ok := listed[name.String()]; !ok {
				missing = append(missing, name.String())
			}
		}
	}
	for _, name := range added {
		if s, ok := listed[name]; !ok || s.FullLoadEndTime == nil || aws.ToString(s.TableState) != TableCompleted {
			missing = append(missing, name)
		}
	}
	slices.Sort(missing)
	return slices.Compact(missing)
}
