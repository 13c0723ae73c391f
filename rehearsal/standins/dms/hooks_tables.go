package dms

import (
	"cdcpipeline/rehearsal/standins/controlplane"
	"context"
	"fmt"
	"net/http"
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/databasemigrationservice/types"
)

func (s *Service) tableStatistics(_ context.Context, c *controlplane.Call) (bool, error) {
	r, err := decode(c)
	if err != nil {
		return false, err
	}
	state, _ := s.Task(r.ReplicationTaskArn)
	tables := state.Tables
	if tables == nil {
		tables = []TableStatistics{}
	}
	if err := c.Answer(http.StatusOK, map[string]any{"ReplicationTaskArn": r.ReplicationTaskArn, "TableStatistics": tables}); err != nil {
		return false, fmt.Errorf("answering %s: %w", c.Action, err)
	}
	return true, nil
}

// reloadTables makes a running task load tables again:
// https://docs.aws.amazon.com/dms/latest/APIReference/API_ReloadTables.html.
func (s *Service) reloadTables(ctx context.Context, c *controlplane.Call) (bool, error) {
	r, err := decode(c)
	if err != nil {
		return false, err
	}
	tasks, err := s.described(ctx, "replication-task-arn", r.ReplicationTaskArn)
	if err != nil {
		return false, err
	}
	if len(tasks) != 1 {
		return false, refuse("ResourceNotFoundFault", "Replication task could not be found.")
	}
	loads := tasks[0].MigrationType != types.MigrationTypeValueCdc
	return true, s.reload(c, r, r.ReplicationTaskArn, loads, map[string]any{"ReplicationTaskArn": r.ReplicationTaskArn})
}

// reload makes a task load the tables in a request, and answers.
func (s *Service) reload(c *controlplane.Call, r request, arn string, loads bool, answer any) error {
	names, err := s.reloadable(r, arn, loads)
	if err != nil {
		return err
	}
	t := s.task(arn)
	for _, n := range names {
		if !t.reload(n) {
			return refuse("ResourceQuotaExceededFault", "too many tables are waiting to be reloaded")
		}
	}
	if err := c.Answer(http.StatusOK, answer); err != nil {
		return fmt.Errorf("answering %s: %w", c.Action, err)
	}
	return nil
}

// reloadable returns the tables in a request that meets the conditions in
// https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Tasks.ReloadTables.html.
func (s *Service) reloadable(r request, arn string, loads bool) ([]name, error) {
	t := s.task(arn)
	if state, _ := s.Task(arn); state.Status != StatusRunning {
		return nil, invalidState("Replication Task is not in a running state")
	}
	switch {
	case r.ReloadOption != "" && r.ReloadOption != string(types.ReloadOptionValueDataReload):
		return nil, refuse("InvalidParameterValueException", "ReloadOption %s needs validation, which the task does not have", r.ReloadOption)
	case !loads:
		return nil, refuse("InvalidParameterCombinationException", "the task loads no tables: its migration type is cdc")
	case len(r.TablesToReload) == 0 || len(r.TablesToReload) > maxReloads:
		return nil, refuse("InvalidParameterValueException", "%d tables to reload: 1 to %d can be named", len(r.TablesToReload), maxReloads)
	}
	var names []name
	for _, table := range r.TablesToReload {
		n := name{table.SchemaName, table.TableName}
		if slices.Contains(names, n) {
			return nil, refuse("InvalidParameterValueException", "%s is named twice", n)
		}
		if !t.stats.has(n) {
			return nil, refuse("ResourceNotFoundFault", "the task has no table %s", n)
		}
		names = append(names, n)
	}
	return names, nil
}
