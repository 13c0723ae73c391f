package dms

import (
	"cdcpipeline/rehearsal/standins/controlplane"
	"context"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/databasemigrationservice/types"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
)

type connectionKey struct{ endpoint, instance string }

// connection is a test of an endpoint from an instance:
// https://docs.aws.amazon.com/dms/latest/APIReference/API_Connection.html.
type connection struct {
	EndpointArn, EndpointIdentifier, ReplicationInstanceArn string
	Status, LastFailureMessage                              string
}

const (
	connectionTesting    = "testing"
	connectionSuccessful = "successful"
	connectionFailed     = "failed"

	// connectionTime is how long a test may take.
	connectionTime = 30 * time.Second
)

// beforeEndpoint: an endpoint of a task that runs cannot be changed,
// https://github.com/hashicorp/terraform-provider-aws/issues/27661.
func (s *Service) beforeEndpoint(ctx context.Context, c *controlplane.Call) (bool, error) {
	r, err := decode(c)
	if err != nil {
		return false, err
	}
	tasks, err := s.described(ctx, "endpoint-arn", r.EndpointArn)
	for _, task := range tasks {
		if arn := aws.ToString(task.ReplicationTaskArn); s.active(arn) || s.isModifying(arn) {
			return false, invalidState("Endpoint %s is used by the task %s, which is %s: stop it first", r.EndpointArn, arn, aws.ToString(task.Status))
		}
	}
	return false, err
}

// afterEndpoint forgets that the endpoint was ever reached.
func (s *Service) afterEndpoint(_ context.Context, c *controlplane.Call) error {
	r, err := decode(c)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.changed[r.EndpointArn] = true
	s.forget(r.EndpointArn)
	return nil
}

func (s *Service) beforeDeleteEndpoint(ctx context.Context, c *controlplane.Call) (bool, error) {
	r, err := decode(c)
	if err != nil {
		return false, err
	}
	tasks, err := s.described(ctx, "endpoint-arn", r.EndpointArn)
	if err == nil && len(tasks) > 0 {
		err = invalidState("Endpoint arn:%s is part of one or more ReplicationTasks.", r.EndpointArn)
	}
	if err == nil {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.changed, r.EndpointArn)
		s.forget(r.EndpointArn)
	}
	return false, err
}

// forget drops an endpoint's tests; the lock is held.
func (s *Service) forget(endpoint string) {
	for key := range s.connections {
		if key.endpoint == endpoint {
			delete(s.connections, key)
		}
	}
}

// testedSinceChanged refuses to start a task whose endpoint was changed and not tested since: that is why the provider
// tests it, https://github.com/hashicorp/terraform-provider-aws/issues/27661. Whether DMS demands a test of an endpoint
// that is new is not settled: here it does not.
func (s *Service) testedSinceChanged(ctx context.Context, task string) error {
	tasks, err := s.described(ctx, "replication-task-arn", task)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, t := range tasks {
		for _, endpoint := range []string{aws.ToString(t.SourceEndpointArn), aws.ToString(t.TargetEndpointArn)} {
			if s.changed[endpoint] {
				return invalidState("Test connection for replication instance and endpoint should be successful for starting the replication task: %s was changed", endpoint)
			}
		}
	}
	return nil
}

// testConnection connects as the task would, in the background.
func (s *Service) testConnection(ctx context.Context, c *controlplane.Call) (bool, error) {
	r, err := decode(c)
	if err != nil {
		return false, err
	}
	endpoint, err := readEndpoint(ctx, s.client, r.EndpointArn)
	if err != nil {
		return false, refuse("ResourceNotFoundFault", "Endpoint could not be found: %v", err)
	}
	key := connectionKey{r.EndpointArn, r.ReplicationInstanceArn}
	test := connection{EndpointArn: key.endpoint, ReplicationInstanceArn: key.instance, EndpointIdentifier: aws.ToString(endpoint.EndpointIdentifier), Status: connectionTesting}
	s.mu.Lock()
	if at := s.connections[key]; at != nil && at.Status == connectionTesting {
		s.mu.Unlock()
		return false, invalidState("The connection of %s and %s is already being tested", key.endpoint, key.instance)
	}
	s.connections[key] = &test
	s.mu.Unlock()
	answer := test
	go s.test(key, endpoint, &test)
	if err := c.Answer(http.StatusOK, map[string]any{"Connection": answer}); err != nil {
		return false, fmt.Errorf("answering %s: %w", c.Action, err)
	}
	return true, nil
}

func (s *Service) test(key connectionKey, endpoint *types.Endpoint, test *connection) {
	ctx, cancel := context.WithTimeout(context.Background(), connectionTime)
	defer cancel()
	err := s.reach(ctx, endpoint)
	s.mu.Lock()
	defer s.mu.Unlock()
	if err != nil {
		test.Status, test.LastFailureMessage = connectionFailed, err.Error()
		return
	}
	test.Status = connectionSuccessful
	if s.connections[key] == test { // not changed once more
		delete(s.changed, key.endpoint)
	}
}

func (s *Service) reach(ctx context.Context, endpoint *types.Endpoint) error {
	arn := aws.ToString(endpoint.EndpointArn)
	if endpoint.EndpointType == types.ReplicationEndpointTypeValueTarget {
		target, err := readTarget(ctx, s.client, arn)
		if err != nil {
			return err
		}
		client := kinesis.NewFromConfig(s.account.As(target.role, "dms-session-for-replication"))
		if _, err := client.DescribeStreamSummary(ctx, &kinesis.DescribeStreamSummaryInput{StreamARN: &target.stream}); err != nil {
			return fmt.Errorf("looking at the stream: %w", err)
		}
		return nil
	}
	declared, err := readSource(ctx, s.client, arn)
	if err != nil {
		return err
	}
	from, err := openSource(ctx, s.account, declared)
	if err != nil {
		return err
	}
	conn, err := from.connect(ctx)
	if err != nil {
		return err
	}
	conn.Close()
	return nil
}

func (s *Service) describeConnections(_ context.Context, c *controlplane.Call) (bool, error) {
	r, err := decode(c)
	if err != nil {
		return false, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	found := []connection{}
	for key, test := range s.connections {
		matches := true
		for _, f := range r.Filters {
			value := map[string]string{"endpoint-arn": key.endpoint, "replication-instance-arn": key.instance}[f.Name]
			matches = matches && slices.Contains(f.Values, value)
		}
		if matches {
			found = append(found, *test)
		}
	}
	if err := c.Answer(http.StatusOK, map[string]any{"Connections": found}); err != nil {
		return false, fmt.Errorf("answering %s: %w", c.Action, err)
	}
	return true, nil
}
