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

const epochSwitchLong = `Have the alias of a table show an epoch, the latest by default, in one step: no search sees both or none.

The epoch's index is compared with the database first, row by row as ` + "`cdc verify --deep`" + ` does. Rows that differ are looked at
again for --timeout; when some still do, they are named and nothing is switched. With --no-compare it is switched as it is.

With --output json: table, shown, former, switched, and of the comparison equal, counts and differences. Exit code 0 only if the
epoch is shown.`

// switchFlags of the command line.
type switchFlags struct {
	epochFlags
	compareFlags
	epoch   int
	timeout time.Duration
}

func newEpochSwitch(stack *stackFlags) *cobra.Command {
	f := &switchFlags{epochFlags: epochFlags{stack: stack}, compareFlags: compareFlags{connection: connectionFlags{stack: stack}}}
	cmd := &cobra.Command{
		Use: "switch", Short: "Show an epoch that is equal to its table", Long: epochSwitchLong,
		Example: "  cdc epoch switch --table shop.orders\n  cdc epoch switch --table shop.orders --epoch 3 --no-compare", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return f.run(cmd) },
	}
	f.epochFlags.register(cmd, true)
	cmd.Flags().IntVar(&f.epoch, "epoch", 0, "number of the epoch to show (default: the latest)")
	cmd.Flags().DurationVar(&f.timeout, "timeout", verify.DefaultTimeout, "how long rows that differ are looked at again")
	f.compareFlags.register(cmd.Flags())
	return cmd
}

func (f *switchFlags) validate() error {
	problems := []error{f.epochFlags.validate(), f.compareFlags.validate()}
	if f.epoch < 0 {
		problems = append(problems, fmt.Errorf("--epoch: must be a number of `cdc epoch list`, is %d", f.epoch))
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
			return fmt.Errorf("--epoch: %s has no epoch %d: see `cdc epoch list`", n, f.epoch)
		}
	}
	result := switched{Table: n.String(), Shown: epochs.Current, Former: epochs.Current}
	if to.Number == epochs.Current {
		return f.print(cmd.OutOrStdout(), result, "%s shows epoch %d already", c.Alias(n), to.Number)
	}
	if err := c.Await(ctx, to); err != nil { // what changes before it has begun would be in neither
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
			err := fmt.Errorf("nothing was switched: %d rows of epoch %d of %s differ from the database; %s shows epoch %d. Is it loaded (`cdc status`)? `cdc start --reload-table %s` loads the table into a new epoch",
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
	return f.print(cmd.OutOrStdout(), result, "%s shows epoch %d now, before it was epoch %d", c.Alias(n), to.Number, epochs.Current)
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
