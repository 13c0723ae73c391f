package main

import (
	"fmt"
	"runtime/debug"

	"github.com/spf13/cobra"
)

// version is set by the linker of a release (-X main.version=...).
var version string

const rootLong = `cdc works on a pipeline that ` + "`pulumi up`" + ` has deployed.

It reads the stack's outputs through the pulumi CLI to find the database and the rest, and calls AWS as the stack's own aws:* configuration
does, after comparing the account with the stack's. Of a stack with several sources --source names the one that a command works on: by default the
one without a name, or the only one. ` + "`cdc preflight`" + ` needs no outputs: it is for the time before.`

func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:           "cdc",
		Short:         "Operate a change data capture pipeline",
		Long:          rootLong,
		Example:       "  cdc status\n  cdc status --stack prod\n  cdc completion bash > /etc/bash_completion.d/cdc",
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	stack := &stackFlags{}
	stack.register(root.PersistentFlags())
	_ = root.RegisterFlagCompletionFunc("stack", stack.completeStacks)
	root.AddCommand(
		newSize(), newCost(stack), newPreflight(stack), newStatus(stack), newStop(stack), newStart(stack), newEpoch(stack), newReplay(stack), newTables(stack), newErase(stack), newTunnel(stack), newGenerate(stack), newVerify(stack), newConformance(stack), newVersion(),
	)
	return root
}

func newVersion() *cobra.Command {
	return &cobra.Command{
		Use:     "version",
		Short:   "Print the version of cdc",
		Long:    "Print the version of cdc and of the Go toolchain that built it.",
		Example: "  cdc version",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if _, err := fmt.Fprintln(cmd.OutOrStdout(), "cdc "+describeVersion()); err != nil {
				return fmt.Errorf("printing the version: %w", err)
			}
			return nil
		},
	}
}

// describeVersion falls back to what the Go toolchain knows of the build.
func describeVersion() string {
	if version != "" {
		return version
	}
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "" {
		return "(devel)"
	}
	return info.Main.Version + " " + info.GoVersion
}
