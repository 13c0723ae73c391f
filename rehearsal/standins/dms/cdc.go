package dms

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"

	"github.com/go-mysql-org/go-mysql/mysql"
	"github.com/go-mysql-org/go-mysql/replication"
)

// follower converts binlog events to change records, one whole transaction at a time.
type follower struct {
	*mysqlReader
	file     string
	open     *transaction
	changes  []change
	shapes   map[uint64]*shape // by the binlog's table id
	previous previous
}

// shape maps the columns of a table's events to its definition.
type shape struct {
	table *table
	order []int // definition's column -> event's column
}

func (r *mysqlReader) syncer() *replication.BinlogSyncer {
	flavor := mysql.MySQLFlavor
	if r.server.mariadb {
		flavor = mysql.MariaDBFlavor
	}
	return replication.NewBinlogSyncer(replication.BinlogSyncerConfig{
		ServerID: 1<<30 | rand.Uint32N(1<<30), // a unique number
		Flavor:   flavor, Host: r.source.host, Port: r.source.port, User: r.source.user, Password: r.source.password, TLSConfig: r.source.tls,
		Charset: "utf8mb4", TimestampStringLocation: time.UTC, VerifyChecksum: true, HeartbeatPeriod: 10 * time.Second, ReadTimeout: 30 * time.Second,
		DisableRetrySync: true,                          // the task's own error handling retries
		FillZeroLogPos:   true,                          // MariaDB omits positions within a transaction
		Logger:           slog.New(slog.DiscardHandler), // its errors are returned

		RowsEventDecodeFunc: r.decode,
	})
}

// follow sends the changes after a position until the context ends.
func (r *mysqlReader) follow(ctx context.Context, after position) error {
	from, ok := after.(mysql.Position)
	if !ok {
		return fmt.Errorf("%s is no position in a binlog", after)
	}
	syncer := r.syncer()
	defer syncer.Close()
	streamer, err := syncer.StartSync(from)
	if err != nil {
		return fmt.Errorf("following the binlog from %s: %w", from, err)
	}
	f := &follower{mysqlReader: r, file: from.Name, shapes: map[uint64]*shape{}}
	r.stats.latency.reset()
	for {
		if err := f.reloadAsked(ctx, f.reload); err != nil {
			return err
		}
		waiting, cancel := context.WithTimeout(ctx, reloadDelay)
		event, err := streamer.GetEvent(waiting)
		cancel()
		if ctx.Err() != nil {
			return nil
		}
		if errors.Is(err, context.DeadlineExceeded) {
			continue
		}
		if err != nil {
			return fmt.Errorf("following the binlog: %w", err)
		}
		if err := f.handle(event); err != nil {
			return err
		}
	}
}

func (f *follower) handle(event *replication.BinlogEvent) error {
	h := event.Header
	switch e := event.Event.(type) {
	case *replication.RotateEvent:
		f.file = string(e.NextLogName)
	case *replication.MariadbGTIDEvent:
		if err := f.begin(h); err != nil {
			return err
		}
		f.open.prepared = e.Flags&preparedXA != 0
	case *replication.GTIDEvent:
		return f.begin(h)
	case *replication.QueryEvent:
		return f.query(string(e.Schema), string(e.Query), h)
	case *replication.XIDEvent:
		return f.commit(h)
	case *replication.RowsEvent:
		return f.rows(e, h)
	case *replication.TransactionPayloadEvent:
		return errors.New("the source compresses transactions: binlog_transaction_compression must be OFF")
	}
	return nil
}

func (f *follower) begin(h *replication.EventHeader) error {
	start := h.LogPos - h.EventSize
	f.open = &transaction{id: transactionID(f.file, start), file: f.file, start: start}
	return f.ended("another transaction")
}

// transactionID combines the binlog file's number with the position of a transaction's first event in it.
func transactionID(file string, start uint32) uint64 {
	number, _ := strconv.ParseUint(file[strings.LastIndex(file, ".")+1:], 10, 32)
	return number<<32 | uint64(start)
}

// query handles a statement outside a transaction, which changes definitions.
func (f *follower) query(schema, text string, h *replication.EventHeader) error {
	statement := strings.ToUpper(strings.TrimSpace(text))
	switch {
	case statement == "BEGIN":
		if f.open == nil {
			return f.begin(h)
		}
		return nil
	case statement == "COMMIT": // for an engine without transactions
		return f.commit(h)
	case strings.HasPrefix(statement, "SAVEPOINT "): // a rollback to it is not in the binlog
		return nil
	case strings.HasPrefix(statement, "XA START "):
		if f.open == nil {
			if err := f.begin(h); err != nil {
				return err
			}
		}
		f.open.prepared = true
		return nil
	}
	f.open = nil
	if err := f.ended(text); err != nil {
		return err
	}
	if err := f.ddl(schema, text); err != nil {
		return err
	}
	return f.mark(mysql.Position{Name: f.file, Pos: h.LogPos})
}

