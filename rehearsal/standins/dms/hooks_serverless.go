package dms

import (
	"cdcpipeline/rehearsal/standins/controlplane"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	logtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
)

// attachServerless implements the control plane's serverless replications.
func (s *Service) attachServerless(h Hooks) {
	h.Before(action("StartReplication"), s.beforeStartServerless)
	h.After(action("StartReplication"), s.afterStartServerless)
	h.Before(action("StopReplication"), s.beforeStopServerless)
	h.After(action("StopReplication"), s.afterStopServerless)
	h.Before(action("ModifyReplicationConfig"), s.beforeChangeServerless)
	h.After(action("ModifyReplicationConfig"), s.afterModifyServerless)
	h.Before(action("DeleteReplicationConfig"), s.beforeChangeServerless)
	h.After(action("DeleteReplicationConfig"), s.afterDeleteServerless)
	h.After(action("DescribeReplications"), s.afterDescribeServerless)
	h.Before(action("DescribeReplicationTableStatistics"), s.serverlessStatistics)
	h.Before(action("ReloadReplicationTables"), s.reloadServerless)
}

// keptFor is how long a stopped serverless replication can be resumed, and only with resume-processing,
// https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Serverless.Components.html.
const keptFor = 48 * time.Hour

func (s *Service) beforeStartServerless(_ context.Context, c *controlplane.Call) (bool, error) {
	r, err := decode(c)
	state, ran := s.Task(r.ReplicationConfigArn)
	how := r.StartReplicationType
	switch {
	case err != nil:
		return false, err
	case s.isModifying(r.ReplicationConfigArn):
		// https://github.com/hashicorp/terraform-provider-aws/issues/35650
		return false, invalidState("Replication for Replication Config: %s is in MODIFYING state and cannot start", r.ReplicationConfigArn)
	case r.CdcStartPosition != "" || r.CdcStartTime != nil:
		return false, refuse("InvalidParameterCombinationException", "serverless replications do not support custom CDC start points")
	case r.CdcStopPosition != "":
		return false, fmt.Errorf("%s: stop positions in the request are not implemented", c.Action)
	case state.Status.active():
		return false, invalidState("Replication for Replication Config: %s is in %s state and cannot start", r.ReplicationConfigArn, state.Status)
	case !ran && how != StartReplication:
		return false, refuse("InvalidParameterCombinationException", "Start Type : %s, valid only for replications that have run", how)
	case ran && how != ResumeProcessing:
		return false, refuse("InvalidParameterCombinationException", "Start Type : %s, a replication that has run can only be resumed", how)
	case ran && s.now().Sub(state.Ended) > keptFor:
		return false, invalidState("Replication for Replication Config: %s is deprovisioned and cannot be resumed", r.ReplicationConfigArn)
	}
	return false, nil
}

func (s *Service) afterStartServerless(ctx context.Context, c *controlplane.Call) error {
	r, err := decode(c)
	if err != nil {
		return err
	}
	_, err = cloudwatchlogs.NewFromConfig(s.account.Config()).CreateLogGroup(ctx, &cloudwatchlogs.CreateLogGroupInput{
		LogGroupName: aws.String("dms-serverless-replication-" + resourceID(r.ReplicationConfigArn)),
	})
	if there := (*logtypes.ResourceAlreadyExistsException)(nil); err != nil && !errors.As(err, &there) {
		return fmt.Errorf("making the log group of %s: %w", r.ReplicationConfigArn, err)
	}
	if err := s.Start(r.ReplicationConfigArn, r.StartReplicationType); err != nil {
		return err
	}
	return s.afterOneServerless(c)
}

func (s *Service) beforeStopServerless(_ context.Context, c *controlplane.Call) (bool, error) {
	r, err := decode(c)
	if state, _ := s.Task(r.ReplicationConfigArn); err == nil && state.Status != StatusRunning {
		err = invalidState("Replication for Replication Config: %s cannot be stopped because it is not running", r.ReplicationConfigArn)
	}
	return false, err
}

func (s *Service) afterStopServerless(_ context.Context, c *controlplane.Call) error {
	r, err := decode(c)
	if err != nil {
		return err
	}
	s.beginStop(r.ReplicationConfigArn)
	return s.afterOneServerless(c)
}

// beforeChangeServerless: https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Serverless.Limitations.html. One that
// never ran can be deleted too, as in the AWS provider's tests.
func (s *Service) beforeChangeServerless(_ context.Context, c *controlplane.Call) (bool, error) {
	r, err := decode(c)
	switch state, _ := s.Task(r.ReplicationConfigArn); {
	case err != nil:
	case state.Status.active():
		err = invalidState("Replication Config %s is in %s state: stop it first", r.ReplicationConfigArn, state.Status)
	case s.isModifying(r.ReplicationConfigArn):
		err = invalidState("Replication Config %s is in MODIFYING state", r.ReplicationConfigArn)
	}
	return false, err
}

