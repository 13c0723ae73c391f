// Command rehearsal runs the whole pipeline on this machine: the project's own program, deployed by the real Pulumi
// engine and real providers into a real OpenSearch and a real database, with stand-ins for what only AWS has.
package main

import (
	"cdcpipeline/rehearsal/machine/family"
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"github.com/spf13/cobra"
)

func main() {
	family.Adopt()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := command().ExecuteContext(ctx)
	interrupted := ctx.Err() != nil
	stop()
	family.End()
	switch {
	case interrupted && err != nil:
		fmt.Fprintln(os.Stderr, "interrupted: everything is stopped")
		os.Exit(130)
	case err != nil:
		fmt.Fprintln(os.Stderr, "REHEARSAL FAILED:", err)
		os.Exit(1)
	}
}

func command() *cobra.Command {
	var count int
	var only []string
	root := &cobra.Command{
		Use:   "rehearsal",
		Short: "Deploy, load, verify, update and destroy the whole pipeline on this machine",
		Long: `Deploy, load, verify, update and destroy the whole pipeline on this machine, without AWS.

Downloads and the compiled engine are kept in .cache/ of the project; the report is .cache/rehearsal/report.json.`,
		Args:         cobra.NoArgs,
		SilenceUsage: true, SilenceErrors: true,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return run(cmd.Context(), count, short, nil)
		},
	}
	root.PersistentFlags().IntVar(&count, "count", 12000, "row changes to make while the pipeline runs")
	variants := &cobra.Command{
		Use: "full", Short: "The same, and every variant", Args: cobra.NoArgs,
		Long:    "The same, and every variant. With --only just the stages whose names are given are run after the stores have started, and no report is made.",
		Example: "  go run . full --only adopted\n  go run . full --only preview,up,rows,rotated,destroy",
		RunE:    func(cmd *cobra.Command, _ []string) error { return run(cmd.Context(), count, full, only) },
	}
	variants.Flags().StringSliceVar(&only, "only", nil, "stages to run, each by a part of its name")
	root.AddCommand(
		variants,
		&cobra.Command{
			Use: "up", Short: "Deploy and load, then leave it running for a look until Ctrl-C or `down`", Args: cobra.NoArgs,
			RunE: func(cmd *cobra.Command, _ []string) error { return run(cmd.Context(), count, look, nil) },
		},
		&cobra.Command{
			Use: "bench", Short: "Measure the current-state function on OpenSearch and write docs/performance.md anew", Args: cobra.NoArgs,
			RunE: func(cmd *cobra.Command, _ []string) error { return measure(cmd.Context()) },
		},
		&cobra.Command{
			Use: "schemas", Short: "Write the committed schemas anew from the built plugins", Args: cobra.NoArgs,
			RunE: func(cmd *cobra.Command, _ []string) error { return schemas(cmd.Context()) },
		},
		&cobra.Command{
			Use: "down", Short: "End what `up` left running", Args: cobra.NoArgs,
			RunE: func(*cobra.Command, []string) error { return down() },
		},
	)
	return root
}

// project is the root of the project: this module's parent.
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
	return "", errors.New("no Pulumi.yaml here or above: run this inside the project")
}
