package operate

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	dms "github.com/aws/aws-sdk-go-v2/service/databasemigrationservice"
	"github.com/aws/aws-sdk-go-v2/service/databasemigrationservice/types"
)

// States of a table, https://docs.aws.amazon.com/dms/latest/APIReference/API_TableStatistics.html.
const (
	tableLoading   = "Full load"
	tableReloading = "Table is being reloaded"
	tableCompleted = "Table completed"
	tableCancelled = "Table cancelled"
	tableError     = "Table error"
)

// reload loads tables again while the task runs, and waits until every one has been loaded since. DMS takes it from a
// running task only, https://docs.aws.amazon.com/dms/latest/APIReference/API_ReloadTables.html.
func (t Task) reload(ctx context.Context, tables []string) error {
	statistics, err := tableStatistics(ctx, t.API, t.Arn)
	if err != nil {
		return err
	}
	var problems []error
	var wanted []types.TableToReload
	before := map[string]time.Time{}
	for _, name := range tables {
		i := slices.IndexFunc(statistics, func(s types.TableStatistics) bool { return tableName(s) == name })
		if i < 0 {
			problems = append(problems, fmt.Errorf("--reload-table %s: the task has no such table%s", name, knownTables(statistics)))
			continue
		}
		if _, twice := before[name]; twice {
			continue
		}
		before[name] = aws.ToTime(statistics[i].FullLoadEndTime)
		wanted = append(wanted, types.TableToReload{SchemaName: statistics[i].SchemaName, TableName: statistics[i].TableName})
	}
	if err := errors.Join(problems...); err != nil {
		return err
	}
	_, err = t.API.ReloadTables(ctx, &dms.ReloadTablesInput{
		ReplicationTaskArn: &t.Arn, TablesToReload: wanted, ReloadOption: types.ReloadOptionValueDataReload,
	})
	if err != nil {
		return fmt.Errorf("loading the tables again: %w", err)
	}
	t.tell("loading again: %s", strings.Join(slices.Sorted(maps.Keys(before)), ", "))
	return t.loaded(ctx, before)
}

func knownTables(statistics []types.TableStatistics) string {
	if len(statistics) == 0 {
		return ", nor any other: is it in source.tables, and was `pulumi up` run since?"
	}
	names := make([]string, len(statistics))
	for i, s := range statistics {
		names[i] = tableName(s)
	}
	return "; it has " + strings.Join(names, ", ")
}

// loaded waits until tables are loaded after the times at which they were before.
func (t Task) loaded(ctx context.Context, before map[string]time.Time) error {
	var problems []error
	for len(before) > 0 {
		if err := t.pause(ctx); err != nil {
			return fmt.Errorf("waiting until the tables are loaded: %w: the load goes on, see `cdc status`", err)
		}
		if task, err := describeTask(ctx, t.API, t.Arn); err != nil {
			return err
		} else if state := aws.ToString(task.Status); state != stateRunning {
			return t.failed(ctx, task, "the task is "+state+" before the tables were loaded")
		}
		statistics, err := tableStatistics(ctx, t.API, t.Arn)
		if err != nil {
			return err
		}
		for _, s := range statistics {
			name, state := tableName(s), aws.ToString(s.TableState)
			since, waiting := before[name]
			if !waiting {
				continue
			}
			if t.Loading != nil {
				t.Loading(Loading{Table: name, State: state, Rows: s.FullLoadRows})
			}
			switch {
			case state == tableError || state == tableCancelled:
				problems = append(problems, fmt.Errorf("%s was not loaded: %s: see the task's log (`cdc status` names it)", name, state))
				delete(before, name)
			case state == tableCompleted && aws.ToTime(s.FullLoadEndTime).After(since):
				t.tell("%s is loaded: %d rows", name, s.FullLoadRows)
				delete(before, name)
			}
		}
	}
	return errors.Join(problems...)
}
