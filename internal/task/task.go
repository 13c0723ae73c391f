// Package task controls a pipeline's DMS task, on a replication instance or serverless. It reports the task's state
// and the tables that were never loaded; it stops and starts the task, and makes it load tables again. It knows DMS's
// API but not stacks.
//
// The ARN determines the kind. Everything else is the same for both, in DMS's terms for tasks.
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

// Reader is the part of DMS that reads a task's state.
type Reader interface {
	DescribeReplicationTasks(context.Context, *dms.DescribeReplicationTasksInput, ...func(*dms.Options)) (*dms.DescribeReplicationTasksOutput, error)
	DescribeReplicationInstances(context.Context, *dms.DescribeReplicationInstancesInput, ...func(*dms.Options)) (*dms.DescribeReplicationInstancesOutput, error)
	DescribeTableStatistics(context.Context, *dms.DescribeTableStatisticsInput, ...func(*dms.Options)) (*dms.DescribeTableStatisticsOutput, error)
	DescribeReplications(context.Context, *dms.DescribeReplicationsInput, ...func(*dms.Options)) (*dms.DescribeReplicationsOutput, error)
	DescribeReplicationTableStatistics(context.Context, *dms.DescribeReplicationTableStatisticsInput, ...func(*dms.Options)) (*dms.DescribeReplicationTableStatisticsOutput, error)
}

// Writer is the part of DMS that changes a task.
type Writer interface {
	Reader
	StartReplicationTask(context.Context, *dms.StartReplicationTaskInput, ...func(*dms.Options)) (*dms.StartReplicationTaskOutput, error)
	StopReplicationTask(context.Context, *dms.StopReplicationTaskInput, ...func(*dms.Options)) (*dms.StopReplicationTaskOutput, error)
	ReloadTables(context.Context, *dms.ReloadTablesInput, ...func(*dms.Options)) (*dms.ReloadTablesOutput, error)
	TestConnection(context.Context, *dms.TestConnectionInput, ...func(*dms.Options)) (*dms.TestConnectionOutput, error)
	DescribeConnections(context.Context, *dms.DescribeConnectionsInput, ...func(*dms.Options)) (*dms.DescribeConnectionsOutput, error)
	StartReplication(context.Context, *dms.StartReplicationInput, ...func(*dms.Options)) (*dms.StartReplicationOutput, error)
	StopReplication(context.Context, *dms.StopReplicationInput, ...func(*dms.Options)) (*dms.StopReplicationOutput, error)
	ReloadReplicationTables(context.Context, *dms.ReloadReplicationTablesInput, ...func(*dms.Options)) (*dms.ReloadReplicationTablesOutput, error)
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

// LoadFinished is the reason for which a task that only loads stops by itself.
const LoadFinished = "FULL_LOAD_ONLY_FINISHED"

// ErrNone means that there is no such task.
var ErrNone = errors.New("does not exist")

// Description is a task's state.
type Description struct {
	Arn string
	// ID is the task's chosen name.
	ID string
	// State is one of those above, or DMS's name of a temporary state.
	State         string
	MigrationType types.MigrationTypeValue
	// StopReason and Failure in DMS's words; empty without one.
	StopReason, Failure string
	// Source and Target are the ARNs of the endpoints.
	Source, Target string
	// Instance is the ARN of the replication instance; empty when the task is serverless.
	Instance string
	// Started is the start of the present or last run, and Stopped its end. Fresh is the start of the last run from
	// the beginning, and Loaded the end of its load. Each is nil when it never happened.
	Started, Stopped, Fresh, Loaded *time.Time
}

// Describe reads one task, without its settings.
func Describe(ctx context.Context, api Reader, arn string) (Description, error) {
	found, err := kindOf(arn).describe(ctx, api, arn)
	var missing *types.ResourceNotFoundFault // DMS's answer when a filter matches nothing
	switch {
	case errors.As(err, &missing), err == nil && found == nil:
		return Description{}, fmt.Errorf("the task %s %w: `pulumi up --refresh --run-program` makes it again", arn, ErrNone)
	case err != nil:
		return Description{}, fmt.Errorf("reading the task %s: %w", arn, err)
	}
	return *found, nil
}

// Instance reads the id of a task's replication instance, which the instance's ARN does not contain; empty for a
// serverless task.
func Instance(ctx context.Context, api Reader, d Description) (string, error) {
	if Serverless(d.Arn) {
		return "", nil
	}
	out, err := api.DescribeReplicationInstances(ctx, &dms.DescribeReplicationInstancesInput{
		Filters: []types.Filter{{Name: aws.String("replication-instance-arn"), Values: []string{d.Instance}}},
	})
	if err != nil {
		return "", fmt.Errorf("reading the replication instance %s: %w", d.Instance, err)
	}
	for _, instance := range out.ReplicationInstances {
		if aws.ToString(instance.ReplicationInstanceArn) == d.Instance {
			return aws.ToString(instance.ReplicationInstanceIdentifier), nil
		}
	}
	return "", fmt.Errorf("the replication instance %s does not exist", d.Instance)
}

// Log is the location of a task's log, as in [LogOf].
func Log(ctx context.Context, api Reader, d Description) (group, stream string, err error) {
	instance, err := Instance(ctx, api, d)
	if err != nil {
		return "", "", err
	}
	group, stream = LogOf(instance, d.Arn)
	return group, stream, nil
}

// LogOf is the log of a task on an instance, or of a serverless one, whose stream name is unknown,
// https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Monitoring.html and
// https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Serverless.Components.html.
func LogOf(instance, arn string) (group, stream string) {
	if Serverless(arn) {
		return "dms-serverless-replication-" + ResourceID(arn), ""
	}
	return "dms-tasks-" + instance, "dms-task-" + ResourceID(arn)
}

// Statistics reads the statistics of all tables, sorted by name.
func Statistics(ctx context.Context, api Reader, arn string) ([]types.TableStatistics, error) {
	all, err := kindOf(arn).statistics(ctx, api, arn)
	if err != nil {
		return nil, fmt.Errorf("reading the table statistics: %w", err)
	}
	slices.SortFunc(all, func(a, b types.TableStatistics) int { return cmp.Compare(TableName(a), TableName(b)) })
	return all, nil
}

// TableName is a table's name: database.table.
func TableName(t types.TableStatistics) string {
	return aws.ToString(t.SchemaName) + "." + aws.ToString(t.TableName)
}

// ResourceID is an ARN's last part. DMS uses it in the names of metrics and logs.
func ResourceID(arn string) string { return arn[strings.LastIndex(arn, ":")+1:] }

// everRan reports whether a task was started before, so that it has a position to resume from.
func (d Description) everRan() bool {
	return d.Started != nil || d.Fresh != nil || d.Stopped != nil || d.State == StateStopped
}

// loadedAll reports whether a task that only loads has stopped because it finished.
func (d Description) loadedAll() bool {
	return d.State == StateStopped && strings.Contains(d.StopReason, LoadFinished)
}
