package dms

import (
	control "cdcpipeline/internal/task"
	"context"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	api "github.com/aws/aws-sdk-go-v2/service/databasemigrationservice"
	"github.com/aws/aws-sdk-go-v2/service/databasemigrationservice/types"
	"github.com/stretchr/testify/require"
)

// serverless makes a serverless replication with the scene's tables, and returns the operator's control of it.
func (s *scene) serverless() control.Task {
	s.t.Helper()
	declared, err := s.client.DescribeReplicationTasks(s.t.Context(), &api.DescribeReplicationTasksInput{Filters: filter("replication-task-arn", s.task)})
	require.NoError(s.t, err)
	of := declared.ReplicationTasks[0]
	made, err := s.client.CreateReplicationConfig(s.t.Context(), &api.CreateReplicationConfigInput{
		ReplicationConfigIdentifier: of.ReplicationTaskIdentifier, ResourceIdentifier: of.ReplicationTaskIdentifier, ReplicationType: of.MigrationType,
		SourceEndpointArn: &s.source, TargetEndpointArn: &s.target, TableMappings: of.TableMappings, ReplicationSettings: of.ReplicationTaskSettings,
		ComputeConfig: &types.ComputeConfig{MaxCapacityUnits: aws.Int32(4)},
	})
	require.NoError(s.t, err)
	// From now on the scene waits for the replication.
	s.task = *made.ReplicationConfig.ReplicationConfigArn
	require.Contains(s.t, s.task, ":replication-config:"+*of.ReplicationTaskIdentifier)
	return control.Task{API: s.client, Arn: s.task, Every: 20 * time.Millisecond, Tell: func(line string) { s.t.Log(line) }}
}

func (s *scene) replication() types.Replication {
	s.t.Helper()
	out, err := s.client.DescribeReplications(s.t.Context(), &api.DescribeReplicationsInput{Filters: filter("replication-config-arn", s.task)})
	require.NoError(s.t, err)
	require.Len(s.t, out.Replications, 1)
	return out.Replications[0]
}

func TestAServerlessReplicationLoadsFollowsAndGoesOn(t *testing.T) {
	for _, neverRan := range []Status{"created", "ready"} {
		t.Run(string(neverRan), func(t *testing.T) {
			s := newScene(t, types.MigrationTypeValueFullLoadAndCdc)
			s.service.neverRan = neverRan
			s.exec("INSERT INTO dms_test.plain (name) VALUES ('before')")
			r := s.serverless()
			require.Equal(t, string(neverRan), *s.replication().Status)
			require.NoError(t, r.Keep(t.Context()))
			s.until(func() bool { return len(s.of("plain", "load")) == 1 })
			s.exec("INSERT INTO dms_test.plain (name) VALUES ('while it runs')")
			s.until(func() bool { return len(s.of("plain", "insert")) == 1 })
			require.NoError(t, r.Stop(t.Context()))
			require.NotNil(t, s.replication().ReplicationDeprovisionTime)
			s.exec("INSERT INTO dms_test.plain (name) VALUES ('while it does not')")
			require.NoError(t, r.Keep(t.Context()))
			s.until(func() bool { return len(s.of("plain", "insert")) == 2 })
			require.NoError(t, r.Start(t.Context(), control.StartOptions{Tables: []string{"dms_test.plain"}}))
			require.Len(t, s.of("plain", "load"), 1+3)
			require.ErrorContains(t, r.Start(t.Context(), control.StartOptions{Reload: true}), "loads all tables in its first run alone")
		})
	}
}

func TestWhatAServerlessReplicationRefuses(t *testing.T) {
	s := newScene(t, types.MigrationTypeValueFullLoadAndCdc)
	r := s.serverless()
	start := func(how string, change func(*api.StartReplicationInput)) error {
		in := &api.StartReplicationInput{ReplicationConfigArn: &s.task, StartReplicationType: &how}
		if change != nil {
			change(in)
		}
		_, err := s.client.StartReplication(t.Context(), in)
		return err
	}
	modify := func() error {
		_, err := s.client.ModifyReplicationConfig(t.Context(), &api.ModifyReplicationConfigInput{ReplicationConfigArn: &s.task, ComputeConfig: &types.ComputeConfig{MaxCapacityUnits: aws.Int32(8)}})
		return err
	}
	remove := func() error {
		_, err := s.client.DeleteReplicationConfig(t.Context(), &api.DeleteReplicationConfigInput{ReplicationConfigArn: &s.task})
		return err
	}
	endpoint := func() error {
		_, err := s.client.ModifyEndpoint(t.Context(), &api.ModifyEndpointInput{EndpointArn: &s.source})
		return err
	}
	requireFault(t, start("resume-processing", nil), "InvalidParameterCombinationException", "that have run")
	requireFault(t, start("start-replication", func(in *api.StartReplicationInput) { in.CdcStartPosition = aws.String("mysql-bin.000001:4") }), "InvalidParameterCombinationException", "custom CDC start points")
	require.NoError(t, r.Keep(t.Context()))
	requireFault(t, start("resume-processing", nil), "InvalidResourceStateFault", "running state and cannot start")
	for _, change := range []func() error{modify, remove, endpoint} {
		requireFault(t, change(), "InvalidResourceStateFault", "stop it first")
	}
	require.NoError(t, r.Stop(t.Context()))
	for _, how := range []string{"start-replication", "reload-target"} {
		requireFault(t, start(how, nil), "InvalidParameterCombinationException", "can only be resumed")
	}
	goOn := s.hold()
	require.NoError(t, modify())
	requireFault(t, start("resume-processing", nil), "InvalidResourceStateFault", "MODIFYING state and cannot start")
	goOn()
	require.NoError(t, endpoint())
	s.service.now = func() time.Time { return time.Now().Add(49 * time.Hour) }
	requireFault(t, start("resume-processing", nil), "InvalidResourceStateFault", "deprovisioned")
	statistics, err := control.Statistics(t.Context(), s.client, s.task)
	require.NoError(t, err)
	require.Empty(t, statistics)
	require.NoError(t, remove())
	_, err = control.Describe(t.Context(), s.client, s.task)
	require.ErrorIs(t, err, control.ErrNone)
}

// AWS does not document whether a replication can be stopped while it is provisioned. The stand-in refuses, and
// the caller waits.
func TestAServerlessReplicationIsStoppedWhenItIsProvisioned(t *testing.T) {
	s := newScene(t, types.MigrationTypeValueFullLoadAndCdc)
	s.serverless()
	goOn := s.hold()
	_, err := s.client.StartReplication(context.WithoutCancel(t.Context()), &api.StartReplicationInput{ReplicationConfigArn: &s.task, StartReplicationType: aws.String("start-replication")})
	require.NoError(t, err)
	require.Equal(t, "initializing", *s.replication().Status)
	_, err = s.client.StopReplication(t.Context(), &api.StopReplicationInput{ReplicationConfigArn: &s.task})
	requireFault(t, err, "InvalidResourceStateFault", "cannot be stopped")
	goOn()
	require.NoError(t, control.Task{API: s.client, Arn: s.task, Every: 50 * time.Millisecond}.Stop(t.Context()))
	require.Equal(t, "stopped", *s.replication().Status)
}
