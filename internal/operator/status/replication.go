package status

import (
	"cdcpipeline/internal/outputs"
	"cdcpipeline/internal/table"
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/databasemigrationservice/types"
	"github.com/aws/smithy-go"
)

// readTask reads the task, its instance and where its log is.
func readTask(ctx context.Context, api TaskReader, o outputs.Outputs) TaskStatus {
	status := TaskStatus{Arn: o.TaskArn}
	task, err := describeTask(ctx, api, o.TaskArn)
	if err != nil {
		status.Error = explain(ctx, err)
		return status
	}
	status.ID, status.State = aws.ToString(task.ReplicationTaskIdentifier), aws.ToString(task.Status)
	status.MigrationType = string(task.MigrationType)
	status.StopReason, status.LastFailure = aws.ToString(task.StopReason), aws.ToString(task.LastFailureMessage)
	if s := task.ReplicationTaskStats; s != nil {
		status.StartedAt, status.StoppedAt = utc(s.StartDate), utc(s.StopDate)
	}
	if status.instance, err = describeInstance(ctx, api, aws.ToString(task.ReplicationInstanceArn)); err != nil {
		status.Error = explain(ctx, err)
		return status
	}
	status.LogGroup, status.LogStream = taskLog(status.instance, o.TaskArn)
	return status
}

// readTables reads the statistics and finds the tables whose load is missing.
func readTables(ctx context.Context, api TaskReader, o outputs.Outputs) TablesStatus {
	status := TablesStatus{List: []TableStatus{}, NotLoaded: []string{}}
	statistics, err := tableStatistics(ctx, api, o.TaskArn)
	if err != nil {
		status.Error = explain(ctx, err)
		return status
	}
	for _, t := range statistics {
		status.List = append(status.List, TableStatus{
			Name: tableName(t), State: aws.ToString(t.TableState), FullLoadRows: t.FullLoadRows, LoadedAt: utc(t.FullLoadEndTime),
			Inserts: t.Inserts, Updates: t.Updates, Deletes: t.Deletes, Ddls: t.Ddls, Validation: "n/a",
		})
	}
	status.NotLoaded = notLoaded(o, statistics)
	return status
}

// notLoaded are configured tables that the task does not know, and those the deployment found added after the first load
// that have not been loaded since.
func notLoaded(o outputs.Outputs, statistics []types.TableStatistics) []string {
	missing := []string{}
	for _, configured := range o.Tables {
		pattern, err := table.ParsePattern(configured)
		if err != nil || !slices.ContainsFunc(statistics, func(t types.TableStatistics) bool {
			return pattern.Matches(table.Name{Database: aws.ToString(t.SchemaName), Table: aws.ToString(t.TableName)})
		}) {
			missing = append(missing, configured)
		}
	}
	for _, added := range o.TablesNotLoaded {
		loaded := slices.ContainsFunc(statistics, func(t types.TableStatistics) bool {
			return tableName(t) == added && t.FullLoadEndTime != nil && aws.ToString(t.TableState) == tableCompleted
		})
		if !loaded && !slices.Contains(missing, added) {
			missing = append(missing, added)
		}
	}
	return missing
}

func utc(t *time.Time) *time.Time {
	if t == nil {
		return nil
	}
	return aws.Time(t.UTC().Truncate(time.Second))
}

// explain is an error in a line; of one that ran out of time it says so.
func explain(ctx context.Context, err error) string {
	text := err.Error()
	var call *smithy.OperationError
	var refusal smithy.APIError
	if errors.As(err, &call) && errors.As(err, &refusal) { // without the ids of requests
		text = strings.Replace(text, call.Error(), refusal.ErrorCode()+": "+refusal.ErrorMessage(), 1)
	}
	text = firstLine(text)
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return "no answer in time: " + text
	}
	return text
}

func firstLine(text string) string {
	line, _, _ := strings.Cut(text, "\n")
	return line
}
