package main

import (
	"cdcpipeline/config"
	"cdcpipeline/internal/cost"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
	"github.com/spf13/cobra"
)

const costLong = `Estimate what the stack costs in a month: the fixed cost, which you pay even when
no rows come, and the cost that rows add. The quantities follow from the stack's
configuration, as ` + "`pulumi up`" + ` would deploy it. Nothing needs to be deployed. With
--environment the command takes the defaults of dev or prod and needs no stack.

Prices are on-demand prices of us-east-1. They come from public sources, as of the
date that the command prints; docs/cost.md names the source of each. The command
does not ask AWS. For another region it multiplies the sum by a rough factor. If
no price was found for an item, the command names the item and leaves it out of
every sum. It also shows what the walkthrough's stacks cost with the same rows.

With --output json, or --json, it prints these keys. Keys are added, never
renamed. Amounts are USD a month in us-east-1; only monthUsd and walkthroughUsd
are for the chosen region.

    environment region factor factorKnown dated
    load      rowsADay recordBytes tables, of each source
    fixed     list[item keys quantity price priceUsd usd seen], seen is null where no price was found
    rows      the same
    fixedUsd rowsUsd monthUsd notFound walkthroughUsd`

const costExample = `  cdc cost
  cdc cost --stack prod --rows-a-day 5e6 --record-bytes 1500
  cdc cost --environment prod --region eu-central-1 --json | jq .monthUsd`

type costFlags struct {
	stack       *stackFlags
	load        cost.Load
	environment string
	region      string
	output      string
	json        bool
}

func newCost(stack *stackFlags) *cobra.Command {
	f := &costFlags{stack: stack}
	cmd := &cobra.Command{
		Use: "cost", Short: "Estimate what the stack costs in a month", Long: costLong, Example: costExample, Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return f.run(cmd) },
	}
	flags := cmd.Flags()
	flags.Float64Var(&f.load.RowsADay, "rows-a-day", cost.Example.RowsADay, "row changes in a day, for each source")
	flags.Float64Var(&f.load.RecordBytes, "record-bytes", cost.Example.RecordBytes, "bytes of a change's record; cdc size calculates it")
	flags.Float64Var(&f.load.Tables, "tables", cost.Example.Tables, "number of tables that change all day")
	flags.StringVar(&f.environment, "environment", "", "take the defaults of dev or prod instead of a stack's configuration")
	flags.StringVar(&f.region, "region", "", "AWS region to estimate for (default: the stack's, else us-east-1)")
	flags.BoolVar(&f.json, "json", false, "the same as --output json")
	registerOutput(cmd, &f.output)
	_ = cmd.RegisterFlagCompletionFunc("environment", cobra.FixedCompletions([]string{string(config.Dev), string(config.Prod)}, cobra.ShellCompDirectiveNoFileComp))
	return cmd
}

// validate refuses invalid flags, all problems at once.
func (f *costFlags) validate() error {
	problems := []error{checkOutput(f.output)}
	if f.environment != "" && !slices.Contains([]config.Environment{config.Dev, config.Prod}, config.Environment(f.environment)) {
		problems = append(problems, fmt.Errorf("--environment %q: write dev or prod", f.environment))
	}
	if f.environment != "" && f.stack.name != "" {
		problems = append(problems, errors.New("--environment and --stack: give only one of them"))
	}
	for _, of := range []struct {
		flag        string
		value, most float64
	}{{"--rows-a-day", f.load.RowsADay, 1e12}, {"--record-bytes", f.load.RecordBytes, 1e6}, {"--tables", f.load.Tables, 1e5}} {
		if !(of.value >= 0 && of.value <= of.most) { // refuses NaN too
			problems = append(problems, fmt.Errorf("%s: must be 0 to %.0f, is %v", of.flag, of.most, of.value))
		}
	}
	return errors.Join(problems...)
}

func (f *costFlags) run(cmd *cobra.Command) error {
	if err := f.validate(); err != nil {
		return err
	}
	c, region, err := f.configured(cmd.Context())
	if err != nil {
		return err
	}
	estimate := cost.NewEstimate(c, f.load, cmp.Or(f.region, region))
	if f.json || f.output == "json" {
		lines := json.NewEncoder(cmd.OutOrStdout())
		lines.SetIndent("", "  ")
		lines.SetEscapeHTML(false)
		if err := lines.Encode(estimate); err != nil {
			return fmt.Errorf("printing the estimate: %w", err)
		}
		return nil
	}
	return printEstimate(cmd.OutOrStdout(), estimate)
}

// configured returns the configuration to estimate, and its region.
func (f *costFlags) configured(ctx context.Context) (config.Config, string, error) {
	if f.environment != "" {
		return config.Config{Environment: config.Environment(f.environment)}.WithDefaults(), "", nil
	}
	planned := f.stack.planned(ctx)
	if planned.Problems != nil {
		return config.Config{}, "", fmt.Errorf("%w\nto estimate without a stack, run `cdc cost --environment dev`", planned.Problems)
	}
	return planned.Config, planned.Settings["region"], nil
}

func printEstimate(w io.Writer, e cost.Estimate) error {
	for _, part := range []struct {
		title     string
		positions []cost.Position
	}{{string(e.Environment) + ", fixed", e.Fixed}, {"added by rows", e.Rows}} {
		t := table.NewWriter()
		t.SetStyle(table.StyleLight)
		t.Style().Format.Header = text.FormatDefault
		t.AppendHeader(table.Row{part.title, "quantity", "of", "USD a month"})
		t.SetColumnConfigs([]table.ColumnConfig{{Number: 2, Align: text.AlignRight}, {Number: 4, Align: text.AlignRight}})
		for _, p := range part.positions {
			t.AppendRow(table.Row{p.Item, p.Factors(), p.Price, p.Amount()})
		}
		if _, err := io.WriteString(w, t.Render()+"\n\n"); err != nil {
			return fmt.Errorf("printing the estimate: %w", err)
		}
	}
	return e.WriteSums(w)
}
