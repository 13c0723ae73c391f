package dms

import (
	"context"
	"fmt"
	"time"
)

// reloadDelay is the maximum delay until a running task notices a requested reload.
const reloadDelay = 200 * time.Millisecond

// maxReloads is the maximum number of tables per call:
// https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Tasks.ReloadTables.html.
const maxReloads = 10

// reloadAsked loads newly requested tables, between two events of the source's log.
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

// reload sends every row of a table. Changes between the current binlog position and the snapshot follow, although
// the rows already contain them. So no change is lost, but some repeat loaded rows.
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
