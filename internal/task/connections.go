package task

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	dms "github.com/aws/aws-sdk-go-v2/service/databasemigrationservice"
	"github.com/aws/aws-sdk-go-v2/service/databasemigrationservice/types"
)

// untested recognises DMS's refusal to start because it has not tested the endpoints since they were made or changed:
// "Test connection for replication instance and endpoint should be successful for starting the replication task"; see
// https://github.com/cockroachdb/cockroach/pull/82182.
func untested(err error) bool {
	return isInvalidState(err) && strings.Contains(strings.ToLower(err.Error()), "test connection")
}

// States of a connection, https://docs.aws.amazon.com/dms/latest/APIReference/API_Connection.html.
const (
	connectionTesting    = "testing"
	connectionSuccessful = "successful"
	connectionFailed     = "failed"
	connectionDeleting   = "deleting"
)

// endpoint is one of a task's two endpoints: role is source or target.
type endpoint struct{ role, arn string }

func endpoints(d Description) []endpoint {
	return []endpoint{{"source", d.Source}, {"target", d.Target}}
}

// testConnections makes the instance connect to both endpoints and waits for the results; all failures are reported
// together.
func (t Task) testConnections(ctx context.Context, task Description) error {
	var problems []error
	for _, e := range endpoints(task) {
		problems = append(problems, t.testConnection(ctx, task.Instance, e))
	}
	return errors.Join(problems...)
}

// testConnection makes the instance connect to an endpoint and waits for the result.
func (t Task) testConnection(ctx context.Context, instance string, e endpoint) error {
	_, err := t.API.TestConnection(ctx, &dms.TestConnectionInput{ReplicationInstanceArn: &instance, EndpointArn: &e.arn})
	// A test that is already going on is as good.
	if err != nil && !isInvalidState(err) {
		return fmt.Errorf("testing the connection to the %s endpoint: %w", e.role, err)
	}
	if err := t.pause(ctx); err != nil { // until DMS no longer returns the previous test's result
		return fmt.Errorf("waiting for the test of the connection to the %s endpoint: %w", e.role, err)
	}
	return t.tested(ctx, instance, e)
}

// tested waits for the result of a connection test.
func (t Task) tested(ctx context.Context, instance string, e endpoint) error {
	for {
		c, err := t.connection(ctx, instance, e.arn)
		if err != nil {
			return fmt.Errorf("testing the connection to the %s endpoint: %w", e.role, err)
		}
		switch aws.ToString(c.Status) {
		case connectionSuccessful:
			t.tell("the connection to the %s endpoint is successful", e.role)
			return nil
		case connectionFailed:
			return fmt.Errorf("the connection to the %s endpoint %s failed: %s", e.role, aws.ToString(c.EndpointIdentifier), aws.ToString(c.LastFailureMessage))
		case connectionDeleting:
			return fmt.Errorf("the connection to the %s endpoint is being deleted: run `pulumi up` first", e.role)
		}
		if err := t.pause(ctx); err != nil {
			return fmt.Errorf("waiting for the test of the connection to the %s endpoint: %w", e.role, err)
		}
	}
}

// connection is zero while DMS lists none.
func (t Task) connection(ctx context.Context, instance, endpoint string) (types.Connection, error) {
	out, err := t.API.DescribeConnections(ctx, &dms.DescribeConnectionsInput{Filters: []types.Filter{
		{Name: aws.String("endpoint-arn"), Values: []string{endpoint}},
		{Name: aws.String("replication-instance-arn"), Values: []string{instance}},
	}})
	if missing := (*types.ResourceNotFoundFault)(nil); errors.As(err, &missing) {
		return types.Connection{}, nil
	}
	if err != nil {
		return types.Connection{}, fmt.Errorf("reading its outcome: %w", err)
	}
	for _, c := range out.Connections {
		if aws.ToString(c.EndpointArn) == endpoint && aws.ToString(c.ReplicationInstanceArn) == instance {
			return c, nil
		}
	}
	return types.Connection{}, nil
}
