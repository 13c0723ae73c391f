package main

import (
	"cdcpipeline/internal/currentstate"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

const epochRollbackLong = `Make the alias of a table show the previous epoch. That epoch has the rows as they
were when the next epoch began. It does not have later changes. ` + "`cdc epoch switch`" + `
goes forward again.

With --output json it prints: table, shown, former, until.`

func newEpochRollback(stack *stackFlags) *cobra.Command {
	f := &epochFlags{stack: stack}
	cmd := &cobra.Command{
		Use: "rollback", Short: "Go back to the previous epoch of a table", Long: epochRollbackLong, Example: "  cdc epoch rollback --table shop.orders", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return f.rollback(cmd) },
	}
	f.register(cmd, true)
	return cmd
}

func (f *epochFlags) rollback(cmd *cobra.Command) error {
	if err := f.validate(); err != nil {
		return err
	}
	ctx, n := cmd.Context(), f.name()
	c, err := f.open(ctx, f.stack.teller(cmd.ErrOrStderr()))
	if err != nil {
		return err
	}
	defer c.search.Close()
	before, err := c.Current(ctx, n)
	if err != nil {
		return err
	}
	to, err := c.Rollback(ctx, n)
	if err != nil {
		return err
	}
	now := before
	now.Current = to.Number
	return f.print(cmd.OutOrStdout(), rolledBack{n.String(), now.Current, before.Current, now.Until().UTC()},
		"%s shows epoch %d again, with the rows as of %s; `cdc epoch switch --table %s` goes forward to the latest epoch", c.Alias(n), now.Current, now.Until().UTC().Format(time.RFC3339), n)
}

const epochDropLong = `Delete the epochs of a table that are older than the one its alias shows, with
their indices. You cannot go back to a deleted epoch. The command waits 40 seconds
first, so that no function still writes to one of them.

With --output json it prints: table, shown, dropped[].`

type dropFlags struct {
	epochFlags
	yes bool
	// terminal reports whether a person can answer a question. Tests replace this function.
	terminal func(io.Reader) bool
}

func newEpochDrop(stack *stackFlags) *cobra.Command {
	f := &dropFlags{epochFlags: epochFlags{stack: stack}, terminal: func(in io.Reader) bool { return isTerminal(in) }}
	cmd := &cobra.Command{
		Use: "drop", Short: "Delete the epochs that are older than the shown one", Long: epochDropLong, Example: "  cdc epoch drop --table shop.orders", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return f.run(cmd) },
	}
	f.register(cmd, true)
	cmd.Flags().BoolVarP(&f.yes, "yes", "y", false, "do not ask for confirmation")
	return cmd
}

func (f *dropFlags) run(cmd *cobra.Command) error {
	if err := f.validate(); err != nil {
		return err
	}
	if !f.yes && !f.terminal(cmd.InOrStdin()) {
		return errors.New("--yes: give it, because there is no terminal to ask for confirmation")
	}
	ctx, n, tell := cmd.Context(), f.name(), f.stack.teller(cmd.ErrOrStderr())
	c, err := f.open(ctx, tell)
	if err != nil {
		return err
	}
	defer c.search.Close()
	epochs, err := c.Current(ctx, n)
	if err != nil {
		return err
	}
	result := droppedEpochs{Table: n.String(), Shown: epochs.Current, Dropped: former(epochs)}
	if len(result.Dropped) == 0 {
		if err := c.Drop(ctx, n, epochs.Current); err != nil { // deletes the indices that an interrupted drop left
			return err
		}
		return f.print(cmd.OutOrStdout(), result, "%s shows epoch %d, and there is no older epoch to delete", c.Alias(n), epochs.Current)
	}
	named := numbers(result.Dropped)
	if !f.yes {
		if err := confirm(cmd, fmt.Sprintf("This deletes %s of %s; you cannot undo it. %s keeps showing epoch %d.", named, n, c.Alias(n), epochs.Current)); err != nil {
			return err
		}
	}
	tell("%s: deleting %s; this takes 40 seconds, until no function writes there any more", n, named)
	if err := c.Drop(ctx, n, epochs.Current); err != nil {
		return err
	}
	return f.print(cmd.OutOrStdout(), result, "deleted %s of %s; %s shows epoch %d", named, n, c.Alias(n), epochs.Current)
}

// former returns the epochs that are older than the shown one.
func former(t currentstate.TableEpochs) []int {
	before := []int{}
	for _, e := range t.Epochs {
		if e.Number < t.Current {
			before = append(before, e.Number)
		}
	}
	return before
}

// numbers formats the numbers of epochs for people.
func numbers(all []int) string {
	texts := make([]string, len(all))
	for i, n := range all {
		texts[i] = strconv.Itoa(n)
	}
	if len(all) == 1 {
		return "epoch " + texts[0]
	}
	return "epochs " + strings.Join(texts, ", ")
}
