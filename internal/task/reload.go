package task

import (
	"cdcpipeline/internal/table"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/databasemigrationservice/types"
)

// States of a table, https://docs.aws.amazon.com/dms/latest/APIReference/API_TableStatistics.html.
const (
	TableLoading   = "Full load"
	TableReloading = "Table is being reloaded"
	TableCompleted = "Table completed"
	TableCancelled = "Table cancelled"
	TableError     = "Table error"
)

// Loads are tables that are being loaded, each with the time of its previous load.
type Loads map[string]time.Time

// Reload makes the running task load tables again. DMS accepts this only for a running task,
// https://docs.aws.amazon.com/dms/latest/APIReference/API_ReloadTables.html.
func (t Task) Reload(ctx context.Context, tables []string) (Loads, error) {
	statistics, err := t.reloadable(ctx, tables)
	if err != nil {
		return nil, err
	}
	var wanted []types.TableToReload
	loading := Loads{}
	for _, s := range statistics {
		loading[TableName(s)] = aws.ToTime(s.FullLoadEndTime)
		wanted = append(wanted, types.TableToReload{SchemaName: s.SchemaName, TableName: s.TableName})
	}
	if err := kindOf(t.Arn).reload(ctx, t.API, t.Arn, wanted); err != nil {
		return nil, fmt.Errorf("loading the tables again: %w", err)
	}
	t.tell("loading again: %s", strings.Join(slices.Sorted(maps.Keys(loading)), ", "))
	return loading, nil
}

// IsLoading reports whether a task is loading a table now.
func IsLoading(ctx context.Context, api Reader, arn string, name table.Name) (bool, error) {
	statistics, err := Statistics(ctx, api, arn)
	return slices.ContainsFunc(statistics, func(s types.TableStatistics) bool {
		return TableName(s) == name.String() && slices.Contains([]string{TableLoading, TableReloading}, aws.ToString(s.TableState))
	}), err
}

// reloadable returns the statistics of tables. The task must have each of them.
func (t Task) reloadable(ctx context.Context, tables []string) ([]types.TableStatistics, error) {
	all, err := Statistics(ctx, t.API, t.Arn)
	if err != nil {
		return nil, err
	}
	var problems []error
	var found []types.TableStatistics
	for i, name := range tables {
		at := slices.IndexFunc(all, func(s types.TableStatistics) bool { return TableName(s) == name })
		switch {
		case slices.Contains(tables[:i], name): // ignore a duplicate
		case at < 0:
			problems = append(problems, fmt.Errorf("--reload-table %s: the task has no such table%s", name, knownTables(all)))
		default:
			found = append(found, all[at])
		}
	}
	return found, errors.Join(problems...)
}

func knownTables(statistics []types.TableStatistics) string {
	if len(statistics) == 0 {
		return ", nor any other: is it in source.tables, and was `pulumi up` run since?"
	}
	names := make([]string, len(statistics))
	for i, s := range statistics {
		names[i] = TableName(s)
	}
	return "; it has " + strings.Join(names, ", ")
}

// Loaded waits until each table has been loaded later than its previous load.
func (t Task) Loaded(ctx context.Context, loading Loads) error {
	var problems []error
	for before := maps.Clone(loading); len(before) > 0; {
		if err := t.pause(ctx); err != nil {
			return fmt.Errorf("waiting until the tables are loaded: %w: the load goes on, see `cdc status`", err)
		}
		task, err := Describe(ctx, t.API, t.Arn)
		if err != nil {
			return err
		}
		done := task.loadedAll()
		early := func() error {
			return t.failed(ctx, task, "the task is "+task.State+" before the tables were loaded")
		}
		if task.State != StateRunning && !done {
			return early()
		}
		statistics, err := Statistics(ctx, t.API, t.Arn)
		if err != nil {
			return err
		}
		for _, s := range statistics {
			name, state := TableName(s), aws.ToString(s.TableState)
			since, waiting := before[name]
			if !waiting {
				continue
			}
			if t.Loading != nil {
				t.Loading(Loading{Table: name, State: state, Rows: s.FullLoadRows})
			}
			switch {
			case state == TableError || state == TableCancelled:
				problems = append(problems, fmt.Errorf("%s was not loaded: %s: see the task's log (`cdc status` names it)", name, state))
				delete(before, name)
			case state == TableCompleted && aws.ToTime(s.FullLoadEndTime).After(since):
				t.tell("%s is loaded: %d rows", name, s.FullLoadRows)
				delete(before, name)
			}
		}
		if done && len(before) > 0 {
			return errors.Join(append(problems, early())...)
		}
	}
	return errors.Join(problems...)
}
