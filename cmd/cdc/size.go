package main

import (
	"cdcpipeline/config"
	"cdcpipeline/internal/size"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
	"github.com/spf13/cobra"
)

const sizeLong = `Calculate how large each part of a pipeline must be for a load, from the limits
that AWS publishes: shards, calls of the function, buffers, nodes and volumes of
the domain, the DMS instance, and space for the binary log. The command asks nobody
and needs no stack. Its output ends with what to type.

The result is a starting point, not a promise. Limits do not say how fast a part
is. The command lists what they leave open; measure that with your rows. It
calculates storage from --rows-per-second all day, and everything that must keep up
from --peak. If you have several sources, run it once for each, and add up the
figures of the domain, which they share.

Each number names the limit that it comes from, and how we know that limit: read on
AWS's page, or in a stored copy of it; measured here (docs/performance.md, as a
ratio); a rule of ours; or not verified.

With --output json, or --json, it prints these keys. Keys are added, never renamed.

    load     rowsPerSecond peakRowsPerSecond rowBytes tables retentionDays binlogHours presentRows bulkRowsPerSecond prod
    figures  list[part what value unit from limit[text source seen]]
    settings list[key value]
    open     list of what no limit decides, and of what exceeds a limit`

const sizeExample = `  cdc size --rows-per-second 200 --row-bytes 800 --tables 12 --retention 30
  cdc size --environment prod --rows-per-second 2000 --peak 8000 --row-bytes 1000 --tables 40 --retention 90 --rows 5e8
  cdc size --rows-per-second 200 --json | jq -r '.settings[] | "\(.key) \(.value)"'`

type sizeFlags struct {
	load        size.Load
	environment string
	output      string
	json        bool
}

func newSize() *cobra.Command {
	f := &sizeFlags{}
	cmd := &cobra.Command{
		Use: "size", Short: "Calculate how large the parts of a pipeline must be", Long: sizeLong, Example: sizeExample, Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return f.run(cmd.OutOrStdout()) },
	}
	flags := cmd.Flags()
	flags.Float64Var(&f.load.RowsPerSecond, "rows-per-second", 0, "committed row changes a second, averaged over a day")
	flags.Float64Var(&f.load.Peak, "peak", 0, "highest number of row changes a second that lasts more than a minute (default: --rows-per-second)")
	flags.IntVar(&f.load.RowBytes, "row-bytes", 1000, "bytes of a row written as JSON")
	flags.IntVar(&f.load.Tables, "tables", 1, "number of tables that change")
	flags.IntVar(&f.load.RetentionDays, "retention", 0, "days to keep the history index (default: the environment's)")
	flags.IntVar(&f.load.BinlogHours, "binlog-hours", 0, "hours that the database keeps its binary log (default: the environment's)")
	flags.Float64Var(&f.load.PresentRows, "rows", 0, "number of rows in the tables (default: left out)")
	flags.Float64Var(&f.load.BulkRowsPerSecond, "bulk-rows-per-second", 0, "rows a second that you measured with one client of plain _bulk requests to the domain (default: not measured)")
	flags.StringVar(&f.environment, "environment", string(config.Dev), "dev or prod")
	flags.BoolVar(&f.json, "json", false, "the same as --output json")
	registerOutput(cmd, &f.output)
	_ = cmd.MarkFlagRequired("rows-per-second")
	_ = cmd.RegisterFlagCompletionFunc("environment", cobra.FixedCompletions([]string{string(config.Dev), string(config.Prod)}, cobra.ShellCompDirectiveNoFileComp))
	return cmd
}

// complete sets the environment's defaults and refuses invalid flags, all problems at once.
func (f *sizeFlags) complete() error {
	problems := []error{checkOutput(f.output)}
	environment := config.Environment(f.environment)
	if !slices.Contains([]config.Environment{config.Dev, config.Prod}, environment) {
		problems = append(problems, fmt.Errorf("--environment %q: write dev or prod", f.environment))
	}
	defaults := config.Config{Environment: environment}.WithDefaults()
	f.load.Prod = environment == config.Prod
	f.load.Peak = cmp.Or(f.load.Peak, f.load.RowsPerSecond)
	f.load.RetentionDays = cmp.Or(f.load.RetentionDays, defaults.Search.HistoryRetentionDays)
	f.load.BinlogHours = cmp.Or(f.load.BinlogHours, defaults.Source.BinlogRetentionHours)
	return errors.Join(append(problems, f.load.Validate())...)
}

func (f *sizeFlags) run(w io.Writer) error {
	if err := f.complete(); err != nil {
		return err
	}
	plan := size.NewPlan(f.load)
	if f.json || f.output == "json" {
		lines := json.NewEncoder(w)
		lines.SetIndent("", "  ")
		lines.SetEscapeHTML(false)
		if err := lines.Encode(plan); err != nil {
			return fmt.Errorf("printing the plan: %w", err)
		}
		return nil
	}
	if _, err := io.WriteString(w, f.text(plan)); err != nil {
		return fmt.Errorf("printing the plan: %w", err)
	}
	return nil
}

// text formats the plan for people. It gives the numbers, the limits behind them, open questions, and the commands to
// type.
func (f *sizeFlags) text(plan size.Plan) string {
	var limits []size.Limit
	t := table.NewWriter()
	t.SetStyle(table.StyleLight)
	t.Style().Format.Header = text.FormatDefault
	t.AppendHeader(table.Row{"part", "what", "value", "from", "limit"})
	for _, one := range plan.Figures {
		at := slices.Index(limits, one.Limit)
		if at < 0 {
			at, limits = len(limits), append(limits, one.Limit)
		}
		t.AppendRow(table.Row{one.Part, one.What, one.Text(), one.From, at + 1})
	}
	var out strings.Builder
	fmt.Fprintf(&out, "%s\n\nlimits, as read on %s\n", t.Render(), size.Dated)
	for i, l := range limits {
		fmt.Fprintf(&out, "%3d  %s (%s: %s)\n", i+1, l.Text, l.Seen, l.Source)
	}
	out.WriteString("\nopen\n")
	for _, open := range plan.Open {
		fmt.Fprintf(&out, "  %s\n", open)
	}
	out.WriteString("\nto type\n")
	fmt.Fprintf(&out, "  pulumi config set %s:environment %s\n", config.Namespace, f.environment)
	for _, s := range plan.Settings {
		fmt.Fprintf(&out, "  pulumi config set --path '%s:%s' %s\n", config.Namespace, s.Key, s.Value)
	}
	return out.String()
}
