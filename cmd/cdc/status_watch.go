package main

import (
	"cdcpipeline/internal/operator/status"
	"context"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"
)

// keepLooking repeats the look until the user ends it. The last look sets the exit code.
func (f *statusFlags) keepLooking(cmd *cobra.Command, look func(context.Context) status.Status) error {
	w := cmd.OutOrStdout()
	if f.output == "table" && isTerminal(w) {
		watching := status.Watching{Read: look, Every: f.watch, Color: inColor(w)}
		last, seen, err := watching.OnScreen(cmd.Context(), cmd.InOrStdin(), w)
		switch {
		case err != nil:
			return err
		case !seen:
			return errInterrupted
		}
		if err := f.print(w, last); err != nil { // the screen is cleared at the end
			return err
		}
		return verdict(last)
	}
	return f.inLines(cmd.Context(), w, look)
}

// inLines prints each look below the one before.
func (f *statusFlags) inLines(ctx context.Context, w io.Writer, look func(context.Context) status.Status) error {
	history := status.History{Looks: 1}
	for {
		last := look(ctx)
		if ctx.Err() != nil {
			return errInterrupted
		}
		history.Add(last)
		if f.output == "json" {
			if err := f.print(w, last); err != nil {
				return err
			}
		} else if _, err := io.WriteString(w, history.Line(last)); err != nil {
			return fmt.Errorf("printing the status: %w", err)
		}
		select {
		case <-ctx.Done():
			return verdict(last)
		case <-time.After(f.watch):
		}
	}
}
