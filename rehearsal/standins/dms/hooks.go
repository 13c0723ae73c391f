package dms

import (
	"cdcpipeline/rehearsal/standins/controlplane"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"time"

	api "github.com/aws/aws-sdk-go-v2/service/databasemigrationservice"
	"github.com/aws/aws-sdk-go-v2/service/databasemigrationservice/types"
)

// Hooks lets others take part in a control plane's calls.
type Hooks interface {
	Before(controlplane.Action, controlplane.BeforeFunc)
	After(controlplane.Action, controlplane.AfterFunc)
}

var _ Hooks = (*controlplane.Proxy)(nil)

// Attach implements the control plane's tasks: calls that start, stop and delete them, and their descriptions.
func (s *Service) Attach(h Hooks) {
	h.Before(action("StartReplicationTask"), s.beforeStart)
	h.After(action("StartReplicationTask"), s.afterStart)
	h.Before(action("StopReplicationTask"), s.beforeStop)
	h.After(action("StopReplicationTask"), s.afterStop)
	h.Before(action("ModifyReplicationTask"), s.beforeModify)
	h.After(action("ModifyReplicationTask"), s.afterModify)
	h.Before(action("DeleteReplicationTask"), s.beforeChange)
	h.After(action("DeleteReplicationTask"), s.afterDelete)
	h.After(action("DescribeReplicationTasks"), s.afterDescribe)
	h.Before(action("DescribeTableStatistics"), s.tableStatistics)
	h.Before(action("ReloadTables"), s.reloadTables)
	h.Before(action("ModifyEndpoint"), s.beforeEndpoint)
	h.After(action("ModifyEndpoint"), s.afterEndpoint)
	h.Before(action("DeleteEndpoint"), s.beforeDeleteEndpoint)
	h.Before(action("TestConnection"), s.testConnection)
	h.Before(action("DescribeConnections"), s.describeConnections)
	s.attachServerless(h)
}

func action(name string) controlplane.Action { return controlplane.Action{Service: "dms", Name: name} }

type request struct {
	ReplicationTaskArn       string
	ReplicationConfigArn     string
	StartReplicationType     StartType
	StartReplicationTaskType StartType
	CdcStartPosition         string
	CdcStartTime             json.RawMessage
	CdcStopPosition          string
	MigrationType            string
	EndpointArn              string
	ReplicationInstanceArn   string
	ReloadOption             string
	TablesToReload           []struct{ SchemaName, TableName string }
	Filters                  []struct {
		Name   string
		Values []string
	}
}

func decode(c *controlplane.Call) (request, error) {
	var r request
	if err := c.Decode(&r); err != nil {
		return r, fmt.Errorf("reading the request: %w", err)
	}
	return r, nil
}

func invalidState(format string, args ...any) error {
	return &controlplane.Error{Status: http.StatusBadRequest, Code: "InvalidResourceStateFault", Message: fmt.Sprintf(format, args...)}
}

func refuse(code, format string, args ...any) error {
	return &controlplane.Error{Status: http.StatusBadRequest, Code: code, Message: fmt.Sprintf(format, args...)}
}

func (s *Service) active(arn string) bool {
	state, _ := s.Task(arn)
	return state.Status.active()
}

// beforeStart checks the start type. start-replication is only for the first run, the other types only for later
// ones: https://docs.aws.amazon.com/dms/latest/APIReference/API_StartReplicationTask.html.
func (s *Service) beforeStart(ctx context.Context, c *controlplane.Call) (bool, error) {
	r, err := decode(c)
	_, ran := s.Task(r.ReplicationTaskArn)
	switch {
	case err != nil:
		return false, err
	case s.isModifying(r.ReplicationTaskArn):
		return false, invalidState("The task %s is being modified", r.ReplicationTaskArn)
	case ran && r.StartReplicationTaskType == StartReplication:
		return false, refuse("InvalidParameterCombinationException", "Start Type : START_REPLICATION, valid only for tasks running for the first time")
	case !ran && r.StartReplicationTaskType != StartReplication:
		return false, refuse("InvalidParameterCombinationException", "Start Type : %s, valid only for tasks that have run", r.StartReplicationTaskType)
	case r.CdcStartPosition != "" || r.CdcStartTime != nil || r.CdcStopPosition != "":
		return false, fmt.Errorf("%s: start and stop positions in the request are not implemented", c.Action)
	case s.active(r.ReplicationTaskArn):
		return false, invalidState("The task %s is running", r.ReplicationTaskArn)
	}
	return false, s.tested(ctx, r.ReplicationTaskArn)
}

func (s *Service) afterStart(ctx context.Context, c *controlplane.Call) error {
	r, err := decode(c)
	if err != nil {
		return err
	}
	if err := s.makeLog(ctx, r.ReplicationTaskArn); err != nil {
		return err
	}
	if err := s.Start(r.ReplicationTaskArn, r.StartReplicationTaskType); err != nil {
		return err
	}
	return s.afterOne(c)
}

func (s *Service) beforeStop(_ context.Context, c *controlplane.Call) (bool, error) {
	r, err := decode(c)
	if state, _ := s.Task(r.ReplicationTaskArn); err == nil && state.Status != StatusRunning && state.Status != StatusStarting {
		err = invalidState("Replication Task cannot be stopped because it is currently not running.")
	}
	return false, err
}

func (s *Service) afterStop(_ context.Context, c *controlplane.Call) error {
	r, err := decode(c)
	if err != nil {
		return err
	}
	s.beginStop(r.ReplicationTaskArn)
	return s.afterOne(c)
}

