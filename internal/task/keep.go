package task

import (
	"context"
	"errors"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/databasemigrationservice/types"
)

// Keep makes sure that the task runs. It waits while the task changes from one state to another, tests the connections that
// need a test, and starts a task that is halted or has never run. A task that only loads, and has loaded everything, is
// left as it is. The error says why the task does not run, or which endpoint it cannot reach.
//
// DMS tests a changed endpoint by itself, and refuses to start a task meanwhile. The provider then leaves the task
// stopped, https://github.com/hashicorp/terraform-provider-aws/issues/46139.
func (t Task) Keep(ctx context.Context) error {
	task, err := t.settled(ctx)
	if err != nil {
		return err
	}
	if aws.ToString(task.Status) == StateStopped && strings.Contains(aws.ToString(task.StopReason), LoadFinished) {
		return nil
	}
	if err := t.connect(ctx, task); err != nil {
		return err
	}
	return t.resume(ctx, task)
}

// connect tests the connections whose last test failed, and waits for the tests that are under way. An endpoint that was
// never tested is tested too, unless the task runs: that shows enough.
func (t Task) connect(ctx context.Context, task types.ReplicationTask) error {
	instance := aws.ToString(task.ReplicationInstanceArn)
	var problems []error
	for _, e := range endpoints(task) {
		c, err := t.connection(ctx, instance, e.arn)
		if err != nil {
			return err
		}
		switch state := aws.ToString(c.Status); {
		case state == connectionSuccessful, state == "" && aws.ToString(task.Status) == StateRunning:
		case state == connectionTesting:
			problems = append(problems, t.tested(ctx, instance, e))
		default:
			problems = append(problems, t.testConnection(ctx, instance, e))
		}
	}
	return errors.Join(problems...)
}
