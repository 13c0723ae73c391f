package program

import (
	"cdcpipeline/components/pipeline"
	"cdcpipeline/config"
	"cdcpipeline/internal/awsconfig"
	"cdcpipeline/internal/table"
	"cdcpipeline/internal/task"
	"context"
	"fmt"
	"strings"
	"time"

	dms "github.com/aws/aws-sdk-go-v2/service/databasemigrationservice"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// askTimeout is how long a deployment waits for DMS to say which tables it has loaded.
const askTimeout = time.Minute

// taskState asks DMS about a task that follows the given tables: task.Ask, with the credentials of the deployment.
type taskState func(ctx context.Context, taskArn string, followed []table.Pattern) (task.State, error)

// askDMS is the taskState of the program's default AWS provider (its `aws:*` configuration, or the environment).
func askDMS(ctx *pulumi.Context) (taskState, error) {
	settings, err := awsSettings(ctx)
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context, taskArn string, followed []table.Pattern) (task.State, error) {
		cfg, err := awsconfig.Load(ctx, settings)
		if err != nil {
			return task.State{}, fmt.Errorf("preparing to ask DMS: %w", err)
		}
		return task.Ask(ctx, dms.NewFromConfig(cfg), taskArn, followed)
	}, nil
}

// tablesNotLoaded are the followed tables, database.table, whose rows DMS never loaded: those that were added to the task
// after it had run, until they are reloaded. It is unknown in a preview, where the task is as it was.
//
// DMS is asked once the task is as it should be, and cannot fail the deployment any more: what goes wrong then is a
// warning, and so is a task that does not run although every change of it ends with its start.
func tablesNotLoaded(ctx *pulumi.Context, p *pipeline.Pipeline, source config.Source, ask taskState) pulumi.StringArrayOutput {
	if ctx.DryRun() {
		return pulumi.UnsafeUnknownOutput(nil).ApplyT(func(any) []string { return nil }).(pulumi.StringArrayOutput)
	}
	followed := make([]table.Pattern, len(source.Tables))
	for i, t := range source.Tables {
		followed[i] = table.Pattern{Database: t.Database, Table: t.Table}
	}
	warn := func(format string, args ...any) {
		_ = ctx.Log.Warn(fmt.Sprintf(format, args...), &pulumi.LogArgs{Resource: p.Replication})
	}
	return p.Replication.TaskArn.ApplyTWithContext(ctx.Context(), func(ctx context.Context, task string) []string {
		ctx, cancel := context.WithTimeout(ctx, askTimeout)
		defer cancel()
		state, err := ask(ctx, task, followed)
		if err != nil {
			warn("tablesNotLoaded is empty because DMS could not be asked: %v", err)
			return []string{}
		}
		if state.Halted {
			warn("the replication task is %s: mend what stopped it (its log and LastFailureMessage say what), then `cdc start`", state.Status)
		}
		if len(state.NotLoaded) > 0 {
			warn("changes of %s are followed, but what was in there before was never loaded: load them with `cdc start --reload-table %s`", strings.Join(state.NotLoaded, ", "), state.NotLoaded[0])
		}
		return state.NotLoaded
	}).(pulumi.StringArrayOutput)
}
