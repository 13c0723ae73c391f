package program

import (
	"cdcpipeline/components/feed"
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

// askTimeout limits how long a deployment waits for DMS's list of loaded tables.
const askTimeout = time.Minute

// unloadedTables is task.Unloaded with the deployment's credentials.
type unloadedTables func(ctx context.Context, taskArn string, followed []table.Pattern) ([]string, error)

// askDMS is unloadedTables with the program's default AWS provider (its `aws:*` configuration, or the environment).
func askDMS(settings awsconfig.Settings) unloadedTables {
	return func(ctx context.Context, taskArn string, followed []table.Pattern) ([]string, error) {
		cfg, err := awsconfig.Load(ctx, settings)
		if err != nil {
			return nil, fmt.Errorf("preparing to ask DMS: %w", err)
		}
		return task.Unloaded(ctx, dms.NewFromConfig(cfg), taskArn, followed)
	}
}

// tablesNotLoaded are the followed tables, as database.table, whose rows DMS never loaded: tables that were added
// after the task had run, until they are reloaded. They are unknown in a preview, where the task has not changed.
//
// DMS is asked once the task runs. A problem then is only a warning.
func tablesNotLoaded(ctx *pulumi.Context, f *feed.Feed, running pulumi.StringOutput, unloaded unloadedTables) pulumi.StringArrayOutput {
	if ctx.DryRun() {
		return pulumi.UnsafeUnknownOutput(nil).ApplyT(func(any) []string { return nil }).(pulumi.StringArrayOutput)
	}
	source := ""
	if name := f.Config.Name; name != "" {
		source = " --source " + name
	}
	followed := make([]table.Pattern, len(f.Config.Source.Tables))
	for i, t := range f.Config.Source.Tables {
		followed[i] = table.Pattern{Database: t.Database, Table: t.Table}
	}
	warn := func(format string, args ...any) {
		_ = ctx.Log.Warn(fmt.Sprintf(format, args...), &pulumi.LogArgs{Resource: f.Replication})
	}
	return pulumi.All(f.Replication.TaskArn, running).ApplyTWithContext(ctx.Context(), func(ctx context.Context, all []any) []string {
		task, _ := all[0].(string)
		ctx, cancel := context.WithTimeout(ctx, askTimeout)
		defer cancel()
		names, err := unloaded(ctx, task, followed)
		if err != nil {
			warn("tablesNotLoaded is empty, because DMS did not answer: %v", err)
			return []string{}
		}
		if len(names) > 0 {
			warn("the task follows changes of %s, but has never loaded the rows that were there before: load them with `cdc start --reload-table %s%s`", strings.Join(names, ", "), names[0], source)
		}
		return names
	}).(pulumi.StringArrayOutput)
}