func (s *Service) afterModifyServerless(_ context.Context, c *controlplane.Call) error {
	r, err := decode(c)
	if err != nil {
		return err
	}
	s.modify(r.ReplicationConfigArn)
	return nil
}

func (s *Service) afterDeleteServerless(_ context.Context, c *controlplane.Call) error {
	r, err := decode(c)
	if err == nil {
		s.Delete(r.ReplicationConfigArn)
	}
	return err
}

func (s *Service) afterOneServerless(c *controlplane.Call) error {
	var answer map[string]any
	if err := json.Unmarshal(c.ResponseBody, &answer); err != nil {
		return fmt.Errorf("reading the answer of %s: %w", c.Action, err)
	}
	if r, ok := answer["Replication"].(map[string]any); ok {
		s.describeServerless(r)
	}
	return answerWith(c, answer)
}

func (s *Service) afterDescribeServerless(_ context.Context, c *controlplane.Call) error {
	var answer map[string]any
	if err := json.Unmarshal(c.ResponseBody, &answer); err != nil {
		return fmt.Errorf("reading the answer of %s: %w", c.Action, err)
	}
	list, _ := answer["Replications"].([]any)
	for _, item := range list {
		if r, ok := item.(map[string]any); ok {
			s.describeServerless(r)
		}
	}
	return answerWith(c, answer)
}

// describeServerless adds a replication's real state to the control plane's description.
func (s *Service) describeServerless(described map[string]any) {
	arn, _ := described["ReplicationConfigArn"].(string)
	if s.isModifying(arn) {
		defer func() { described["Status"] = "modifying" }()
	}
	state, ok := s.Task(arn)
	if !ok {
		described["Status"] = string(s.neverRan)
		return
	}
	maps.Copy(described, map[string]any{
		"Status": string(state.Status), "ReplicationStats": state.statistics(described["ReplicationType"] != "cdc"),
		"ProvisionData": map[string]any{"ProvisionState": "provisioned", "ProvisionedCapacityUnits": 1},
	})
	if !state.Status.active() && s.now().Sub(state.Ended) > keptFor {
		delete(described, "ReplicationStats") // statistics are lost, https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Serverless.Limitations.html
		described["ProvisionData"] = map[string]any{"ProvisionState": "deprovisioned"}
	}
	if !state.Ended.IsZero() {
		described["ReplicationLastStopTime"] = seconds(state.Ended)
		described["ReplicationDeprovisionTime"] = seconds(state.Ended.Add(keptFor))
	}
	if state.StopReason != "" {
		described["StopReason"] = state.StopReason
	}
	if state.Failure != "" {
		described["FailureMessages"] = []string{state.Failure}
	}
}

func (s *Service) serverlessStatistics(_ context.Context, c *controlplane.Call) (bool, error) {
	r, err := decode(c)
	if err != nil {
		return false, err
	}
	state, _ := s.Task(r.ReplicationConfigArn)
	tables := state.Tables
	if tables == nil || !state.Status.active() && s.now().Sub(state.Ended) > keptFor {
		tables = []TableStatistics{} // a deprovisioned replication loses them
	}
	if err := c.Answer(http.StatusOK, map[string]any{"ReplicationConfigArn": r.ReplicationConfigArn, "ReplicationTableStatistics": tables}); err != nil {
		return false, fmt.Errorf("answering %s: %w", c.Action, err)
	}
	return true, nil
}

// reloadServerless makes a running replication load tables again,
// https://docs.aws.amazon.com/dms/latest/APIReference/API_ReloadReplicationTables.html.
func (s *Service) reloadServerless(ctx context.Context, c *controlplane.Call) (bool, error) {
	r, err := decode(c)
	if err != nil {
		return false, err
	}
	d, err := readServerless(ctx, s.client, r.ReplicationConfigArn)
	if err != nil {
		return false, refuse("ResourceNotFoundFault", "Replication Config %s not found.", r.ReplicationConfigArn)
	}
	return true, s.reload(c, r, r.ReplicationConfigArn, d.load, map[string]any{"ReplicationConfigArn": r.ReplicationConfigArn})
}

// idleServerless reports whether no serverless replication with an endpoint runs or is being changed.
func (s *Service) idleServerless(ctx context.Context, endpoint string) error {
	configs, err := s.replications(ctx, endpoint)
	if i := slices.IndexFunc(configs, func(c configuration) bool {
		arn := aws.ToString(c.ReplicationConfigArn)
		return s.active(arn) || s.isModifying(arn)
	}); err == nil && i >= 0 {
		return invalidState("Endpoint %s is used by the replication %s, which is active: stop it first", endpoint, aws.ToString(configs[i].ReplicationConfigArn))
	}
	return err
}
