package task

import (
	"context"
	"errors"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// Keep makes sure that the task runs. It waits while the task changes its state, tests connections that need a test,
// and starts a task that is halted or has never run. It leaves a task alone that only loads and has loaded
// everything. The error says why the task does not run, or which endpoint it cannot reach.
//
// DMS tests a changed endpoint itself, and refuses to start a task meanwhile. The provider then leaves the task
// stopped, https://github.com/hashicorp/terraform-provider-aws/issues/46139.
func (t Task) Keep(ctx context.Context) error {
	task, err := t.settled(ctx)
	if err != nil {
		return err
	}
	if task.loadedAll() {
		return nil
	}
	if err := t.connect(ctx, task); err != nil {
		return err
	}
	return t.resume(ctx, task)
}

// Continue starts a task that has run before. It leaves a task alone that never ran.
func (t Task) Continue(ctx context.Context) error {
	task, err := t.settled(ctx)
	if err != nil || !task.everRan() {
		return err
	}
	return t.Keep(ctx)
}

// connect tests connections whose last test failed, and waits for tests that are going on. It also tests an endpoint
// that was never tested, unless the task runs, which proves the connection. A serverless replication tests its
// connections itself at its start, and nobody else can.
func (t Task) connect(ctx context.Context, task Description) error {
	if Serverless(task.Arn) {
		return nil
	}
	instance := task.Instance
	var problems []error
	for _, e := range endpoints(task) {
		c, err := t.connection(ctx, instance, e.arn)
		if err != nil {
			return err
		}
		switch state := aws.ToString(c.Status); {
		case state == connectionSuccessful, state == "" && task.State == StateRunning:
		case state == connectionTesting:
			problems = append(problems, t.tested(ctx, instance, e))
		default:
			problems = append(problems, t.testConnection(ctx, instance, e))
		}
	}
	return errors.Join(problems...)
}
