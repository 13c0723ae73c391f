package dms

import (
	"cdcpipeline/rehearsal/standins/controlplane"
	"context"
	"errors"
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

	// connectionTime is the maximum duration of a test, untilKnown the minimum.
	connectionTime = 30 * time.Second
	untilKnown     = 2 * time.Second
)

// beforeEndpoint refuses to change an endpoint of a running task:
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
	return false, errors.Join(err, s.idleServerless(ctx, r.EndpointArn))
}

// afterEndpoint discards the endpoint's tests, and tests it again from its tasks' instances, as DMS does,
// https://github.com/hashicorp/terraform-provider-aws/issues/46139.
func (s *Service) afterEndpoint(ctx context.Context, c *controlplane.Call) error {
	r, err := decode(c)
	if err != nil {
		return err
	}
	tasks, err := s.described(ctx, "endpoint-arn", r.EndpointArn)
	if err != nil {
		return err
	}
	s.mu.Lock()
	s.forget(r.EndpointArn)
	s.mu.Unlock()
	for _, task := range tasks {
		if _, err := s.beginTest(ctx, connectionKey{r.EndpointArn, aws.ToString(task.ReplicationInstanceArn)}); err != nil {
			return err
		}
	}
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
		var configs []configuration
		if configs, err = s.replications(ctx, r.EndpointArn); err == nil && len(configs) > 0 {
			err = invalidState("Endpoint %s is part of one or more ReplicationConfigs.", r.EndpointArn)
		}
	}
	if err == nil {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.forget(r.EndpointArn)
	}
	return false, err
}

// forget removes an endpoint's tests; the caller holds the lock.
func (s *Service) forget(endpoint string) {
	for key := range s.connections {
		if key.endpoint == endpoint {
			delete(s.connections, key)
		}
	}
}

// AcceptUntested lets a task start although its endpoints were never tested. Older programs do not test them,
// because nobody had seen DMS refuse. A test that is running or has failed still blocks the task.
func (s *Service) AcceptUntested(accept bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.acceptUntested = accept
}

// tested refuses to start a task with a connection that is not known to work,
// https://github.com/cockroachdb/cockroach/pull/82182.
func (s *Service) tested(ctx context.Context, task string) error {
	tasks, err := s.described(ctx, "replication-task-arn", task)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, t := range tasks {
		for _, endpoint := range []string{aws.ToString(t.SourceEndpointArn), aws.ToString(t.TargetEndpointArn)} {
			test := s.connections[connectionKey{endpoint, aws.ToString(t.ReplicationInstanceArn)}]
			if test == nil && s.acceptUntested || test != nil && test.Status == connectionSuccessful {
				continue
			}
			return invalidState("Test connection for replication instance and endpoint should be successful for starting the replication task: %s", endpoint)
		}
	}
	return nil
}

// testConnection connects as the task does, in the background.
func (s *Service) testConnection(ctx context.Context, c *controlplane.Call) (bool, error) {
	r, err := decode(c)
	if err != nil {
		return false, err
	}
	test, err := s.beginTest(ctx, connectionKey{r.EndpointArn, r.ReplicationInstanceArn})
	if err != nil {
		return false, err
	}
	if err := c.Answer(http.StatusOK, map[string]any{"Connection": test}); err != nil {
		return false, fmt.Errorf("answering %s: %w", c.Action, err)
	}
	return true, nil
}

func (s *Service) beginTest(ctx context.Context, key connectionKey) (connection, error) {
	endpoint, err := readEndpoint(ctx, s.client, key.endpoint)
	if err != nil {
		return connection{}, refuse("ResourceNotFoundFault", "Endpoint could not be found: %v", err)
	}
	test := connection{EndpointArn: key.endpoint, ReplicationInstanceArn: key.instance, EndpointIdentifier: aws.ToString(endpoint.EndpointIdentifier), Status: connectionTesting}
	s.mu.Lock()
	defer s.mu.Unlock()
	if at := s.connections[key]; at != nil && at.Status == connectionTesting {
		return connection{}, invalidState("The connection of %s and %s is already being tested", key.endpoint, key.instance)
	}
	begun := test
	s.connections[key] = &begun
	go s.test(endpoint, &begun)
	return test, nil
}

func (s *Service) test(endpoint *types.Endpoint, test *connection) {
	ctx, cancel := context.WithTimeout(context.Background(), connectionTime)
	defer cancel()
	known := s.after(untilKnown)
	err := s.reach(ctx, endpoint)
	<-known
	s.mu.Lock()
	defer s.mu.Unlock()
	if err != nil {
		test.Status, test.LastFailureMessage = connectionFailed, err.Error()
		return
	}
	test.Status = connectionSuccessful
}

func (s *Service) reach(ctx context.Context, endpoint *types.Endpoint) error {
	arn := aws.ToString(endpoint.EndpointArn)
	if endpoint.EndpointType == types.ReplicationEndpointTypeValueTarget {
		target, err := readTarget(ctx, s.client, arn)
		if err != nil {
			return err
		}
		client := kinesis.NewFromConfig(s.account.AsRole(target.role, "dms-session-for-replication"))
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
	if declared.postgres != nil {
		conn, err := from.connectPostgres(ctx, declared.postgres.database)
		if err != nil {
			return err
		}
		return closePostgres(conn)
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