func (f *follower) rows(e *replication.RowsEvent, h *replication.EventHeader) error {
	undecoded, _ := f.undecoded.LoadAndDelete(e)
	s, err := f.shape(e)
	if err != nil || s == nil {
		return err
	}
	if f.open == nil {
		if err := f.begin(h); err != nil {
			return err
		}
	}
	if err := f.readable(e, h.EventType, undecoded); err != nil {
		return fmt.Errorf("table %s: %w", s.table.name, err)
	}
	c, ordinal := change{table: s.table, file: f.file, position: h.LogPos - h.EventSize}, 0
	add := func(op operation, row, before []any) {
		c.operation, c.row, c.before = op, s.arrange(row), s.arrange(before)
		c.record = len(f.changes) + 1
		c.stream = f.open.streamPosition(c, ordinal, h.LogPos)
		f.changes = append(f.changes, c)
		ordinal++
	}
	switch e.Type() {
	case replication.EnumRowsEventTypeInsert:
		for _, row := range e.Rows {
			add(opInsert, row, nil)
		}
	case replication.EnumRowsEventTypeDelete:
		for _, row := range e.Rows {
			add(opDelete, row, nil)
		}
	case replication.EnumRowsEventTypeUpdate:
		for i := 0; i+1 < len(e.Rows); i += 2 {
			add(opUpdate, e.Rows[i+1], e.Rows[i])
		}
	default:
		return fmt.Errorf("table %s: unknown event %s", s.table.name, h.EventType)
	}
	return nil
}

// streamPosition returns a row's stream-position. AWS does not publish its composition for a MySQL source. This
// one has the parts, in order, of a MySQL checkpoint in the API reference (CdcStartPosition of
// StartReplicationTask). That page also shows that a transaction's id is the binlog file number and position of
// its first event: 677883278264080 is mysql-bin-changelog.157832 at 1808.
func (t *transaction) streamPosition(c change, ordinal int, end uint32) string {
	return fmt.Sprintf("%s:%d:%d:%d:%d:%s:%d", c.file, c.position, ordinal, end, t.id, t.file, t.start)
}

// shape is nil for a table that is not followed.
func (f *follower) shape(e *replication.RowsEvent) (*shape, error) {
	if s, ok := f.shapes[e.TableID]; ok {
		return s, nil
	}
	t := f.table(name{string(e.Table.Schema), string(e.Table.Table)})
	if t == nil {
		f.shapes[e.TableID] = nil
		return nil, nil
	}
	s := &shape{table: t, order: make([]int, len(t.columns))}
	names := e.Table.ColumnNameString()
	if len(names) == 0 && int(e.ColumnCount) != len(t.columns) {
		return nil, fmt.Errorf("table %s: an event has %d columns, the definition %d: reload the table", t.name, e.ColumnCount, len(t.columns))
	}
	for i := range t.columns {
		s.order[i] = i
		if len(names) > 0 {
			s.order[i] = -1 // the column was added later
			for j, n := range names {
				if n == t.columns[i].name {
					s.order[i] = j
				}
			}
		}
	}
	f.shapes[e.TableID] = s
	return s, nil
}

func (s *shape) arrange(row []any) []any {
	if row == nil {
		return nil
	}
	out := make([]any, len(s.order))
	for i, j := range s.order {
		if j >= 0 && j < len(row) {
			out[i] = row[j]
		}
	}
	return out
}

// commit sends a transaction. Once begun it is sent completely even if the task is being stopped, so that the task
// resumes after it.
func (f *follower) commit(h *replication.EventHeader) error {
	defer func() { f.open, f.changes = nil, f.changes[:0] }()
	followed := len(f.changes) > 0
	if followed {
		f.stats.latency.capture(time.Unix(int64(h.Timestamp), 0))
	}
	for i := range f.changes {
		c := f.changes[i]
		if chosen, err := c.chosen(); err != nil {
			return err
		} else if !chosen {
			continue
		}
		f.open.committed = time.Unix(int64(h.Timestamp), 0)
		key, data, err := f.envelope.change(&c, f.open, &f.previous)
		if err != nil {
			if err = f.dataError(err); err != nil {
				return err
			}
			continue
		}
		f.previous = previous{f.open.id, c.record}
		if err := f.send(f.writing, record{key, data, func() { f.stats.count(c.table.name, c.operation) }}); err != nil {
			return err
		}
	}
	if followed {
		if err := f.send(f.writing, record{delivered: f.stats.latency.deliver}); err != nil {
			return err
		}
	}
	return f.mark(mysql.Position{Name: f.file, Pos: h.LogPos})
}

// mark stores a position once everything before it is in the stream.
func (f *follower) mark(at mysql.Position) error {
	return f.send(f.writing, record{delivered: func() { f.checkpoint(at) }})
}
