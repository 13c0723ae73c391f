package tool

import (
	"fmt"
	"os"
	"strings"
)

// Script writes a command that runs cdc on the rehearsal's stack from any shell: it has the tool's environment in it, so
// only its owner can read it.
func (t *Tool) Script(file string) error {
	var text strings.Builder
	text.WriteString("#!/bin/sh\nexec env -i TERM=\"$TERM\" ")
	for _, variable := range t.Env {
		text.WriteString(quoted(variable) + " ")
	}
	fmt.Fprintf(&text, "%s --stack %s --dir %s \"$@\"\n", quoted(t.Binary), ofStack, quoted(t.Stacks))
	if err := os.WriteFile(file, []byte(text.String()), 0o700); err != nil { //nolint:gosec // a command is executable, by its owner alone
		return fmt.Errorf("writing the command: %w", err)
	}
	return nil
}

// quoted is one word for a shell.
func quoted(text string) string { return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'" }
