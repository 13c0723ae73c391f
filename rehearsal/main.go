// Command rehearsal runs the whole pipeline on this machine. The real Pulumi engine with real providers deploys the
// project's own program into a real OpenSearch and a real database, with stand-ins for AWS-only services.
package main

import (
	"cdcpipeline/rehearsal/bench"
	"cdcpipeline/rehearsal/bench/firstrun"
	"cdcpipeline/rehearsal/bench/pipeline"
	"cdcpipeline/rehearsal/bench/tables"
	"cdcpipeline/rehearsal/engine/languagehost"
	"cdcpipeline/rehearsal/machine"
	"cdcpipeline/rehearsal/machine/family"
	"cdcpipeline/rehearsal/stages"
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
)

func main() {
	if languagehost.Called() {
		if err := languagehost.Main(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	family.Adopt()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := command().ExecuteContext(ctx)
	interrupted := ctx.Err() != nil
	stop()
	family.End()
	switch {
	case interrupted && err != nil:
		fmt.Fprintln(os.Stderr, "interrupted: everything has stopped")
		os.Exit(130)
	case err != nil:
		fmt.Fprintln(os.Stderr, "REHEARSAL FAILED:", err)
		os.Exit(1)
	}
}

func command() *cobra.Command {
	var o stages.Options
	root := &cobra.Command{
		Use:   "rehearsal",
		Short: "Deploy, load, verify, update and destroy the whole pipeline on this machine",
		Long: `Deploy, load, verify, update and destroy the whole pipeline on this machine, without AWS.

The rehearsal keeps downloads and the compiled engine in .cache/ of the project. It writes its
report to .cache/rehearsal/report.json, and as a page to report.html beside it.`,
		Args:         cobra.NoArgs,
		SilenceUsage: true, SilenceErrors: true,
		PersistentPreRunE: func(*cobra.Command, []string) (err error) {
			o.Project, err = project()
			return err
		},
		RunE: func(cmd *cobra.Command, _ []string) error { return stages.Perform(cmd.Context(), stages.Basic, o) },
	}
	root.PersistentFlags().IntVar(&o.Count, "count", 12000, "number of row changes to make while the pipeline runs")
	full := &cobra.Command{
		Use: "full [PART]", Short: "Rehearse every variant: all parts one after the other, or one part", Args: cobra.MaximumNArgs(1),
		Long: "Rehearse every variant. Each part also runs alone: " + strings.Join(stages.Names(), ", ") + `.

--only starts the stores and then runs only the stages whose names contain one of the given texts. It
writes no report.`,
		Example:   "  go run . full lifecycle\n  go run . full lifecycle --only adopted",
		ValidArgs: stages.Names(),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return stages.Each(cmd.Context(), stages.Full, o)
			}
			part, err := stages.Named(args[0])
			if err != nil {
				return err
			}
			return stages.Perform(cmd.Context(), part, o)
		},
	}
	scale, parts := tables.Full, []string(nil)
	benchTables := &cobra.Command{
		Use: "bench-tables", Short: "Measure the job that keeps the lake's tables, and rewrite its section of docs/performance.md", Args: cobra.NoArgs,
		Long: `Measure the job that keeps the lake's tables, beside Hudi's own writer. Also measure how long it takes to
read a table, beside reading the records.

With --only the other parts of docs/performance.md stay as they are. At another scale than the default the
command only prints the figures.`,
		Example: "  go run . bench-tables --rows 20000 --changes 2000 --times 1",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return tables.Publish(cmd.Context(), o.Project, machine.Describe(), scale, parts)
		},
	}
	benchTables.Flags().IntVar(&scale.Rows, "rows", scale.Rows, "number of rows in a table; the large table has four times as many")
	benchTables.Flags().IntVar(&scale.Changes, "changes", scale.Changes, "number of changes to merge at a time")
	benchTables.Flags().IntVar(&scale.Times, "times", scale.Times, "how often to measure each")
	benchTables.Flags().StringSliceVar(&parts, "only", nil, "parts to measure: "+strings.Join(tables.Parts(), ", "))
	full.Flags().StringSliceVar(&o.Only, "only", nil, "stages to run, each by a part of its name")
	root.AddCommand(
		full,
		everyFault(&o),
		benchTables,
		benchPipeline(&o),
		&cobra.Command{
			Use: "up", Short: "Deploy and load the pipeline, and leave it running, with a live page, until Ctrl-C or `down`", Args: cobra.NoArgs,
			RunE: func(cmd *cobra.Command, _ []string) error { return stages.Perform(cmd.Context(), stages.Look, o) },
		},
		&cobra.Command{
			Use: "down", Short: "End the pipeline that `up` left running", Args: cobra.NoArgs,
			RunE: func(*cobra.Command, []string) error { return stages.Down(o.Project) },
		},
		benchFunction(&o),
		&cobra.Command{
			Use: "bench-sources", Short: "Measure how the outage of one source affects another source, and rewrite that section of docs/performance.md", Args: cobra.NoArgs,
			RunE: func(cmd *cobra.Command, _ []string) error { return stages.Perform(cmd.Context(), stages.Neighbours, o) },
		},
		&cobra.Command{
			Use: "dashboard", Short: "Draw docs/dashboard.svg again: the declared dashboard, with the values of a rehearsal", Args: cobra.NoArgs,
			RunE: func(cmd *cobra.Command, _ []string) error { return stages.Perform(cmd.Context(), stages.Dashboard, o) },
		},
		&cobra.Command{
			Use: "first-run COMMIT COMMIT", Short: "Measure the first rehearsal, the second rehearsal and the tests of two commits, each in an empty home directory; it takes an hour, and nothing else may run meanwhile",
			Args: cobra.ExactArgs(2),
			RunE: func(cmd *cobra.Command, commits []string) error {
				return firstrun.Publish(cmd.Context(), o.Project, commits)
			},
		},
		&cobra.Command{
			Use: "schemas", Short: "Rewrite the committed schemas from the built plugins", Args: cobra.NoArgs,
			RunE: func(cmd *cobra.Command, _ []string) error { return stages.Schemas(cmd.Context(), o.Project) },
		},
	)
	return root
}

