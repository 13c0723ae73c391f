package dms

import (
	"cdcpipeline/rehearsal/controlplane"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
)

// Hooks is where a control plane lets others take part in its calls.
type Hooks interface {
	Before(controlplane.Action, controlplane.BeforeFunc)
	After(controlplane.Action, controlplane.AfterFunc)
}

var _ Hooks = (*controlplane.Proxy)(nil)

// Attach makes the control plane's tasks run: what the API is told to start, stop and delete, and what it says of tasks.
func (s *Service) Attach(h Hooks) {
	h.Before(action("StartReplicationTask"), s.beforeStart)
	h.After(action("StartReplicationTask"), s.afterStart)
	h.Before(action("StopReplicationTask"), s.beforeStop)
	h.After(action("StopReplicationTask"), s.afterStop)
	h.Before(action("ModifyReplicationTask"), s.beforeChange)
	h.Before(action("DeleteReplicationTask"), s.beforeChange)
	h.After(action("DeleteReplicationTask"), s.afterDelete)
	h.After(action("DescribeReplicationTasks"), s.afterDescribe)
	h.Before(action("DescribeTableStatistics"), s.tableStatistics)
}

func action(name string) controlplane.Action { return controlplane.Action{Service: "dms", Name: name} }

type request struct {
	ReplicationTaskArn       string
	StartReplicationTaskType StartType
	CdcStartPosition         string
	CdcStartTime             json.RawMessage
	CdcStopPosition          string
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

func (s *Service) active(arn string) bool {
	state, _ := s.Task(arn)
	return state.Status == StatusStarting || state.Status == StatusRunning
}

func (s *Service) beforeStart(_ context.Context, c *controlplane.Call) (bool, error) {
	r, err := decode(c)
	switch {
	case err != nil:
		return false, err
	case r.CdcStartPosition != "" || r.CdcStartTime != nil || r.CdcStopPosition != "":
		return false, fmt.Errorf("%s: start and stop positions in the request are not implemented", c.Action)
	case s.active(r.ReplicationTaskArn):
		return false, invalidState("The task %s is running", r.ReplicationTaskArn)
	}
	return false, nil
}

func (s *Service) afterStart(_ context.Context, c *controlplane.Call) error {
	r, err := decode(c)
	if err != nil {
		return err
	}
	if err := s.Start(r.ReplicationTaskArn, r.StartReplicationTaskType); err != nil {
		return err
	}
	return s.afterOne(c)
}

func (s *Service) beforeStop(_ context.Context, c *controlplane.Call) (bool, error) {
	r, err := decode(c)
	if err == nil && !s.active(r.ReplicationTaskArn) {
		err = invalidState("The task %s is not running", r.ReplicationTaskArn)
	}
	return false, err
}

func (s *Service) afterStop(_ context.Context, c *controlplane.Call) error {
	r, err := decode(c)
	if err != nil {
		return err
	}
	s.Stop(r.ReplicationTaskArn)
	return s.afterOne(c)
}

func (s *Service) beforeChange(_ context.Context, c *controlplane.Call) (bool, error) {
	r, err := decode(c)
	if err == nil && s.active(r.ReplicationTaskArn) {
		err = invalidState("The task %s is running: stop it first", r.ReplicationTaskArn)
	}
	return false, err
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

// describe puts a task's real state into the control plane's description of it.
func (s *Service) describe(described map[string]any) {
	arn, _ := described["ReplicationTaskArn"].(string)
	state, ok := s.Task(arn)
	if !ok {
		delete(described, "ReplicationTaskStats") // of a task that never ran there are none
		return
	}
	stats := map[string]any{"StartDate": seconds(state.Started), "FreshStartDate": seconds(state.Started), "ElapsedTimeMillis": state.elapsed().Milliseconds()}
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
	maps.Copy(described, map[string]any{"Status": string(state.Status), "ReplicationTaskStats": stats, "ReplicationTaskStartDate": seconds(state.Started)})
	for key, text := range map[string]string{"LastFailureMessage": state.Failure, "StopReason": state.StopReason} {
		delete(described, key)
		if text != "" {
			described[key] = text
		}
	}
}

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
