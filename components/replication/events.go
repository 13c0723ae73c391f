package replication

import (
	"encoding/json"
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// TaskEvents is the pattern of EventBridge for what DMS says of the present task when it has failed or stopped, as JSON. DMS sends events by
// best effort, https://docs.aws.amazon.com/eventbridge/latest/ref/events-ref-dms.html.
//
// An event is known by the resource's ARN and the end of its type: of a task on an instance that is REPLICATION_TASK_STOPPED
// (https://docs.aws.amazon.com/dms/latest/userguide/CHAP_EventBridge.html). What a serverless one sends is not documented; seen were
// REPLICATION_FAILED of the configuration's ARN, and no REPLICATION_TASK_FAILED.
func (r *Replication) TaskEvents() pulumi.StringOutput {
	return r.TaskArn.ApplyT(func(arn string) (string, error) {
		return pattern(map[string]any{
			"source": []string{"aws.dms"}, "resources": []string{arn},
			"detail": map[string]any{"eventType": []any{map[string]string{"suffix": "_FAILED"}, map[string]string{"suffix": "_STOPPED"}}},
		})
	}).(pulumi.StringOutput)
}

// InstanceEvents is the same of the replication instance: a failure, a failover, little storage. Nil without an instance. Other events of an
// instance tell of what somebody has asked for.
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
