package main

import (
	"cdcpipeline/internal/operator/advice"
	"cdcpipeline/internal/outputs"
	"cdcpipeline/internal/task"
	"context"
	"fmt"
	"io"
	"time"

	dms "github.com/aws/aws-sdk-go-v2/service/databasemigrationservice"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

const stopLong = `Stop the replication task and wait until it has stopped. Changes that the task has
read by then are in the stream and still go on to the sinks.

Later changes wait in the database's binlog. Start the task again before the
retention of the binlog is over. If the task is not running, the command does
nothing.`

func newStop(stack *stackFlags) *cobra.Command {
	var timeout time.Duration
	cmd := &cobra.Command{
		Use: "stop", Short: "Stop the replication task", Long: stopLong, Example: "  cdc stop\n  cdc stop --stack prod", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return onTask(cmd, stack, timeout, stack.teller(cmd.ErrOrStderr()), func(ctx context.Context, _ *deployment, t task.Task) error { return t.Stop(ctx) })
		},
	}
	registerTimeout(cmd.Flags(), &timeout)
	stack.registerSource(cmd, oneSource)
	return cmd
}

func registerTimeout(flags *pflag.FlagSet, timeout *time.Duration) {
	flags.DurationVar(timeout, "timeout", 30*time.Minute, "how long to wait, 0 for no limit; afterwards the task goes on without the command; the default is 75 minutes longer for a serverless task")
}

// bounded ends ctx after a timeout. 0 means no timeout.
func bounded(ctx context.Context, timeout time.Duration) (context.Context, context.CancelFunc) {
	if timeout == 0 {
		return context.WithCancel(ctx)
	}
	return context.WithTimeout(ctx, timeout)
}

// onTask runs an operation on the stack's task within a timeout.
func onTask(cmd *cobra.Command, stack *stackFlags, timeout time.Duration, tell func(string, ...any), do func(context.Context, *deployment, task.Task) error) error {
	return onTaskOf(cmd, stack, timeout, tell, func(o outputs.Outputs) (string, error) { return o.TaskArn, nil }, do)
}

// onTaskOf runs an operation on one of the stack's tasks.
func onTaskOf(
	cmd *cobra.Command, stack *stackFlags, timeout time.Duration, tell func(string, ...any), which func(outputs.Outputs) (arn string, err error),
	do func(context.Context, *deployment, task.Task) error,
) error {
	if timeout < 0 {
		return fmt.Errorf("--timeout: must not be negative, is %s", timeout)
	}
	d, err := stack.open(cmd.Context(), func(o *outputs.Outputs) []any { return []any{&o.TaskArn} })
	if err != nil {
		return err
	}
	arn, err := which(d.Outputs)
	if err != nil {
		return err
	}
	if task.Serverless(arn) && !cmd.Flags().Changed("timeout") {
		timeout += task.StartPatience(arn)
	}
	ctx, cancel := bounded(cmd.Context(), timeout)
	defer cancel()
	loading := &loads{tell: tell}
	task := task.Task{
		API: dms.NewFromConfig(d.AWS), Arn: arn, Loading: loading.show,
		Tell: func(line string) { tell("%s", line) },
	}
	return do(ctx, d, task)
}

// teller returns a function that writes lines with the time.
func teller(w io.Writer) func(format string, args ...any) {
	return func(format string, args ...any) {
		_, _ = fmt.Fprintf(w, time.Now().Format(time.TimeOnly)+"  "+format+"\n", args...)
	}
}

// teller returns a function that writes lines with the time and names the source in commands to type.
func (f *stackFlags) teller(w io.Writer) func(format string, args ...any) {
	tell := teller(w)
	return func(format string, args ...any) { tell("%s", advice.Of(f.source, fmt.Sprintf(format, args...))) }
}

// loads tells the progress of each table's load, at most once in a few seconds.
type loads struct {
	tell func(string, ...any)
	told map[string]time.Time
}

func (l *loads) show(p task.Loading) {
	if time.Since(l.told[p.Table]) < lineEvery {
		return
	}
	if l.told == nil {
		l.told = map[string]time.Time{}
	}
	l.told[p.Table] = time.Now()
	l.tell("%s: %s, %d rows", p.Table, p.State, p.Rows)
}
