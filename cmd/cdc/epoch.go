package main

import (
	"cdcpipeline/internal/operator/advice"
	"cdcpipeline/internal/outputs"
	"cdcpipeline/internal/table"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	pretty "github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"
)

const epochLong = `List, show and delete the epochs of the current indices.

An epoch is one generation of a table's rows in the current index. A new epoch
begins with each full load of the table, or when the table gets another source.
Its rows are in an index of their own, current-DATABASE-TABLE-EPOCH. The alias
current-DATABASE-TABLE shows one epoch.

` + "`cdc start --reload`" + ` and --reload-table begin a new epoch, load it, compare it
with the database and show it. ` + "`cdc replay --new-epoch`" + ` fills a new epoch from the
lake. While the new epoch fills, the alias shows the former epoch as it was when
the new one began. The former epoch stays afterwards, so that you can go back.`

func newEpoch(stack *stackFlags) *cobra.Command {
	cmd := &cobra.Command{
		Use: "epoch", Short: "List, show and delete epochs of the current indices", Long: epochLong,
		Example: "  cdc epoch list\n  cdc epoch switch --table shop.orders", Args: cobra.NoArgs,
	}
	cmd.AddCommand(newEpochList(stack), newEpochSwitch(stack), newEpochRollback(stack), newEpochDrop(stack))
	stack.registerSource(cmd, oneSource)
	return cmd
}

// epochFlags are the flags of every command on epochs.
type epochFlags struct {
	stack  *stackFlags
	table  string
	output string
}

// register adds the flags that the commands share. --table takes one table unless the command lists all.
func (f *epochFlags) register(cmd *cobra.Command, single bool) {
	flags := cmd.Flags()
	registerOutput(cmd, &f.output)
	if single {
		flags.StringVar(&f.table, "table", "", "table as database.table")
		_ = cmd.MarkFlagRequired("table")
		_ = cmd.RegisterFlagCompletionFunc("table", f.stack.completeTables)
	}
}

func (f *epochFlags) validate() error {
	problems := []error{checkOutput(f.output)}
	if _, err := table.Parse(f.table); f.table != "" && err != nil {
		problems = append(problems, fmt.Errorf("--table: %w", err))
	}
	return errors.Join(problems...)
}

// name returns the table's name, which validate has parsed.
func (f *epochFlags) name() table.Name {
	n, _ := table.Parse(f.table)
	return n
}

// open opens the stack's epochs.
func (f *epochFlags) open(ctx context.Context, tell func(string, ...any)) (*currentIndices, error) {
	d, err := f.stack.open(ctx, func(o *outputs.Outputs) []any {
		return append(searchOutputs(o), &o.LakeBucket)
	})
	if err != nil {
		return nil, err
	}
	return d.currentIndices(ctx, tell)
}

// print prints a result as JSON or as a line.
func (f *epochFlags) print(w io.Writer, result any, format string, args ...any) error {
	if f.output == "json" {
		return printJSON(w, result)
	}
	if _, err := fmt.Fprintln(w, advice.Of(f.stack.source, fmt.Sprintf(format, args...))); err != nil {
		return fmt.Errorf("printing the result: %w", err)
	}
	return nil
}

const epochListLong = `List the epochs of each table that has sent records.

The column documents counts the rows of an epoch, without the tombstones of
deleted rows. An epoch's binlog is known from its first change on, and its key
from its first record on.

With --output json it prints these keys. Keys are added, never renamed. Times are
in UTC. The first epoch has no since.

    list[table alias shown latest epochs[number index since binlog key documents]]`

func newEpochList(stack *stackFlags) *cobra.Command {
	f := &epochFlags{stack: stack}
	cmd := &cobra.Command{
		Use: "list", Short: "List the epochs of each table, and which one is shown", Long: epochListLong, Example: "  cdc epoch list", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := f.validate(); err != nil {
				return err
			}
			c, err := f.open(cmd.Context(), f.stack.teller(cmd.ErrOrStderr()))
			if err != nil {
				return err
			}
			defer c.search.Close()
			listed, err := c.list(cmd.Context())
			if err != nil {
				return err
			}
			return f.printEpochs(cmd.OutOrStdout(), listed)
		},
	}
	f.register(cmd, false)
	return cmd
}

func (c *currentIndices) list(ctx context.Context) ([]listedTable, error) {
	tables, err := c.List(ctx)
	if err != nil {
		return nil, err
	}
	listed := make([]listedTable, len(tables))
	for i, t := range tables {
		listed[i] = listedTable{Table: t.Name.String(), Alias: c.Alias(t.Name), Shown: t.Current, Latest: t.Latest().Number}
		for _, e := range t.Epochs {
			rows, err := c.Rows(ctx, t.Name, e.Number)
			if err != nil {
				return nil, err
			}
			listed[i].Epochs = append(listed[i].Epochs, listedEpoch{e.Number, c.Index(t.Name, e.Number), e.Since, e.Binlog, e.Key, rows})
		}
	}
	return listed, nil
}

func (f *epochFlags) printEpochs(w io.Writer, listed []listedTable) error {
	if f.output == "json" {
		return printJSON(w, listing{listed})
	}
	t := plainTable("table", "epoch", "shown", "since", "binlog", "key", "documents")
	for _, one := range listed {
		for _, e := range one.Epochs {
			since, shown := "-", ""
			if !e.Since.IsZero() {
				since = e.Since.UTC().Format(time.RFC3339)
			}
			if e.Number == one.Shown {
				shown = "shown"
			}
			t.AppendRow(pretty.Row{one.Table, e.Number, shown, since, orDash(e.Binlog), orDash(strings.Join(e.Key, ", ")), e.Documents})
		}
	}
	if _, err := fmt.Fprintln(w, t.Render()); err != nil {
		return fmt.Errorf("printing the epochs: %w", err)
	}
	return nil
}

func orDash(text string) string {
	if text == "" {
		return "-"
	}
	return text
}
