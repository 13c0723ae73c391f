package task

import (
	"cdcpipeline/internal/table"
	"context"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/databasemigrationservice/types"
)

// Unloaded asks DMS which tables, database.table, of those that a task follows were never loaded, sorted; see [NotLoaded].
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

// loadedOnce says that the task's first load is over.
func loadedOnce(d Description) bool {
	return d.MigrationType != types.MigrationTypeValueCdc && d.Loaded != nil
}

// NotLoaded are the tables, database.table, that a task follows without having loaded the rows they had before, sorted.
//
// A table that is added to a task that has run is such a one: the task resumes "to replicate the changes from the last
// stop position", and loads nothing again unless it is told to,
// https://docs.aws.amazon.com/dms/latest/APIReference/API_StartReplicationTask.html. Those of the given added ones are named
// until a load of them is complete.
//
// Nothing is named while the task's first load is under way: a table without rows is then waiting for its turn. A task that
// only follows changes (cdc) loads nothing by design, so for it nothing is named either. A table that was made while the
// task ran is named, although all its rows came as changes: DMS does not tell the two apart. Which tables a pattern takes
// in, only DMS knows.
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
