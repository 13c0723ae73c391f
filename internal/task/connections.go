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

// untested recognizes a start that DMS refuses because it has not tried the endpoints since they were made or changed: "Test
// connection for replication instance and endpoint should be successful for starting the replication task"; see
// https://github.com/cockroachdb/cockroach/pull/82182.
func untested(err error) bool {
	return isInvalidState(err) && strings.Contains(strings.ToLower(err.Error()), "test connection")
}

// testConnections has the instance connect to both endpoints and waits for the outcomes; all failures come together.
func (t Task) testConnections(ctx context.Context, task types.ReplicationTask) error {
	endpoints := map[string]string{"source": aws.ToString(task.SourceEndpointArn), "target": aws.ToString(task.TargetEndpointArn)}
	var problems []error
	for _, role := range []string{"source", "target"} {
		_, err := t.API.TestConnection(ctx, &dms.TestConnectionInput{
			ReplicationInstanceArn: task.ReplicationInstanceArn, EndpointArn: aws.String(endpoints[role]),
		})
		// A test that is under way already is as good.
		if err != nil && !isInvalidState(err) {
			problems = append(problems, fmt.Errorf("testing the connection to the %s endpoint: %w", role, err))
			continue
		}
		problems = append(problems, t.tested(ctx, aws.ToString(task.ReplicationInstanceArn), role, endpoints[role]))
	}
	return errors.Join(problems...)
}

// tested waits for the outcome of a connection's test.
func (t Task) tested(ctx context.Context, instance, role, endpoint string) error {
	for {
		c, err := t.connection(ctx, instance, endpoint)
		if err != nil {
			return fmt.Errorf("testing the connection to the %s endpoint: %w", role, err)
		}
		switch aws.ToString(c.Status) {
		case "successful":
			t.tell("the connection to the %s endpoint is successful", role)
			return nil
		case "failed":
			return fmt.Errorf("the connection to the %s endpoint %s failed: %s", role, aws.ToString(c.EndpointIdentifier), aws.ToString(c.LastFailureMessage))
		case "deleting":
			return fmt.Errorf("the connection to the %s endpoint is being deleted: run `pulumi up` first", role)
		}
		if err := t.pause(ctx); err != nil {
			return fmt.Errorf("waiting for the test of the connection to the %s endpoint: %w", role, err)
		}
	}
}

// connection is zero as long as DMS lists none.
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
