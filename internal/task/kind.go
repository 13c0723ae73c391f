package task

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	dms "github.com/aws/aws-sdk-go-v2/service/databasemigrationservice"
	"github.com/aws/aws-sdk-go-v2/service/databasemigrationservice/types"
)

// kind hides the differences between DMS's API for a task on an instance and for a serverless one.
type kind interface {
	// describe returns nil when there is no such task.
	describe(ctx context.Context, api Reader, arn string) (*Description, error)
	statistics(ctx context.Context, api Reader, arn string) ([]types.TableStatistics, error)
	start(ctx context.Context, api Writer, arn string, how types.StartReplicationTaskTypeValue) error
	stop(ctx context.Context, api Writer, arn string) error
	reload(ctx context.Context, api Writer, arn string, tables []types.TableToReload) error
}

// kindOf returns a task's kind.
func kindOf(arn string) kind {
	if Serverless(arn) {
		return serverless{}
	}
	return onInstance{}
}

// Serverless reports whether an ARN names a serverless replication, by its configuration.
func Serverless(arn string) bool { return strings.Contains(arn, ":replication-config:") }

// onInstance is a task on a replication instance.
type onInstance struct{}

func (onInstance) describe(ctx context.Context, api Reader, arn string) (*Description, error) {
	out, err := api.DescribeReplicationTasks(ctx, &dms.DescribeReplicationTasksInput{
		Filters: []types.Filter{{Name: aws.String("replication-task-arn"), Values: []string{arn}}}, WithoutSettings: aws.Bool(true),
	})
	if err != nil {
		return nil, err //nolint:wrapcheck // Describe says what was read
	}
	for _, task := range out.ReplicationTasks {
		if aws.ToString(task.ReplicationTaskArn) != arn {
			continue
		}
		d := &Description{
			Arn: arn, ID: aws.ToString(task.ReplicationTaskIdentifier), State: aws.ToString(task.Status), MigrationType: task.MigrationType,
			StopReason: aws.ToString(task.StopReason), Failure: aws.ToString(task.LastFailureMessage),
			Source: aws.ToString(task.SourceEndpointArn), Target: aws.ToString(task.TargetEndpointArn), Instance: aws.ToString(task.ReplicationInstanceArn),
		}
		if s := task.ReplicationTaskStats; s != nil {
			d.Started, d.Stopped, d.Fresh, d.Loaded = s.StartDate, s.StopDate, s.FreshStartDate, s.FullLoadFinishDate
		}
		return d, nil
	}
	return nil, nil
}

func (onInstance) statistics(ctx context.Context, api Reader, arn string) ([]types.TableStatistics, error) {
	var all []types.TableStatistics
	in := &dms.DescribeTableStatisticsInput{ReplicationTaskArn: &arn}
	for {
		out, err := api.DescribeTableStatistics(ctx, in)
		if err != nil {
			return nil, err //nolint:wrapcheck // Statistics says what was read
		}
		all = append(all, out.TableStatistics...)
		if in.Marker = out.Marker; aws.ToString(in.Marker) == "" {
			return all, nil
		}
	}
}

func (onInstance) start(ctx context.Context, api Writer, arn string, how types.StartReplicationTaskTypeValue) error {
	_, err := api.StartReplicationTask(ctx, &dms.StartReplicationTaskInput{ReplicationTaskArn: &arn, StartReplicationTaskType: how})
	return err //nolint:wrapcheck // its caller says what was started
}

func (onInstance) stop(ctx context.Context, api Writer, arn string) error {
	_, err := api.StopReplicationTask(ctx, &dms.StopReplicationTaskInput{ReplicationTaskArn: &arn})
	return err //nolint:wrapcheck // its caller says what was stopped
}

func (onInstance) reload(ctx context.Context, api Writer, arn string, tables []types.TableToReload) error {
	_, err := api.ReloadTables(ctx, &dms.ReloadTablesInput{ReplicationTaskArn: &arn, TablesToReload: tables, ReloadOption: types.ReloadOptionValueDataReload})
	return err //nolint:wrapcheck // its caller says what was loaded
}
