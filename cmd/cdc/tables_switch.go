package main

import (
	"cdcpipeline/internal/operator/tables"
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

Such a table is NAME_next in Athena; ` + "`cdc tables status`" + ` lists it. It takes the place of NAME_table, which the view NAME reads. The former table's
files stay until upkeep deletes them, five days later, or, after another generation, until you delete their folder.`

func newTablesSwitch(stack *stackFlags) *cobra.Command {
	var only []string
	var timeout time.Duration
	cmd := &cobra.Command{
		Use: "switch", Short: "Show the tables that were filled beside the present ones", Long: tablesSwitchLong, Example: "  cdc tables switch --table shop_orders", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if timeout < 0 {
				return fmt.Errorf("--timeout: must not be negative, is %s", timeout)
			}
			k, err := openTables(cmd.Context(), stack)
			if err != nil {
				return err
			}
			if _, err := k.physical(cmd.Context(), only); err != nil {
				return err
			}
			ctx, cancel := bounded(cmd.Context(), timeout)
			defer cancel()
			k.Tell = teller(cmd.ErrOrStderr())
			return k.show(ctx, cmd.OutOrStdout(), only)
		},
	}
	cmd.Flags().StringArrayVar(&only, "table", nil, "only this table of the catalog, as `cdc tables status` names it; may be repeated")
	registerTimeout(cmd.Flags(), &timeout)
	return cmd
}

// show has the names of tables show what was filled, of all tables or of some.
func (k *keptTables) show(ctx context.Context, w io.Writer, only []string) error {
	notes, err := tables.Notes(ctx, k.state)
	if err != nil {
		return err //nolint:wrapcheck // it says what of
	}
	var views, names []string
	var problems []error
	for _, n := range notes {
		view, filled := n.Filled()
		if !filled || len(only) > 0 && !slices.Contains(only, view) {
			continue
		}
		if n.Stopped != "" {
			problems = append(problems, fmt.Errorf("%s has stopped: %s", n.Table, n.Stopped))
		}
		views, names = append(views, view), append(names, view+"_table")
	}
	if err := errors.Join(problems...); err != nil {
		return err
	}
	if len(views) == 0 {
		_, err := fmt.Fprintln(w, "no table was filled beside the one that is shown")
		return err //nolint:wrapcheck // the terminal's
	}
	if _, err := k.Start(ctx, tables.Switch, names...); err != nil {
		return err //nolint:wrapcheck // it says which run
	}
	if _, err := fmt.Fprintf(w, "shown now: %s\n", strings.Join(views, ", ")); err != nil {
		return fmt.Errorf("printing: %w", err)
	}
	return nil
}
