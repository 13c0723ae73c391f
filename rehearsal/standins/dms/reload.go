package dms

import (
	"context"
	"fmt"
	"time"
)

// reloadDelay is how late a running task may notice that a table is to be reloaded.
const reloadDelay = 200 * time.Millisecond

// maxReloads is how many tables one call may name: https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Tasks.ReloadTables.html.
const maxReloads = 10

// reloadAsked loads the tables that were asked for since, between two events of the source's log.
func (r *run) reloadAsked(ctx context.Context, reload func(context.Context, name) error) error {
	for {
		select {
		case n := <-r.reloads:
			if err := reload(ctx, n); err != nil {
				return fmt.Errorf("reloading %s: %w", n, err)
			}
		default:
			return nil
		}
	}
}

// reload sends every row of a table. The changes that these rows have already, between the place in the binlog and the
// snapshot, follow it: none is lost, some say again what was loaded.
func (f *follower) reload(ctx context.Context, n name) error {
	t := f.table(n)
	if t == nil {
		f.log.Warn("a table to reload is no longer followed", "table", n.String())
		return nil
	}
	conn, err := f.source.connect(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	if _, err := f.snapshot(ctx, conn.Conn); err != nil {
		return err
	}
	f.stats.reloading(n)
	if err := f.loadTable(ctx, conn.Conn, t); err != nil {
		return err
	}
	return f.send(ctx, record{delivered: func() { f.stats.reloaded(n) }})
}
