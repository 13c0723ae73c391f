package main

import (
	"bufio"
	"cdcpipeline/internal/operator/reload"
	"cdcpipeline/internal/outputs"
	"cdcpipeline/internal/table"
	"cdcpipeline/internal/task"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

const startLong = `Start the replication task and wait until it runs. The task goes on where it
stopped, or begins if it never ran.

--reload-table loads single tables again while the task follows the others, and
waits until they are loaded. If the task does not run, the command starts it first.
--reload stops the task, loads every table again, and then follows changes. In both
cases the history gets one more "load" record of each row, under the row's old key.
Nothing is deleted anywhere.

If the stack keeps a current state, each reloaded table gets a new epoch, which
begins a minute later (` + "`cdc epoch --help`" + `). When the epoch is loaded, the command
compares it with the database row by row, until --timeout is over. When they are
equal, the alias shows the new epoch. Until then it shows the former epoch as it
was. If the pipeline leaves out columns, name them with --ignore-column. If its
filters leave out rows, give --no-compare, which shows an epoch as soon as it is
loaded. If the command ends early, it says what state each table is in and which
command goes on.

Athena's rows and ` + "`cdc verify --deep`" + ` read records. After a change of the source,
or after records were lost, old records would win over the loaded rows. When all
tables are loaded, the command prints the setting that makes readers skip those
records.

--next is for a stack with replication.next. The task of the other kind loads every
table while the present task goes on. The command waits until the tables are loaded
and, if a current state is kept, compared and shown. Then set replication.kind to
the other kind, remove replication.next, and run ` + "`pulumi up`" + `. This deletes the
former task, and no change is lost.

If DMS asks for a test of its connections before the task may start, the command
tests them and then starts the task.`

const startExample = `  cdc start
  cdc start --reload-table testdb.retail_trans --reload-table shop.orders
  cdc start --reload --yes
  cdc start --next`

// maxReload is the number of tables that DMS reloads at most,
// https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Tasks.ReloadTables.html.
const maxReload = 10

type startFlags struct {
	options task.StartOptions
	compare compareFlags
	next    bool
	yes     bool
	timeout time.Duration
	// terminal reports whether a person can answer a question. Tests replace this function.
	terminal func(io.Reader) bool
}

func newStart(stack *stackFlags) *cobra.Command {
	f := &startFlags{compare: compareFlags{connection: connectionFlags{stack: stack}}, terminal: func(in io.Reader) bool { return isTerminal(in) }}
	cmd := &cobra.Command{
		Use: "start", Short: "Start the replication task, and load tables again", Long: startLong, Example: startExample, Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return f.run(cmd, stack) },
	}
	flags := cmd.Flags()
	flags.StringArrayVar(&f.options.Tables, "reload-table", nil, "table to load again, as database.table; may be repeated, for at most 10 tables")
	flags.BoolVar(&f.options.Reload, "reload", false, "load every table again")
	flags.BoolVar(&f.next, "next", false, "load every table with the task of replication.next, while the present task goes on")
	flags.BoolVarP(&f.yes, "yes", "y", false, "do not ask for confirmation of --reload")
	registerTimeout(flags, &f.timeout)
	f.compare.register(flags)
	_ = cmd.RegisterFlagCompletionFunc("reload-table", stack.completeTables)
	stack.registerSource(cmd, oneSource)
	return cmd
}

// validate refuses flags that contradict each other. It returns all problems together.
func (f *startFlags) validate() error {
	var problems []error
	if f.next && (f.options.Reload || len(f.options.Tables) > 0) {
		problems = append(problems, errors.New("--next cannot be combined with --reload or --reload-table"))
	}
	if f.options.Reload && len(f.options.Tables) > 0 {
		problems = append(problems, errors.New("--reload and --reload-table: give only one of them"))
	}
	if tables := len(slices.Compact(slices.Sorted(slices.Values(f.options.Tables)))); tables > maxReload {
		problems = append(problems, fmt.Errorf("--reload-table: you gave %d tables, but DMS reloads at most %d at a time: name the others in another `cdc start`, or load all tables with --reload", tables, maxReload))
	}
	for _, name := range f.options.Tables {
		if _, err := table.Parse(name); err != nil {
			problems = append(problems, fmt.Errorf("--reload-table: %w", err))
		}
	}
	if f.yes && !f.options.Reload {
		problems = append(problems, errors.New("--yes: give it only with --reload, which asks for confirmation"))
	}
	if (f.compare.without || len(f.compare.ignored) > 0) && !f.loads() {
		problems = append(problems, errors.New("--no-compare and --ignore-column: give them only with --reload, --reload-table or --next, which compare tables"))
	}
	return errors.Join(append(problems, f.compare.validate())...)
}

// loads reports whether the command loads tables again.
func (f *startFlags) loads() bool { return f.options.Reload || f.next || len(f.options.Tables) > 0 }

