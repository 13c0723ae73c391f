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

const tablesSwitchLong = `Have queries see the tables that the job has filled beside the present ones: after another lake.tables.generation (another format, a type
that does not hold all that the former held), or after source.rowsSince, when a table was loaded anew.

Such a table is NAME_next in Athena; ` + "`cdc tables status`" + ` lists it. It is compared with the database first, row by row as ` + "`cdc verify --deep`" + `
does: Athena reads it as a whole. Rows that differ are looked at again for --timeout, after a run of the job when records came that it has not;
when some still do, they are named and nothing is switched. With --no-compare it is switched as it is.

Then it takes the place of NAME_table, which the view NAME reads. The former table's files stay until upkeep deletes them, five days later,
or, after another generation, until you delete their folder.

Exit code 0 only if every such table is shown.`

// tablesSwitchFlags of the command line.
type tablesSwitchFlags struct {
	compareFlags
	stack   *stackFlags
	only    []string
	timeout time.Duration
}

func newTablesSwitch(stack *stackFlags) *cobra.Command {
	f := &tablesSwitchFlags{stack: stack, compareFlags: compareFlags{connection: connectionFlags{stack: stack}}}
	cmd := &cobra.Command{
		Use: "switch", Short: "Show the tables that were filled beside the present ones", Long: tablesSwitchLong,
		Example: "  cdc tables switch\n  cdc tables switch --table shop_orders", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return f.run(cmd) },
	}
	cmd.Flags().StringArrayVar(&f.only, "table", nil, "only this table of the catalog, as `cdc tables status` names it; may be repeated")
	cmd.Flags().DurationVar(&f.timeout, "timeout", verify.DefaultTimeout, "how long rows that differ are looked at again")
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
		return err //nolint:wrapcheck // it says what of
	}
	if _, err := physical(notes, f.only); err != nil {
		return err
	}
	filled := filledOf(notes, f.only)
	if err := stoppedOf(filled); err != nil {
		return err
	}
	if len(filled) == 0 {
		_, err := fmt.Fprintln(out, "no table was filled beside the one that is shown")
		return err //nolint:wrapcheck // the terminal's
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
		return err //nolint:wrapcheck // it says which run
	}
	if _, err := fmt.Fprintf(out, "shown now: %s\n", strings.Join(shown, ", ")); err != nil {
		return fmt.Errorf("printing: %w", err)
	}
	return nil
}

// filledOf are the tables that were filled beside the shown ones, of all or of some.
func filledOf(notes []tables.Note, only []string) []tables.Note {
	return slices.DeleteFunc(notes, func(n tables.Note) bool {
		view, filled := n.Filled()
		return !filled || len(only) > 0 && !slices.Contains(only, view)
	})
}

// compareFilled says that the tables are not to be shown, and why.
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
			return fmt.Errorf("what the job says of %s: %w", n.Table, err)
		}
		o.Tables = append(o.Tables, name)
	}
	var result compared
	found, err := verify.CompareFilled(ctx, verify.Database{DB: db}, k.asSink(), k.records, o, result.add)
	show.finish()
	if err != nil {
		return fmt.Errorf("comparing what was filled: %w", err)
	}
	result.of(found)
	if err := printComparison(w, "table", result); err != nil {
		return err
	}
	if result.Equal {
		return nil
	}
	return fmt.Errorf("nothing was switched: %w; --no-compare shows the tables as they are", result.problem())
}
