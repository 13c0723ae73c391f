package replication

import (
	"encoding/json"
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// TaskEvents is the EventBridge pattern, as JSON, for the events of DMS when the present task has failed or stopped.
// DMS sends events by best effort, https://docs.aws.amazon.com/eventbridge/latest/ref/events-ref-dms.html.
//
// An event is identified by the resource's ARN and the end of its type. For a task on an instance that is
// REPLICATION_TASK_STOPPED (https://docs.aws.amazon.com/dms/latest/userguide/CHAP_EventBridge.html). DMS does not
// document the events of a serverless task. We have seen REPLICATION_FAILED with the configuration's ARN, and no
// REPLICATION_TASK_FAILED.
func (r *Replication) TaskEvents() pulumi.StringOutput {
	return r.TaskArn.ApplyT(func(arn string) (string, error) {
		return pattern(map[string]any{
			"source": []string{"aws.dms"}, "resources": []string{arn},
			"detail": map[string]any{"eventType": []any{map[string]string{"suffix": "_FAILED"}, map[string]string{"suffix": "_STOPPED"}}},
		})
	}).(pulumi.StringOutput)
}

// InstanceEvents is the pattern for the replication instance: a failure, a failover, low storage. Nil without an
// instance. An instance's other events report actions that somebody requested.
func (r *Replication) InstanceEvents() pulumi.StringInput {
	if !r.onInstance {
		return nil
	}
	return r.InstanceArn.ApplyT(func(arn string) (string, error) {
		return pattern(map[string]any{
			"source": []string{"aws.dms"}, "resources": []string{arn},
			"detail": map[string]any{"category": []string{"Failure", "Failover", "LowStorage"}},
		})
	}).(pulumi.StringOutput)
}

func pattern(of map[string]any) (string, error) {
	text, err := json.Marshal(of)
	if err != nil {
		return "", fmt.Errorf("writing a pattern of events: %w", err)
	}
	return string(text), nil
}
