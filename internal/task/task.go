// Package task works on what DMS replicates a pipeline's tables with, a task of a replication instance or a serverless replication: how it
// is, which of its tables were never loaded, and how it is stopped, started and made to load tables again. It knows DMS's API, and
// nothing of stacks.
//
// The ARN says which kind it is. Everything else is the same for both, in the words that DMS has for tasks.
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
	DescribeReplications(context.Context, *dms.DescribeReplicationsInput, ...func(*dms.Options)) (*dms.DescribeReplicationsOutput, error)
	DescribeReplicationTableStatistics(context.Context, *dms.DescribeReplicationTableStatisticsInput, ...func(*dms.Options)) (*dms.DescribeReplicationTableStatisticsOutput, error)
}

// Writer is the part of DMS that changes one.
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

// LoadFinished is why a task that only loads stops by itself.
const LoadFinished = "FULL_LOAD_ONLY_FINISHED"

// ErrNone is that there is no such task.
var ErrNone = errors.New("does not exist")

// Description says how a task is.
type Description struct {
	Arn string
	// ID is the name that it was given.
	ID string
	// State is one of those above, or what DMS calls a state that passes.
	State         string
	MigrationType types.MigrationTypeValue
	// StopReason and Failure as DMS words them; empty when there was none.
	StopReason, Failure string
	// Source and Target are the ARNs of the endpoints.
	Source, Target string
	// Instance is the ARN of the replication instance; empty when the task is serverless.
	Instance string
	// Started is when the present run began, or the last one, and Stopped when it ended. Fresh is when the last run from the beginning
	// began, and Loaded when its load was finished. Each is nil when it never was.
	Started, Stopped, Fresh, Loaded *time.Time
}

// Describe reads one task, without its settings.
func Describe(ctx context.Context, api Reader, arn string) (Description, error) {
	found, err := kindOf(arn).describe(ctx, api, arn)
	var missing *types.ResourceNotFoundFault // which is how DMS says that a filter finds nothing
	switch {
	case errors.As(err, &missing), err == nil && found == nil:
		return Description{}, fmt.Errorf("the task %s %w: `pulumi up --refresh --run-program` makes it again", arn, ErrNone)
	case err != nil:
		return Description{}, fmt.Errorf("reading the task %s: %w", arn, err)
	}
	return *found, nil
}

// Instance reads the id of the replication instance of a task, which its ARN does not hold; empty when the task is serverless.
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

// Log is where DMS writes a task's log, as [LogOf] says.
func Log(ctx context.Context, api Reader, d Description) (group, stream string, err error) {
	instance, err := Instance(ctx, api, d)
	if err != nil {
		return "", "", err
	}
	group, stream = LogOf(instance, d.Arn)
	return group, stream, nil
}

// LogOf is where DMS writes the log of a task that runs on an instance, or of a serverless one, which has no stream of a known name,
// https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Monitoring.html and
// https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Serverless.Components.html.
func LogOf(instance, arn string) (group, stream string) {
	if Serverless(arn) {
		return "dms-serverless-replication-" + ResourceID(arn), ""
	}
	return "dms-tasks-" + instance, "dms-task-" + ResourceID(arn)
}

// Statistics reads those of all tables, sorted by name.
func Statistics(ctx context.Context, api Reader, arn string) ([]types.TableStatistics, error) {
	all, err := kindOf(arn).statistics(ctx, api, arn)
	if err != nil {
		return nil, fmt.Errorf("reading the table statistics: %w", err)
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

// everRan says that a task was started before, so that it has a position to go on from.
func (d Description) everRan() bool {
	return d.Started != nil || d.Fresh != nil || d.Stopped != nil || d.State == StateStopped
}

// loadedAll says that a task that only loads has stopped because it has.
func (d Description) loadedAll() bool {
	return d.State == StateStopped && strings.Contains(d.StopReason, LoadFinished)
}
