package dms

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"github.com/jackc/pglogrepl"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"
	"golang.org/x/sync/errgroup"
)

// confirmEvery is the minimum interval between confirmations to the source.
const confirmEvery = time.Second

// decoder converts lines of test_decoding to change records, one whole transaction at a time.
type decoder struct {
	*postgresReader
	replica  *pgconn.PgConn
	open     *transaction
	first    pglogrepl.LSN // of the open transaction
	changes  []change
	previous previous
	warned   map[string]bool
	// delivered is the end of the last transaction in the stream; confirmed is the last confirmation to the source,
	// with its time.
	delivered atomic.Uint64
	confirmed pglogrepl.LSN
	told      time.Time
}

// follow sends the changes after a position until the context ends. It confirms only the end of a transaction. So a
// slot keeps the log when nothing is committed in its database, and the heartbeat prevents that.
func (r *postgresReader) follow(ctx context.Context, after position) error {
	from, ok := after.(pglogrepl.LSN)
	if !ok {
		return fmt.Errorf("%s is no position in a write-ahead log", after)
	}
	conn, err := r.source.replicate(ctx, r.endpoint().database)
	if err != nil {
		return err
	}
	defer func() { _ = closePostgres(conn) }()
	f := &decoder{postgresReader: r, replica: conn, confirmed: from, warned: map[string]bool{}}
	f.delivered.Store(uint64(from))
	slot, _ := r.slot.get()
	err = pglogrepl.StartReplication(ctx, conn, slot, from, pglogrepl.StartReplicationOptions{
		Mode: pglogrepl.LogicalReplication, PluginArgs: []string{`"include-xids" 'on'`, `"include-timestamp" 'on'`},
	})
	if err != nil {
		return fmt.Errorf("following the slot %s from %s: %w", slot, from, err)
	}
	r.stats.latency.reset()
	both, working := errgroup.WithContext(ctx)
	both.Go(func() error { return f.receive(working) })
	if r.endpoint().heartbeat {
		both.Go(func() error { return r.beat(working) })
	}
	if err := both.Wait(); err != nil && ctx.Err() == nil {
		return err //nolint:wrapcheck // each error names what was being done
	}
	return nil
}

func (f *decoder) receive(ctx context.Context) error {
	for {
		if err := f.reloadAsked(ctx, f.reload); err != nil {
			return err
		}
		if err := f.confirm(ctx, false); err != nil {
			return err
		}
		waiting, cancel := context.WithTimeout(ctx, reloadDelay)
		message, err := f.replica.ReceiveMessage(waiting)
		timeout := waiting.Err() != nil
		cancel()
		if ctx.Err() != nil {
			return nil
		}
		if timeout && pgconn.Timeout(err) {
			continue
		}
		if err != nil {
			return fmt.Errorf("following the slot: %w", err)
		}
		if err := f.take(ctx, message); err != nil {
			return err
		}
	}
}

// confirm tells the source how far the stream has the log, so that its slot releases the earlier log.
func (f *decoder) confirm(ctx context.Context, asked bool) error {
	at := pglogrepl.LSN(f.delivered.Load())
	if !asked && (time.Since(f.told) < confirmEvery || at == f.confirmed && time.Since(f.told) < shortestTimeout/2) {
		return nil
	}
	if err := pglogrepl.SendStandbyStatusUpdate(ctx, f.replica, pglogrepl.StandbyStatusUpdate{WALWritePosition: at}); err != nil {
		return fmt.Errorf("confirming %s: %w", at, err)
	}
	f.confirmed, f.told = at, time.Now()
	return nil
}

func (f *decoder) take(ctx context.Context, message pgproto3.BackendMessage) error {
	switch m := message.(type) {
	case *pgproto3.ErrorResponse:
		return fmt.Errorf("following the slot: %w", pgconn.ErrorResponseToPgError(m))
	case *pgproto3.CopyDone:
		return fmt.Errorf("following the slot: %w", errServerLeft)
	case *pgproto3.CopyData:
		return f.data(ctx, m.Data)
	}
	return nil
}

