// Package task works on the DMS task of a pipeline: how it is, which of its tables were never loaded, and how it is stopped,
// started and made to load tables again. It knows DMS's API, and nothing of stacks.
package task

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	dms "github.com/aws/aws-sdk-go-v2/service/databasemigrationservice"
	"github.com/aws/aws-sdk-go-v2/service/databasemigrationservice/types"
)

// Reader is the part of DMS that says how a task is.
type Reader interface {
	DescribeReplicationTasks(context.Context, *dms.DescribeReplicationTasksInput, ...func(*dms.Options)) (*dms.DescribeReplicationTasksOutput, error)
	DescribeReplicationInstances(context.Context, *dms.DescribeReplicationInstancesInput, ...func(*dms.Options)) (*dms.DescribeReplicationInstancesOutput, error)
	DescribeTableStatistics(context.Context, *dms.DescribeTableStatisticsInput, ...func(*dms.Options)) (*dms.DescribeTableStatisticsOutput, error)
}

// Writer is the part of DMS that changes one.
type Writer interface {
	Reader
	StartReplicationTask(context.Context, *dms.StartReplicationTaskInput, ...func(*dms.Options)) (*dms.StartReplicationTaskOutput, error)
	StopReplicationTask(context.Context, *dms.StopReplicationTaskInput, ...func(*dms.Options)) (*dms.StopReplicationTaskOutput, error)
	ReloadTables(context.Context, *dms.ReloadTablesInput, ...func(*dms.Options)) (*dms.ReloadTablesOutput, error)
	TestConnection(context.Context, *dms.TestConnectionInput, ...func(*dms.Options)) (*dms.TestConnectionOutput, error)
	DescribeConnections(context.Context, *dms.DescribeConnectionsInput, ...func(*dms.Options)) (*dms.DescribeConnectionsOutput, error)
}

// States of a task, https://docs.aws.amazon.com/dms/latest/APIReference/API_ReplicationTask.html.
const (
	StateReady    = "ready"
	StateStarting = "starting"
	StateRunning  = "running"
	StateStopped  = "stopped"
	StateFailed   = "failed"
	StateDeleting = "deleting"
	StateNotMoved = "failed-move"
)

// LoadFinished is why a task that only loads stops by itself.
const LoadFinished = "FULL_LOAD_ONLY_FINISHED"

// Describe reads one task, without its settings.
func Describe(ctx context.Context, api Reader, arn string) (types.ReplicationTask, error) {
	out, err := api.DescribeReplicationTasks(ctx, &dms.DescribeReplicationTasksInput{
		Filters: []types.Filter{{Name: aws.String("replication-task-arn"), Values: []string{arn}}}, WithoutSettings: aws.Bool(true),
	})
	var missing *types.ResourceNotFoundFault // which is how DMS says that a filter finds nothing
	switch {
	case errors.As(err, &missing):
		out = &dms.DescribeReplicationTasksOutput{}
	case err != nil:
		return types.ReplicationTask{}, fmt.Errorf("reading the task %s: %w", arn, err)
	}
	for _, task := range out.ReplicationTasks {
		if aws.ToString(task.ReplicationTaskArn) == arn {
			return task, nil
		}
	}
	return types.ReplicationTask{}, fmt.Errorf("the task %s does not exist: `pulumi up --refresh --run-program` makes it again", arn)
}

// Instance reads the id of the instance a task runs on, which its ARN does not hold.
func Instance(ctx context.Context, api Reader, arn string) (string, error) {
	out, err := api.DescribeReplicationInstances(ctx, &dms.DescribeReplicationInstancesInput{
		Filters: []types.Filter{{Name: aws.String("replication-instance-arn"), Values: []string{arn}}},
	})
	if err != nil {
		return "", fmt.Errorf("reading the replication instance %s: %w", arn, err)
	}
	for _, instance := range out.ReplicationInstances {
		if aws.ToString(instance.ReplicationInstanceArn) == arn {
			return aws.ToString(instance.ReplicationInstanceIdentifier), nil
		}
	}
	return "", fmt.Errorf("the replication instance %s does not exist", arn)
}

// Statistics reads those of all tables, sorted by name.
func Statistics(ctx context.Context, api Reader, arn string) ([]types.TableStatistics, error) {
	var all []types.TableStatistics
	in := &dms.DescribeTableStatisticsInput{ReplicationTaskArn: &arn}
	for {
		out, err := api.DescribeTableStatistics(ctx, in)
		if err != nil {
			return nil, fmt.Errorf("reading the table statistics: %w", err)
		}
		all = append(all, out.TableStatistics...)
		if in.Marker = out.Marker; aws.ToString(in.Marker) == "" {
			break
		}
	}
	slices.SortFunc(all, func(a, b types.TableStatistics) int { return cmp.Compare(TableName(a), TableName(b)) })
	return all, nil
}

// TableName is a table as people write it: database.table.
func TableName(t types.TableStatistics) string {
	return aws.ToString(t.SchemaName) + "." + aws.ToString(t.TableName)
}

// ResourceID is an ARN's last part. DMS names tasks in metrics and logs by it.
func ResourceID(arn string) string { return arn[strings.LastIndex(arn, ":")+1:] }

// Log is where DMS writes a task's log: group and stream,
// https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Monitoring.html.
func Log(instance, taskArn string) (group, stream string) {
	return "dms-tasks-" + instance, "dms-task-" + ResourceID(taskArn)
}

// everRan says that a task was started before, so that it has a position to go on from.
func everRan(task types.ReplicationTask) bool {
	s := task.ReplicationTaskStats
	return s != nil && (s.StartDate != nil || s.FreshStartDate != nil)
}

func stoppedAt(task types.ReplicationTask) time.Time {
	if task.ReplicationTaskStats == nil {
		return time.Time{}
	}
	return aws.ToTime(task.ReplicationTaskStats.StopDate)
}