func (s *Service) beforeChange(_ context.Context, c *controlplane.Call) (bool, error) {
	r, err := decode(c)
	switch {
	case err != nil:
	case s.active(r.ReplicationTaskArn):
		err = invalidState("The task %s is running: stop it first", r.ReplicationTaskArn)
	case s.isModifying(r.ReplicationTaskArn):
		err = invalidState("The task %s is being modified", r.ReplicationTaskArn)
	}
	return false, err
}

// beforeModify enforces the limits of a change:
// https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Tasks.Modifying.html.
func (s *Service) beforeModify(ctx context.Context, c *controlplane.Call) (bool, error) {
	if _, err := s.beforeChange(ctx, c); err != nil {
		return false, err
	}
	r, err := decode(c)
	if err != nil || r.MigrationType == "" {
		return false, err
	}
	tasks, err := s.described(ctx, "replication-task-arn", r.ReplicationTaskArn)
	if err == nil && len(tasks) == 1 && string(tasks[0].MigrationType) != r.MigrationType {
		err = refuse("InvalidParameterCombinationException", "The migration type of a task cannot be changed")
	}
	return false, err
}

// modifies is the duration of a task's change.
const modifies = time.Second

func (s *Service) afterModify(_ context.Context, c *controlplane.Call) error {
	r, err := decode(c)
	if err != nil {
		return err
	}
	s.modify(r.ReplicationTaskArn)
	return s.afterOne(c)
}

// modify marks a task as being modified for a while.
func (s *Service) modify(arn string) {
	s.mu.Lock()
	s.modifying[arn]++
	s.mu.Unlock()
	done := s.after(modifies)
	go func() {
		<-done
		s.mu.Lock()
		defer s.mu.Unlock()
		s.modifying[arn]--
	}()
}

func (s *Service) isModifying(arn string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.modifying[arn] > 0
}

func (s *Service) described(ctx context.Context, filtered, by string) ([]types.ReplicationTask, error) {
	out, err := s.client.DescribeReplicationTasks(ctx, &api.DescribeReplicationTasksInput{Filters: filter(filtered, by)})
	if err != nil {
		return nil, fmt.Errorf("reading the tasks of %s: %w", by, err)
	}
	return out.ReplicationTasks, nil
}

func (s *Service) afterDelete(_ context.Context, c *controlplane.Call) error {
	r, err := decode(c)
	if err == nil {
		s.Delete(r.ReplicationTaskArn)
	}
	return err
}

func (s *Service) afterOne(c *controlplane.Call) error {
	var answer map[string]any
	if err := json.Unmarshal(c.ResponseBody, &answer); err != nil {
		return fmt.Errorf("reading the answer of %s: %w", c.Action, err)
	}
	if t, ok := answer["ReplicationTask"].(map[string]any); ok {
		s.describe(t)
	}
	return answerWith(c, answer)
}

func (s *Service) afterDescribe(_ context.Context, c *controlplane.Call) error {
	var answer map[string]any
	if err := json.Unmarshal(c.ResponseBody, &answer); err != nil {
		return fmt.Errorf("reading the answer of %s: %w", c.Action, err)
	}
	list, _ := answer["ReplicationTasks"].([]any)
	for _, item := range list {
		if t, ok := item.(map[string]any); ok {
			s.describe(t)
		}
	}
	return answerWith(c, answer)
}

func answerWith(c *controlplane.Call, answer any) error {
	if err := c.Answer(c.Status, answer); err != nil {
		return fmt.Errorf("changing the answer of %s: %w", c.Action, err)
	}
	return nil
}

// describe adds a task's real state to the control plane's description.
func (s *Service) describe(described map[string]any) {
	arn, _ := described["ReplicationTaskArn"].(string)
	if s.isModifying(arn) {
		defer func() { described["Status"] = "modifying" }()
	}
	state, ok := s.Task(arn)
	if !ok {
		delete(described, "ReplicationTaskStats") // a task that never ran has none
		return
	}
	stats := state.statistics(described["MigrationType"] != "cdc")
	maps.Copy(described, map[string]any{"Status": string(state.Status), "ReplicationTaskStats": stats, "ReplicationTaskStartDate": seconds(state.Started)})
	for key, text := range map[string]string{"LastFailureMessage": state.Failure, "StopReason": state.StopReason} {
		delete(described, key)
		if text != "" {
			described[key] = text
		}
	}
}

// statistics of a task's run, https://docs.aws.amazon.com/dms/latest/APIReference/API_ReplicationTaskStats.html; a
// serverless replication has the same.
func (state Task) statistics(loads bool) map[string]any {
	stats := map[string]any{"StartDate": seconds(state.Started), "FreshStartDate": seconds(state.Fresh), "ElapsedTimeMillis": state.elapsed().Milliseconds()}
	if loads {
		stats["FullLoadStartDate"] = seconds(state.Fresh)
	}
	if !state.LoadFinished.IsZero() {
		stats["FullLoadFinishDate"] = seconds(state.LoadFinished)
	}
	counts := map[string]int{"TablesLoaded": 0, "TablesLoading": 0, "TablesQueued": 0, "TablesErrored": 0}
	for _, t := range state.Tables {
		switch t.TableState {
		case stateCompleted:
			counts["TablesLoaded"]++
		case stateLoading:
			counts["TablesLoading"]++
		case stateError:
			counts["TablesErrored"]++
		default:
			counts["TablesQueued"]++
		}
	}
	for key, n := range counts {
		stats[key] = n
	}
	stats["FullLoadProgressPercent"] = 0
	if n := len(state.Tables); n > 0 {
		stats["FullLoadProgressPercent"] = 100 * counts["TablesLoaded"] / n
	}
	if !state.Ended.IsZero() {
		stats["StopDate"] = seconds(state.Ended)
	}
	return stats
}