func (f *startFlags) run(cmd *cobra.Command, stack *stackFlags) error {
	if err := f.validate(); err != nil {
		return err
	}
	if f.options.Reload && !f.yes {
		if !f.terminal(cmd.InOrStdin()) {
			return errors.New("--reload: give --yes too, because there is no terminal to ask for confirmation")
		}
		if err := confirm(cmd, "This stops the task if it runs, and loads every row of every table again."); err != nil {
			return err
		}
	}
	show := newWaiting(cmd.ErrOrStderr(), stack)
	defer show.finish()
	return onTaskOf(cmd, stack, f.timeout, show.tell, f.task, func(ctx context.Context, d *deployment, t task.Task) error {
		if f.loads() {
			if err := d.beginsEpochs(); err != nil {
				return err
			}
		}
		if f.loads() && d.CurrentFunctionName != "" {
			return f.reload(ctx, d, t, show)
		}
		if f.next {
			return f.loadNext(ctx, d, t)
		}
		if err := t.Start(ctx, f.options); err != nil || !f.options.Reload {
			return err
		}
		started, err := t.Started(ctx)
		if err == nil && !started.IsZero() {
			stack.adviseSince(show.tell, anyTable, started, d.TablesJob != "")
		}
		return err
	})
}

// task returns the task to start.
func (f *startFlags) task(o outputs.Outputs) (string, error) {
	switch {
	case !f.next:
		return o.TaskArn, nil
	case o.NextTaskArn == "":
		return "", errors.New("--next: the stack has only one task: first set replication.next to the other kind and run `pulumi up`")
	}
	return o.NextTaskArn, nil
}

// loadNext makes the next task load its tables, in a stack that keeps no current state. It waits for the tables that
// the stack names.
func (f *startFlags) loadNext(ctx context.Context, d *deployment, t task.Task) error {
	if err := t.Fresh(ctx); err != nil {
		return err
	}
	var names []string
	for _, text := range d.Tables {
		if !strings.Contains(text, "%") {
			names = append(names, text)
		}
	}
	loading, err := t.Anew(ctx, names)
	if err != nil {
		return err
	}
	return t.Loaded(ctx, loading)
}

// anyTable is the pattern that selects all tables.
const anyTable = "%.%"

// adviseSince tells readers of records how to recognise the new load. The history and the lake keep the earlier
// records, and a loaded row never replaces a changed one.
func (f *stackFlags) adviseSince(tell func(string, ...any), table string, at time.Time, kept bool) {
	stack, then := "", ""
	if f.name != "" {
		stack = " --stack " + f.name
	}
	if kept {
		then = ", then run `cdc tables run` and `cdc tables switch`, because the job fills the lake's tables again beside the present ones"
	}
	tell("if the source is now another one, or records were lost, make Athena's rows and `cdc verify --deep` skip older records: run "+
		"`pulumi config set%s --path 'cdc-pipeline:source.rowsSince[%q]' %s && pulumi up%s`%s", stack, table, at.UTC().Format(time.RFC3339), stack, then)
}

// reload loads tables again into new epochs. The stack must keep a current state.
func (f *startFlags) reload(ctx context.Context, d *deployment, task task.Task, show *waiting) (err error) {
	// Check that everything can be reached before anything is stopped or begun.
	c, err := d.currentIndices(ctx, show.tell)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.search.Close()) }()
	db, shut, err := f.compare.open(ctx, show.tell)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, shut()) }()
	r := reload.Reload{Task: task, Epochs: c, Compare: f.compare.comparison(c, db, show), Tell: show.tell}
	r.Since = func(table string, at time.Time) {
		f.compare.connection.stack.adviseSince(show.tell, table, at, d.TablesJob != "")
	}
	var names []table.Name // nil means all
	defer func() {
		if err == nil {
			err = d.noteTables(ctx, db, names)
		}
	}()
	switch {
	case f.next:
		return r.Next(ctx, d.Loads)
	case f.options.Reload:
		return r.All(ctx, d.Loads)
	}
	names = make([]table.Name, len(f.options.Tables))
	for i, text := range f.options.Tables {
		parsed, err := table.Parse(text)
		if err != nil {
			return err
		}
		names[i] = table.Name{Database: parsed.Database, Table: parsed.Table}
	}
	if err := f.compare.readable(ctx, db, names); err != nil {
		return err
	}
	return r.Tables(ctx, names)
}

// confirm asks a question. Every answer except yes means no.
func confirm(cmd *cobra.Command, what string) error {
	_, _ = fmt.Fprint(cmd.ErrOrStderr(), what+" Go on? [y/N] ")
	answer, err := bufio.NewReader(cmd.InOrStdin()).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("reading the answer: %w", err)
	}
	if answer = strings.ToLower(strings.TrimSpace(answer)); answer != "y" && answer != "yes" {
		return errors.New("nothing was changed")
	}
	return nil
}
