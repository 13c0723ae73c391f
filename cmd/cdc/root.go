package main

import (
	"fmt"
	"runtime/debug"

	"github.com/spf13/cobra"
)

// The linker sets version in a release (-X main.version=...).
var version string

const rootLong = `cdc operates a pipeline that ` + "`pulumi up`" + ` has deployed.

It asks the pulumi CLI for the stack's outputs, which say where the database and
the other parts are. It calls AWS as the stack's own aws:* configuration does,
and first checks that the account is the stack's.

A stack may have several sources. --source names the source that a command works
on. The default is the source without a name, or the only source.

` + "`cdc preflight`" + `, ` + "`cdc size`" + ` and ` + "`cdc cost`" + ` need no deployed stack.`

func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:           "cdc",
		Short:         "Operate a change data capture (CDC) pipeline",
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

// describeVersion falls back to the build information of the Go toolchain.
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
