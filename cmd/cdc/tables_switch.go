package main

import (
	"cdcpipeline/internal/lake/views"
	"cdcpipeline/internal/operator/tables"
	"cdcpipeline/internal/operator/verify"
	"cdcpipeline/internal/table"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

const tablesSwitchLong = `Switch queries to the tables that the job has filled beside the present ones. The
job fills such tables after lake.tables.generation was changed, for another format
or for a column type that does not hold all old values. It also fills them after
source.rowsSince was set because a table was loaded again.

Athena shows such a table as NAME_next, and ` + "`cdc tables status`" + ` lists it. First the
command compares it with the database row by row, as ` + "`cdc verify --deep`" + ` does;
Athena reads the whole table for this. It looks at rows that differ again until
--timeout is over. If records came that the table lacks, it first runs the job. If
some rows still differ, the command names them and switches nothing. With
--no-compare it switches without comparing.

After the switch the table takes the place of NAME_table, which the view NAME reads.
The files of the former table stay until upkeep deletes them five days later. After
a change of the generation they stay until you delete their folder.

Exit code 0: queries see every such table.`

type tablesSwitchFlags struct {
	compareFlags
	stack   *stackFlags
	only    []string
	timeout time.Duration
}

func newTablesSwitch(stack *stackFlags) *cobra.Command {
	f := &tablesSwitchFlags{stack: stack, compareFlags: compareFlags{connection: connectionFlags{stack: stack}}}
	cmd := &cobra.Command{
		Use: "switch", Short: "Switch queries to the tables that the job has filled beside the present ones", Long: tablesSwitchLong,
		Example: "  cdc tables switch\n  cdc tables switch --table shop_orders", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return f.run(cmd) },
	}
	cmd.Flags().StringArrayVar(&f.only, "table", nil, "only this table of the catalog, by the name that cdc tables status shows; may be repeated")
	cmd.Flags().DurationVar(&f.timeout, "timeout", verify.DefaultTimeout, "how long to look again at rows that differ")
	f.compareFlags.register(cmd.Flags())
	return cmd
}

func (f *tablesSwitchFlags) run(cmd *cobra.Command) error {
	problems := []error{f.compareFlags.validate()}
	if f.timeout < 0 {
		problems = append(problems, fmt.Errorf("--timeout: must not be negative, is %s", f.timeout))
	}
	if err := errors.Join(problems...); err != nil {
		return err
	}
	ctx, out := cmd.Context(), cmd.OutOrStdout()
	show := newWaiting(cmd.ErrOrStderr(), f.stack)
	defer show.finish()
	k, err := openTables(ctx, f.stack)
	if err != nil {
		return err
	}
	k.Tell = show.tell
	notes, err := tables.Notes(ctx, k.state)
	if err != nil {
		return err //nolint:wrapcheck // the error names the object
	}
	if _, err := physical(notes, f.only); err != nil {
		return err
	}
	filled := filledOf(notes, f.only)
	if err := stoppedOf(filled); err != nil {
		return err
	}
	if len(filled) == 0 {
		_, err := fmt.Fprintln(out, "the job has filled no table beside the present ones, so there is nothing to switch")
		return err //nolint:wrapcheck // the terminal's error is clear
	}
	if !f.without {
		if err := f.compareFilled(ctx, out, k, filled, show); err != nil {
			return err
		}
	}
	shown, names := make([]string, len(filled)), make([]string, len(filled))
	for i, n := range filled {
		shown[i], _ = n.Filled()
		names[i] = views.Name(shown[i]).Table()
	}
	if _, err := k.Start(ctx, tables.Switch, names...); err != nil {
		return err //nolint:wrapcheck // the error names the run
	}
	if _, err := fmt.Fprintf(out, "shown now: %s\n", strings.Join(shown, ", ")); err != nil {
		return fmt.Errorf("printing: %w", err)
	}
	return nil
}

// filledOf returns the new tables that the job has filled beside the shown ones. It selects all, or only some.
func filledOf(notes []tables.Note, only []string) []tables.Note {
	return slices.DeleteFunc(notes, func(n tables.Note) bool {
		view, filled := n.Filled()
		return !filled || len(only) > 0 && !slices.Contains(only, view)
	})
}

// compareFilled compares the new tables with the source. It returns an error that says why the new tables must not be
// shown.
func (f *tablesSwitchFlags) compareFilled(ctx context.Context, w io.Writer, k *keptTables, filled []tables.Note, show *waiting) (err error) {
	db, shut, err := f.compareFlags.open(ctx, show.tell)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, shut()) }()
	o := verify.CompareOptions{Ignored: f.ignored, Wait: f.timeout, Progress: show.progress}
	for _, n := range filled {
		name, err := table.Parse(n.Source)
		if err != nil {
			return fmt.Errorf("reading what the job says about %s: %w", n.Table, err)
		}
		o.Tables = append(o.Tables, name)
	}
	var result compared
	found, err := verify.CompareFilled(ctx, verify.Database{DB: db}, k.asSink(), k.records, o, result.add)
	show.finish()
	if err != nil {
		return fmt.Errorf("comparing the filled tables: %w", err)
	}
	result.of(found)
	if err := printComparison(w, "table", result); err != nil {
		return err
	}
	if result.Equal {
		return nil
	}
	return fmt.Errorf("nothing was switched: %w; --no-compare switches without a comparison", result.problem())
}
