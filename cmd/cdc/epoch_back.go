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

const epochRollbackLong = `Have the alias of a table show the epoch before the one that it shows. Its rows are as they were when its successor began;
changes since are not in it. ` + "`cdc epoch switch`" + ` goes forward again.

With --output json: table, shown, former, until.`

func newEpochRollback(stack *stackFlags) *cobra.Command {
	f := &epochFlags{stack: stack}
	cmd := &cobra.Command{
		Use: "rollback", Short: "Show the epoch before the one that is shown", Long: epochRollbackLong, Example: "  cdc epoch rollback --table shop.orders", Args: cobra.NoArgs,
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
		"%s shows epoch %d again, the rows as of %s; `cdc epoch switch --table %s` goes forward to the latest", c.Alias(n), now.Current, now.Until().UTC().Format(time.RFC3339), n)
}

const epochDropLong = `Delete the epochs of a table before the one that its alias shows, and their indices: there is no way back to them. It takes
40 seconds, so that no function still writes to one.

With --output json: table, shown, dropped[].`

// dropFlags of the command line.
type dropFlags struct {
	epochFlags
	yes bool
	// terminal says that somebody can answer; a variable for tests.
	terminal func(io.Reader) bool
}

func newEpochDrop(stack *stackFlags) *cobra.Command {
	f := &dropFlags{epochFlags: epochFlags{stack: stack}, terminal: func(in io.Reader) bool { return isTerminal(in) }}
	cmd := &cobra.Command{
		Use: "drop", Short: "Delete the epochs before the one that is shown", Long: epochDropLong, Example: "  cdc epoch drop --table shop.orders", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return f.run(cmd) },
	}
	f.register(cmd, true)
	cmd.Flags().BoolVarP(&f.yes, "yes", "y", false, "do not ask")
	return cmd
}

func (f *dropFlags) run(cmd *cobra.Command) error {
	if err := f.validate(); err != nil {
		return err
	}
	if !f.yes && !f.terminal(cmd.InOrStdin()) {
		return errors.New("give --yes, there is no terminal to ask at")
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
		if err := c.Drop(ctx, n, epochs.Current); err != nil { // of indices that a drop has left which was interrupted
			return err
		}
		return f.print(cmd.OutOrStdout(), result, "%s shows epoch %d, and there is none before it", c.Alias(n), epochs.Current)
	}
	named := numbers(result.Dropped)
	if !f.yes {
		if err := confirm(cmd, fmt.Sprintf("This deletes %s of %s for good; %s shows epoch %d.", named, n, c.Alias(n), epochs.Current)); err != nil {
			return err
		}
	}
	tell("%s: deleting %s, which takes 40 seconds: no function may write to it meanwhile", n, named)
	if err := c.Drop(ctx, n, epochs.Current); err != nil {
		return err
	}
	return f.print(cmd.OutOrStdout(), result, "%s of %s deleted; %s shows epoch %d", named, n, c.Alias(n), epochs.Current)
}

// former epochs are before the one that is shown.
func former(t currentstate.TableEpochs) []int {
	before := []int{}
	for _, e := range t.Epochs {
		if e.Number < t.Current {
			before = append(before, e.Number)
		}
	}
	return before
}

// numbers of epochs, for people.
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