// errServerLeft means that the server ended the stream at its shutdown.
var errServerLeft = &pgconn.PgError{Severity: "FATAL", Code: "57P01", Message: "the server has ended the stream"}

func (f *decoder) data(ctx context.Context, data []byte) error {
	switch data[0] {
	case pglogrepl.PrimaryKeepaliveMessageByteID:
		alive, err := pglogrepl.ParsePrimaryKeepaliveMessage(data[1:])
		if err != nil {
			return fmt.Errorf("following the slot: %w", err)
		}
		if alive.ReplyRequested {
			return f.confirm(ctx, true)
		}
	case pglogrepl.XLogDataByteID:
		log, err := pglogrepl.ParseXLogData(data[1:])
		if err != nil {
			return fmt.Errorf("following the slot: %w", err)
		}
		if err := f.line(string(log.WALData), log.WALStart); err != nil {
			return fmt.Errorf("at %s: %w", log.WALStart, err)
		}
	}
	return nil
}

// line handles one line of the plugin, with its position: a transaction's first change, a change, or the end of a
// commit.
func (f *decoder) line(text string, at pglogrepl.LSN) error {
	switch {
	case strings.HasPrefix(text, "BEGIN "):
		xid, err := transactionNumber(strings.TrimPrefix(text, "BEGIN "))
		f.open, f.first = &transaction{id: xid}, at
		return err
	case strings.HasPrefix(text, "COMMIT "):
		return f.commit(text, at)
	case strings.HasPrefix(text, "table "):
		return f.change(text, at)
	}
	return nil // a message of pg_logical_emit_message
}

// commit sends a transaction completely, even if the task is being stopped.
func (f *decoder) commit(text string, end pglogrepl.LSN) error {
	defer func() { f.open, f.changes = nil, nil }()
	if f.open == nil {
		return errors.New("a commit follows no begin")
	}
	at, err := commitTime(text)
	if err != nil {
		return err
	}
	f.open.committed = at
	if len(f.changes) > 0 {
		f.stats.latency.capture(at)
	}
	for i := range f.changes {
		if err := f.publish(&f.changes[i]); err != nil {
			return err
		}
	}
	if len(f.changes) > 0 {
		if err := f.send(f.writing, record{delivered: f.stats.latency.deliver}); err != nil {
			return err
		}
	}
	return f.send(f.writing, record{delivered: func() {
		f.checkpoint(end)
		f.delivered.Store(uint64(end))
	}})
}

func (f *decoder) publish(c *change) error {
	chosen, err := c.chosen()
	if errors.Is(err, errUnfiltered) && c.operation == opDelete {
		f.warn(c.table.String()+" filter", "deletes are lost: the log has no more than the key of a row, which its filter does not compare", "table", c.table.String())
		return nil
	}
	if err != nil {
		return fmt.Errorf("table %s: %w", c.table.name, err)
	}
	if !chosen {
		return nil
	}
	key, data, err := f.envelope.change(c, f.open, &f.previous)
	if err != nil {
		return f.dataError(err)
	}
	f.previous = previous{f.open.id, c.record}
	return f.send(f.writing, record{key, data, func() { f.stats.count(c.table.name, c.operation) }})
}

// commitTime parses COMMIT 693 (at 2026-11-23 09:40:00.123456+00).
func commitTime(text string) (time.Time, error) {
	_, moment, ok := strings.Cut(text, "(at ")
	if !ok {
		return time.Time{}, fmt.Errorf("%q does not say when", text)
	}
	at, err := time.Parse("2006-01-02 15:04:05.999999-07", strings.TrimSuffix(moment, ")"))
	if err != nil {
		return at, fmt.Errorf("reading when a transaction was committed: %w", err)
	}
	return at, nil
}
