package main

import (
	"bufio"
	"cdcpipeline/generate"
	"cdcpipeline/operate"
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

If DMS wants its connections tested before the task may start, they are, and the task is started after that.`

const startExample = `  cdc start
  cdc start --reload-table testdb.retail_trans --reload-table shop.orders
  cdc start --reload --yes`

// maxReload is how many tables DMS reloads, https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Tasks.ReloadTables.html.
const maxReload = 10

// startFlags of the command line.
type startFlags struct {
	options operate.StartOptions
	yes     bool
	timeout time.Duration
	// terminal says that somebody can answer; a variable for tests.
	terminal func(io.Reader) bool
}

func newStart(stack *stackFlags) *cobra.Command {
	f := &startFlags{terminal: func(in io.Reader) bool { return isTerminal(in) }}
	cmd := &cobra.Command{
		Use: "start", Short: "Start the replication task, and load tables again", Long: startLong, Example: startExample, Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return f.run(cmd, stack) },
	}
	flags := cmd.Flags()
	flags.StringArrayVar(&f.options.Tables, "reload-table", nil, "table to load again, as database.table; may be repeated, for 10 tables at most")
	flags.BoolVar(&f.options.Reload, "reload", false, "load every table again")
	flags.BoolVarP(&f.yes, "yes", "y", false, "do not ask before --reload")
	registerTimeout(flags, &f.timeout)
	_ = cmd.RegisterFlagCompletionFunc("reload-table", stack.completeTables)
	return cmd
}

// validate refuses flags that contradict each other; all problems come together.
func (f *startFlags) validate() error {
	var problems []error
	if f.options.Reload && len(f.options.Tables) > 0 {
		problems = append(problems, errors.New("--reload and --reload-table: give one of them"))
	}
	if tables := len(slices.Compact(slices.Sorted(slices.Values(f.options.Tables)))); tables > maxReload {
		problems = append(problems, fmt.Errorf("--reload-table: %d tables, and DMS reloads %d at a time: name the others in another `cdc start`, or load all with --reload", tables, maxReload))
	}
	for _, name := range f.options.Tables {
		if _, err := generate.ParseTableName(name); err != nil {
			problems = append(problems, fmt.Errorf("--reload-table: %w", err))
		}
	}
	if f.yes && !f.options.Reload {
		problems = append(problems, errors.New("--yes: only --reload asks"))
	}
	return errors.Join(problems...)
}

func (f *startFlags) run(cmd *cobra.Command, stack *stackFlags) error {
	if err := f.validate(); err != nil {
		return err
	}
	if f.options.Reload && !f.yes {
		if err := f.confirm(cmd); err != nil {
			return err
		}
	}
	return onTask(cmd, stack, f.timeout, func(t operate.Task, ctx context.Context) error { return t.Start(ctx, f.options) })
}

// confirm asks on a terminal, and takes anything but yes for no.
func (f *startFlags) confirm(cmd *cobra.Command) error {
	if !f.terminal(cmd.InOrStdin()) {
		return errors.New("--reload: give --yes too, there is no terminal to ask at")
	}
	_, _ = fmt.Fprint(cmd.ErrOrStderr(), "This stops the task if it runs and loads every row of every table again. Go on? [y/N] ")
	answer, err := bufio.NewReader(cmd.InOrStdin()).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("reading the answer: %w", err)
	}
	if answer = strings.ToLower(strings.TrimSpace(answer)); answer != "y" && answer != "yes" {
		return errors.New("nothing was done")
	}
	return nil
}