// benchPipeline is the command of the measurement beside Debezium.
func benchPipeline(o *stages.Options) *cobra.Command {
	scale, parts := pipeline.Full, []string(nil)
	cmd := &cobra.Command{
		Use: "bench-pipeline", Short: "Measure the current-state function under load and beside Debezium, and write that section of docs/performance.md anew", Args: cobra.NoArgs,
		Long: `Measure how many rows a second the current-state function takes, by shards and calls at once, how that is while an index grows, and what a row
costs it beside Debezium's embedded engine with a plain sink.

At another scale than the usual one, and with --only, it prints the figures alone.`,
		Example: "  go run . bench-pipeline --load 5000 --growth 20000 --rows 10000 --warming 5000 --rounds 1 --commits 200",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return pipeline.Publish(cmd.Context(), o.Project, machine.Describe(), scale, parts)
		},
	}
	for _, flag := range []struct {
		name, usage string
		value       *int
	}{
		{"load", "rows that each combination of shards and calls drains", &scale.Load},
		{"growth", "rows that one index grows to", &scale.Growth},
		{"rows", "rows that each contender writes", &scale.Rows},
		{"warming", "rows that it writes before those", &scale.Warming},
		{"rounds", "how often each writes", &scale.Rounds},
		{"commits", "rows that are looked for one by one", &scale.Commits},
	} {
		cmd.Flags().IntVar(flag.value, flag.name, *flag.value, flag.usage)
	}
	cmd.Flags().StringSliceVar(&parts, "only", nil, "parts to measure: "+strings.Join(pipeline.Parts(), ", "))
	return cmd
}

// everyFault is the command of all faults.
func everyFault(o *stages.Options) *cobra.Command {
	cmd := &cobra.Command{
		Use: "faults", Short: "Cause every fault, one after the other, while rows are written, and rewrite docs/reliability.md", Args: cobra.NoArgs,
		Long: `Cause every fault, one after the other, while rows are written, and rewrite docs/reliability.md.

The command notes in .cache/rehearsal/faults.json the faults that the pipeline survived at this commit. It leaves
them out the next time, so you can interrupt a round and continue it.`,
		Example: "  go run . faults --fault database-killed",
		RunE:    func(cmd *cobra.Command, _ []string) error { return stages.Perform(cmd.Context(), stages.AllFaults, *o) },
	}
	cmd.Flags().StringVar(&o.Since, "since", "", "an earlier `commit` whose results count too, when a change since then affects only some faults; the page names both")
	cmd.Flags().StringSliceVar(&o.Faults, "fault", nil, "names of the faults to cause; the page then stays as it is")
	return cmd
}

// project is the project's root folder: this module's parent.
func project() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", fmt.Errorf("finding the project: %w", err)
	}
	for ; dir != filepath.Dir(dir); dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "Pulumi.yaml")); err == nil {
			return dir, nil
		}
	}
	return "", errors.New("found no Pulumi.yaml in this directory or above: run this inside the project")
}

// benchFunction measures the current-state function and the program.
func benchFunction(o *stages.Options) *cobra.Command {
	fewer := 1
	var only []string
	c := &cobra.Command{
		Use: "bench", Short: "Measure the current-state function on OpenSearch and write docs/performance.md anew", Args: cobra.NoArgs,
		Example: "  go run . bench --fewer 16",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return bench.Publish(cmd.Context(), o.Project, machine.Describe(), fewer, only)
		},
	}
	c.Flags().StringSliceVar(&only, "only", nil, "parts to measure: "+strings.Join(bench.Parts(), ", ")+"; the others on the page stay as they are in .cache/bench/report.json")
	c.Flags().IntVar(&fewer, "fewer", fewer, "divide the rows by so many, to see that all works: it leaves docs/performance.md as it is")
	return c
}
