package main

import (
	"fmt"
	"slices"

	"github.com/spf13/cobra"
)

// outputForms are the formats in which a command prints its result.
var outputForms = []string{"table", "json"}

// registerOutput adds --output to a command.
func registerOutput(cmd *cobra.Command, output *string) {
	cmd.Flags().StringVarP(output, "output", "o", "table", "output format: table or json")
	_ = cmd.RegisterFlagCompletionFunc("output", cobra.FixedCompletions(outputForms, cobra.ShellCompDirectiveNoFileComp))
}

// checkOutput refuses an unknown format.
func checkOutput(output string) error {
	if !slices.Contains(outputForms, output) {
		return fmt.Errorf("--output %q: write table or json", output)
	}
	return nil
}
