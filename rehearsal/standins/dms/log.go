package dms

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	api "github.com/aws/aws-sdk-go-v2/service/databasemigrationservice"
)

// makeLog makes the log group of an instance's tasks, like DMS when a task starts and there is none,
// https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Monitoring.html.
func (s *Service) makeLog(ctx context.Context, task string) error {
	tasks, err := s.described(ctx, "replication-task-arn", task)
	if err != nil || len(tasks) != 1 {
		return err
	}
	out, err := s.client.DescribeReplicationInstances(ctx, &api.DescribeReplicationInstancesInput{
		Filters: filter("replication-instance-arn", aws.ToString(tasks[0].ReplicationInstanceArn)),
	})
	if err != nil {
		return fmt.Errorf("reading the instance of %s: %w", task, err)
	}
	for _, instance := range out.ReplicationInstances {
		_, err := cloudwatchlogs.NewFromConfig(s.account.Config()).CreateLogGroup(ctx, &cloudwatchlogs.CreateLogGroupInput{
			LogGroupName: aws.String("dms-tasks-" + aws.ToString(instance.ReplicationInstanceIdentifier)),
		})
		if there := (*types.ResourceAlreadyExistsException)(nil); err != nil && !errors.As(err, &there) {
			return fmt.Errorf("making the log group of %s: %w", task, err)
		}
	}
	return nil
}
