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

const startLong = `Start the replication task and wait until it runs: from where it stopped, or for the first time when it never ran.

--reload-table loads single tables again while the task follows the others (it is started first if it does not run),
and waits until they are loaded. --reload stops the task, loads every table again and follows changes from then on. In both cases
the history gets a "load" record of each row once more, under its old key; nothing is deleted anywhere.

Where the stack keeps a current state, each table that is loaded again gets a new epoch (` + "`cdc epoch --help`" + `), which begins a minute
later. When it is filled it is compared with the database, row by row, for as long as --timeout allows; when it is equal the alias
shows it, until then the former one as it was. Name columns that the pipeline leaves out with --ignore-column; where its filters
leave out rows, give --no-compare, which shows an epoch as soon as it is loaded. What ends early says how each table is left and which command goes on.

Athena's rows and "cdc verify --deep" read records, and those of another source, or of before a loss, would outrank loaded rows: when
all is loaded, the setting is named that has them pass over what was recorded before.

--next is for a stack with replication.next: the task of the other kind loads every table while the present task goes on. It waits until the tables
are loaded, and, where a current state is kept, compared and shown. Then set replication.kind to the other kind, remove replication.next, and run
"pulumi up": the former task is deleted, and no change is lost.

If DMS wants its connections tested before the task may start, they are, and the task is started after that.`

const startExample = `  cdc start
  cdc start --reload-table testdb.retail_trans --reload-table shop.orders
  cdc start --reload --yes
  cdc start --next`

// maxReload is how many tables DMS reloads, https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Tasks.ReloadTables.html.
const maxReload = 10

// startFlags of the command line.
type startFlags struct {
	options task.StartOptions
	compare compareFlags
	next    bool
	yes     bool
	timeout time.Duration
	// terminal says that somebody can answer; a variable for tests.
	terminal func(io.Reader) bool
}

func newStart(stack *stackFlags) *cobra.Command {
	f := &startFlags{compare: compareFlags{connection: connectionFlags{stack: stack}}, terminal: func(in io.Reader) bool { return isTerminal(in) }}
	cmd := &cobra.Command{
		Use: "start", Short: "Start the replication task, and load tables again", Long: startLong, Example: startExample, Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return f.run(cmd, stack) },
	}
	flags := cmd.Flags()
	flags.StringArrayVar(&f.options.Tables, "reload-table", nil, "table to load again, as database.table; may be repeated, for 10 tables at most")
	flags.BoolVar(&f.options.Reload, "reload", false, "load every table again")
	flags.BoolVar(&f.next, "next", false, "load every table by the task of replication.next, while the present one goes on")
	flags.BoolVarP(&f.yes, "yes", "y", false, "do not ask before --reload")
	registerTimeout(flags, &f.timeout)
	f.compare.register(flags)
	_ = cmd.RegisterFlagCompletionFunc("reload-table", stack.completeTables)
	stack.registerSource(cmd, oneSource)
	return cmd
}

// validate refuses flags that contradict each other; all problems come together.
func (f *startFlags) validate() error {
	var problems []error
	if f.next && (f.options.Reload || len(f.options.Tables) > 0) {
		problems = append(problems, errors.New("--next cannot be combined with --reload or --reload-table"))
	}
	if f.options.Reload && len(f.options.Tables) > 0 {
		problems = append(problems, errors.New("--reload and --reload-table: give one of them"))
	}
	if tables := len(slices.Compact(slices.Sorted(slices.Values(f.options.Tables)))); tables > maxReload {
		problems = append(problems, fmt.Errorf("--reload-table: %d tables, and DMS reloads %d at a time: name the others in another `cdc start`, or load all with --reload", tables, maxReload))
	}
	for _, name := range f.options.Tables {
		if _, err := table.Parse(name); err != nil {
			problems = append(problems, fmt.Errorf("--reload-table: %w", err))
		}
	}
	if f.yes && !f.options.Reload {
		problems = append(problems, errors.New("--yes: only --reload asks"))
	}
	if (f.compare.without || len(f.compare.ignored) > 0) && !f.loads() {
		problems = append(problems, errors.New("--no-compare and --ignore-column: nothing is compared without --reload, --reload-table and --next"))
	}
	return errors.Join(append(problems, f.compare.validate())...)
}

// loads says that tables are loaded again.
func (f *startFlags) loads() bool { return f.options.Reload || f.next || len(f.options.Tables) > 0 }

func (f *startFlags) run(cmd *cobra.Command, stack *stackFlags) error {
	if err := f.validate(); err != nil {
		return err
	}
	if f.options.Reload && !f.yes {
		if !f.terminal(cmd.InOrStdin()) {
			return errors.New("--reload: give --yes too, there is no terminal to ask at")
		}
		if err := confirm(cmd, "This stops the task if it runs and loads every row of every table again."); err != nil {
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

// task is the one that is started.
func (f *startFlags) task(o outputs.Outputs) (string, error) {
	switch {
	case !f.next:
		return o.TaskArn, nil
	case o.NextTaskArn == "":
		return "", errors.New("--next: the stack has one task only: set replication.next to the other kind and run `pulumi up` first")
	}
	return o.NextTaskArn, nil
}

// loadNext has the next task load its tables where no current state is kept, and waits for those that the stack names.
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

// anyTable is the pattern of all tables.
const anyTable = "%.%"

// adviseSince says how those who read records learn that tables were loaded anew: the history and the lake keep what was
// before, and a loaded row never takes the place of a changed one.
func (f *stackFlags) adviseSince(tell func(string, ...any), table string, at time.Time, kept bool) {
	stack, then := "", ""
	if f.name != "" {
		stack = " --stack " + f.name
	}
	if kept {
		then = ", then `cdc tables run` and `cdc tables switch`: the lake's tables are filled anew beside the present ones"
	}
	tell("where the source is another one now, or records had been lost, have Athena's rows and `cdc verify --deep` pass over what was recorded before: "+
		"`pulumi config set%s --path 'cdc-pipeline:source.rowsSince[%q]' %s && pulumi up%s`%s", stack, table, at.UTC().Format(time.RFC3339), stack, then)
}

// reload loads tables again where the stack keeps a current state: into new epochs.
func (f *startFlags) reload(ctx context.Context, d *deployment, task task.Task, show *waiting) (err error) {
	// Nothing is stopped or begun before everything can be reached.
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
	var names []table.Name // all
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

// confirm asks, and takes anything but yes for no.
func confirm(cmd *cobra.Command, what string) error {
	_, _ = fmt.Fprint(cmd.ErrOrStderr(), what+" Go on? [y/N] ")
	answer, err := bufio.NewReader(cmd.InOrStdin()).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("reading the answer: %w", err)
	}
	if answer = strings.ToLower(strings.TrimSpace(answer)); answer != "y" && answer != "yes" {
		return errors.New("nothing was done")
	}
	return nil
}
