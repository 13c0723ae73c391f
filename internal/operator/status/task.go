package status

import (
	"cdcpipeline/internal/outputs"
	"cdcpipeline/internal/table"
	"cdcpipeline/internal/task"
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/databasemigrationservice/types"
	"github.com/aws/smithy-go"
)

// readTask reads the task, its instance and the location of its log.
func readTask(ctx context.Context, api task.Reader, o outputs.Outputs) TaskStatus {
	status := TaskStatus{Arn: o.TaskArn}
	found, err := task.Describe(ctx, api, o.TaskArn)
	if err != nil {
		status.Error = explain(ctx, err)
		return status
	}
	status.found = found
	status.ID, status.State, status.MigrationType = found.ID, found.State, string(found.MigrationType)
	status.StopReason, status.LastFailure = found.StopReason, found.Failure
	status.StartedAt, status.StoppedAt = utc(found.Started), utc(found.Stopped)
	if status.instance, err = task.Instance(ctx, api, found); err != nil {
		status.Error = explain(ctx, err)
		return status
	}
	status.LogGroup, status.LogStream = task.LogOf(status.instance, o.TaskArn)
	return status
}

// readTables reads the table statistics.
func readTables(ctx context.Context, api task.Reader, o outputs.Outputs) TablesStatus {
	status := TablesStatus{List: []TableStatus{}, NotLoaded: []string{}}
	var err error
	if status.statistics, err = task.Statistics(ctx, api, o.TaskArn); err != nil {
		status.Error = explain(ctx, err)
		return status
	}
	for _, t := range status.statistics {
		status.List = append(status.List, TableStatus{
			Name: task.TableName(t), State: aws.ToString(t.TableState), FullLoadRows: t.FullLoadRows, LoadedAt: utc(t.FullLoadEndTime),
			Inserts: t.Inserts, Updates: t.Updates, Deletes: t.Deletes, Ddls: t.Ddls, Validation: "n/a",
		})
	}
	return status
}

// notLoaded returns the tables that were not loaded, and the configured tables that DMS does not know.
func notLoaded(o outputs.Outputs, found task.Description, statistics []types.TableStatistics) []string {
	var followed []table.Pattern
	missing := []string{}
	for _, configured := range o.Tables {
		pattern, err := table.ParsePattern(configured)
		followed = append(followed, pattern)
		if err != nil || !slices.ContainsFunc(statistics, func(t types.TableStatistics) bool {
			return pattern.Matches(table.Name{Database: aws.ToString(t.SchemaName), Table: aws.ToString(t.TableName)})
		}) {
			missing = append(missing, configured)
		}
	}
	for _, name := range task.NotLoaded(found, statistics, followed, o.TablesNotLoaded) {
		if !slices.Contains(missing, name) {
			missing = append(missing, name)
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

// explain formats an error on one line. It says so if the time ran out.
func explain(ctx context.Context, err error) string {
	text := err.Error()
	var call *smithy.OperationError
	var refusal smithy.APIError
	if errors.As(err, &call) && errors.As(err, &refusal) { // leaves out request ids
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
