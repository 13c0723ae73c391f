package main

import (
	"cdcpipeline/internal/operator/verify"
	"cdcpipeline/internal/table"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"
)

const epochSwitchLong = `Make the alias of a table show another epoch, by default the latest. The alias
changes in one step: no search sees both epochs, and none sees no epoch.

First the command compares the epoch's index with the database row by row, as
` + "`cdc verify --deep`" + ` does. It looks at rows that differ again until --timeout is
over. If some rows still differ, it names them and does not switch. With
--no-compare it switches without comparing.

With --output json it prints: table, shown, former, switched, and, where it
compared, equal, counts and differences. Exit code 0: the alias shows the epoch.`

type switchFlags struct {
	epochFlags
	compareFlags
	epoch   int
	timeout time.Duration
}

func newEpochSwitch(stack *stackFlags) *cobra.Command {
	f := &switchFlags{epochFlags: epochFlags{stack: stack}, compareFlags: compareFlags{connection: connectionFlags{stack: stack}}}
	cmd := &cobra.Command{
		Use: "switch", Short: "Make the alias of a table show another epoch", Long: epochSwitchLong,
		Example: "  cdc epoch switch --table shop.orders\n  cdc epoch switch --table shop.orders --epoch 3 --no-compare", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return f.run(cmd) },
	}
	f.epochFlags.register(cmd, true)
	cmd.Flags().IntVar(&f.epoch, "epoch", 0, "number of the epoch to show (default: the latest)")
	cmd.Flags().DurationVar(&f.timeout, "timeout", verify.DefaultTimeout, "how long to look again at rows that differ")
	f.compareFlags.register(cmd.Flags())
	return cmd
}

func (f *switchFlags) validate() error {
	problems := []error{f.epochFlags.validate(), f.compareFlags.validate()}
	if f.epoch < 0 {
		problems = append(problems, fmt.Errorf("--epoch: must be a number that `cdc epoch list` shows, is %d", f.epoch))
	}
	if f.timeout < 0 {
		problems = append(problems, fmt.Errorf("--timeout: must not be negative, is %s", f.timeout))
	}
	return errors.Join(problems...)
}

func (f *switchFlags) run(cmd *cobra.Command) error {
	if err := f.validate(); err != nil {
		return err
	}
	ctx := cmd.Context()
	show := newWaiting(cmd.ErrOrStderr(), f.epochFlags.stack)
	defer show.finish()
	c, err := f.epochFlags.open(ctx, show.tell)
	if err != nil {
		return err
	}
	defer c.search.Close()
	n := f.name()
	epochs, err := c.Current(ctx, n)
	if err != nil {
		return err
	}
	to := epochs.Latest()
	if f.epoch != 0 {
		var kept bool
		if to, kept = epochs.Epoch(f.epoch); !kept {
			return fmt.Errorf("--epoch: %s has no epoch %d: choose one that `cdc epoch list` shows", n, f.epoch)
		}
	}
	result := switched{Table: n.String(), Shown: epochs.Current, Former: epochs.Current}
	if to.Number == epochs.Current {
		return f.print(cmd.OutOrStdout(), result, "%s shows epoch %d already", c.Alias(n), to.Number)
	}
	if err := c.Await(ctx, to); err != nil { // a change written before the new epoch begins would be in neither index
		return err
	}
	if !f.without {
		if result.compared, err = f.comparedWith(ctx, c, n, to.Number, show); err != nil {
			return err
		}
		if f.output != "json" {
			if err := printComparison(cmd.OutOrStdout(), f.output, *result.compared); err != nil {
				return err
			}
		}
		if !result.Equal {
			err := fmt.Errorf("nothing was switched: %d rows of epoch %d of %s differ from the database; %s still shows epoch %d. Check with `cdc status` that the table is loaded. `cdc start --reload-table %s` loads it into a new epoch",
				result.different(), to.Number, n, c.Alias(n), epochs.Current, n)
			if f.output == "json" {
				return errors.Join(printJSON(cmd.OutOrStdout(), result), err)
			}
			return err
		}
	}
	if err := c.Switch(ctx, n, to.Number); err != nil {
		return err
	}
	result.Shown, result.Switched = to.Number, true
	return f.print(cmd.OutOrStdout(), result, "%s now shows epoch %d; before, it showed epoch %d", c.Alias(n), to.Number, epochs.Current)
}

func (f *switchFlags) comparedWith(ctx context.Context, c *currentIndices, n table.Name, epoch int, show *waiting) (_ *compared, err error) {
	db, shut, err := f.compareFlags.open(ctx, show.tell)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, shut()) }()
	result, err := c.compare(ctx, db, n, epoch, verify.CompareOptions{Ignored: f.ignored, Wait: f.timeout, Progress: show.progress})
	show.finish()
	return &result, err
}
