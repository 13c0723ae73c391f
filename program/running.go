package program

import (
	"cdcpipeline/components/feed"
	"cdcpipeline/internal/awsconfig"
	"cdcpipeline/internal/task"
	"context"
	"errors"
	"fmt"
	"time"

	dms "github.com/aws/aws-sdk-go-v2/service/databasemigrationservice"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/internals"
)

// runEvery is the interval between two checks of the task.
const runEvery = 2 * time.Second

// keeper makes a task run, or returns why it does not: task.Task.Keep, with the deployment's credentials. It also
// resumes the next task, if there is one and it ran before.
type keeper func(ctx context.Context, taskArn, nextTaskArn string, tell func(line string)) error

// keepByDMS is the keeper with the program's default AWS provider (its `aws:*` configuration, or the environment).
func keepByDMS(settings awsconfig.Settings) keeper {
	return func(ctx context.Context, taskArn, nextTaskArn string, tell func(string)) error {
		cfg, err := awsconfig.Load(ctx, settings)
		if err != nil {
			return fmt.Errorf("preparing to ask DMS: %w", err)
		}
		present := task.Task{API: dms.NewFromConfig(cfg), Arn: taskArn, Tell: tell, Every: runEvery}
		problem := present.Keep(ctx)
		if nextTaskArn == "" {
			return problem //nolint:wrapcheck // it names what was kept
		}
		next := present
		next.Arn = nextTaskArn
		if err := next.Continue(ctx); err != nil {
			problem = errors.Join(problem, fmt.Errorf("the next task: %w", err))
		}
		return problem
	}
}

// StopTask returns a function that stops a serverless task and waits until it has stopped, with the credentials of
// the program's default AWS provider. Pass it as replication.ReplicationArgs.Stop.
func StopTask(ctx *pulumi.Context) (func(ctx context.Context, taskArn string) error, error) {
	settings, err := awsSettings(ctx)
	if err != nil {
		return nil, err
	}
	return stopByDMS(settings), nil
}

// stopByDMS stops a task and waits until it has stopped, with the deployment's credentials. A task that does not
// exist yet counts as stopped.
func stopByDMS(settings awsconfig.Settings) func(ctx context.Context, taskArn string) error {
	return func(ctx context.Context, taskArn string) error {
		cfg, err := awsconfig.Load(ctx, settings)
		if err != nil {
			return fmt.Errorf("preparing to ask DMS: %w", err)
		}
		ctx, cancel := context.WithTimeout(ctx, task.StartPatience(taskArn))
		defer cancel()
		if err := (task.Task{API: dms.NewFromConfig(cfg), Arn: taskArn, Every: runEvery}).Stop(ctx); err != nil && !errors.Is(err, task.ErrNone) {
			return err //nolint:wrapcheck // it names what was stopped
		}
		return nil
	}
}

// runTask starts the task after its configuration is up to date. It does so in every deployment, even one without
// changes, and never in a preview. The output is the reason why the task does not run, empty when it runs. It never
// fails, so stack outputs that wait for it are still written.
func runTask(ctx *pulumi.Context, f *feed.Feed, keep keeper) pulumi.StringOutput {
	if ctx.DryRun() {
		return pulumi.String("").ToStringOutput()
	}
	tell := func(line string) { _ = ctx.Log.Info(line, &pulumi.LogArgs{Resource: f.Replication, Ephemeral: true}) }
	arns := pulumi.ToStringArrayOutput([]pulumi.StringOutput{f.Replication.TaskArn, f.Replication.NextTaskArn})
	return arns.ApplyTWithContext(ctx.Context(), func(ctx context.Context, arns []string) string {
		ctx, cancel := context.WithTimeout(ctx, max(task.StartPatience(arns[0]), task.StartPatience(arns[1])))
		defer cancel()
		if err := keep(ctx, arns[0], arns[1], tell); err != nil {
			return err.Error()
		}
		return ""
	}).(pulumi.StringOutput)
}

// TaskRuns waits until the replication task of each source runs, and fails the deployment when one does not. Call it
// last.
func (d *Deployment) TaskRuns(ctx *pulumi.Context) error {
	var problems []error
	for i, f := range d.Feeds {
		result, err := internals.UnsafeAwaitOutput(ctx.Context(), d.running[i])
		if err != nil {
			continue // The task could not be made, and the engine reports that.
		}
		if problem, _ := result.Value.(string); problem != "" {
			of, start := "", "cdc start"
			if name := f.Config.Name; name != "" {
				of, start = " of the source "+name, "cdc start --source "+name
			}
			problems = append(problems, fmt.Errorf("the replication task%s does not run: %s\nfix this, then run `pulumi up` or `%s`", of, problem, start))
		}
	}
	return errors.Join(problems...)
}
