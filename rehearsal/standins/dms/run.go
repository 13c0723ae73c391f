package dms

import (
	"cdcpipeline/rehearsal/standins/account"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"golang.org/x/sync/errgroup"
)

// run is one attempt of a task, from connecting to the source until the first error.
type run struct {
	account    account.Account
	task       *declared
	log        *slog.Logger
	stats      *statistics
	checkpoint func(position) // called when everything before the position is in the stream
	reloads    <-chan name    // tables to load while changes are followed
	running    func()         // called when the start position is known: no later change is missed
	complete   func()         // called when the load is in the stream
	quirks     *quirks
	slot       *slot // the task's slot in a PostgreSQL source
	captured   func(records [][]byte)
	life       context.Context //nolint:containedctx // ends when the attempt crashes

	source   *source
	tables   []*table
	envelope *envelope
	out      chan record
	writing  context.Context // outlives a stop, because a transaction is sent completely
}

// position is a position in a source's log.
type position interface{ String() string }

// reader reads a source of one engine for a run.
type reader interface {
	// connect opens the source, and refuses one that cannot be followed.
	connect(ctx context.Context) error
	// find returns the tables that the rules select.
	find(ctx context.Context) ([]name, error)
	// define reads a table's definition, or fails with errNoTable.
	define(ctx context.Context, n name) (*table, error)
	// start returns the position from which a task follows changes after its first start. For a task that loads it
	// also opens a view of the tables at that point.
	start(ctx context.Context) (position, error)
	// load sends the rows of that view.
	load(ctx context.Context) error
	// follow sends the changes after a position until the context ends.
	follow(ctx context.Context, from position) error
	close()
}

func (r *run) reader() reader {
	if r.task.source.postgres != nil {
		return &postgresReader{run: r}
	}
	return &mysqlReader{run: r}
}

// lastWrites is how long a stopping task may still write records that it has read.
const lastWrites = 20 * time.Second

// attempt loads, if from is nil and the task loads, and follows changes until ctx ends.
func (r *run) attempt(ctx context.Context, from position) error {
	source := r.reader()
	defer source.close()
	if err := r.prepare(ctx, source, from == nil && r.task.load); err != nil {
		return err
	}

	patient, abandon := context.WithCancel(r.life)
	defer abandon()
	defer context.AfterFunc(ctx, func() { time.AfterFunc(lastWrites, abandon) })()
	group, writing := errgroup.WithContext(patient)
	reading, stop := context.WithCancel(ctx)
	defer stop()
	defer context.AfterFunc(writing, stop)() // a failed writer ends the readers
	r.writing, r.out = writing, make(chan record, 4*maxBatch)
	w := &writer{
		client: kinesis.NewFromConfig(r.account.AsRole(r.task.target.role, "dms-session-for-replication")),
		stream: r.task.target.stream, wait: r.task.settings.ErrorBehavior.wait,
	}
	group.Go(func() error { return w.run(writing, r.out) })
	group.Go(func() error {
		defer close(r.out)
		return r.read(reading, source, from)
	})
	err := group.Wait()
	if ctx.Err() != nil && errors.Is(err, context.Canceled) {
		return nil
	}
	return err //nolint:wrapcheck // each error names what was being done
}

func (r *run) prepare(ctx context.Context, source reader, load bool) error {
	var err error
	if r.source, err = openSource(ctx, r.account, r.task.source); err != nil {
		return err
	}
	if err := source.connect(ctx); err != nil {
		return err
	}
	return r.defineTables(ctx, source, load)
}

func (r *run) defineTables(ctx context.Context, source reader, load bool) error {
	names, err := source.find(ctx)
	if err != nil {
		return err
	}
	if len(names) == 0 && r.task.settings.ErrorBehavior.FailOnNoTablesCaptured {
		return errors.New("no tables were found at task start: either the selected tables do not exist or the user may not see them")
	}
	r.stats.keep(names)
	for _, n := range names {
		t, err := source.define(ctx, n)
		if errors.Is(err, errNoTable) {
			continue // dropped in the meantime
		}
		if err != nil {
			return err
		}
		r.tables = append(r.tables, t)
		r.stats.begin(n, load)
	}
	r.envelope = newEnvelope(r.task, r.log)
	return nil
}

func newEnvelope(d *declared, log *slog.Logger) *envelope {
	m := d.settings.TargetMetadata
	f := format{
		largeIntegers: d.target.largeIntegers, nullAndEmpty: d.target.nullAndEmpty, supportLobs: m.SupportLobs,
		lobLimit: m.LobMaxSize << 10, truncation: d.settings.ErrorBehavior.DataTruncationErrorPolicy,
		onTruncation: func(c *column, size int) { log.Warn("a LOB was truncated", "column", c.name, "bytes", size) },
	}
	if b := d.settings.BeforeImageSettings; b != nil && b.EnableBeforeImage {
		f.beforeImage, f.beforeColumns = b.FieldName, b.ColumnFilter
	}
	if p := d.source.postgres; p != nil && p.failOnTruncation {
		f.truncation = stopTask
	}
	return &envelope{target: d.target, task: d.id, format: f, now: time.Now}
}

// read produces records: definitions, then loaded rows, then changes.
func (r *run) read(ctx context.Context, source reader, from position) error {
	if from == nil {
		start, err := r.begin(ctx, source)
		if err != nil {
			return err
		}
		from = start
	} else {
		r.running()
	}
	if !r.task.cdc {
		return nil
	}
	return source.follow(ctx, from)
}

// begin is a task's first start; it returns the position before its changes.
func (r *run) begin(ctx context.Context, source reader) (position, error) {
	start, err := source.start(ctx)
	if err != nil {
		return start, err
	}
	r.running()
	for _, t := range append([]*table{exceptions}, r.tables...) {
		key, data := r.envelope.control(t, "create-table")
		if err := r.send(ctx, record{key: key, data: data}); err != nil {
			return start, err
		}
	}
	if r.task.load {
		if err := source.load(ctx); err != nil {
			return start, err
		}
	}
	return start, r.send(ctx, record{delivered: func() {
		r.checkpoint(start)
		r.complete()
	}})
}

func (r *run) send(ctx context.Context, out record) error {
	for _, one := range r.quirks.apply(out) {
		if one.data != nil {
			r.captured([][]byte{one.data})
		}
		select {
		case r.out <- one:
		case <-ctx.Done():
			return fmt.Errorf("stopping: %w", ctx.Err())
		case <-r.writing.Done():
			return fmt.Errorf("stopping: %w", r.writing.Err())
		}
	}
	return nil
}

func (r *run) table(n name) *table {
	for _, t := range r.tables {
		if t.name == n {
			return t
		}
	}
	return nil
}

func (r *run) replace(changed *table) {
	for i, t := range r.tables {
		if t.name == changed.name {
			r.tables[i] = changed
		}
	}
}

// recoverable reports whether an error concerns the connection to the source and may pass: DMS's "environmental"
// errors,
// https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Tasks.CustomizingTasks.TaskSettings.ErrorHandling.html.
func recoverable(err error) bool {
	var network net.Error
	if errors.As(err, &network) {
		return true
	}
	for _, known := range append(mysqlPasses, io.EOF, io.ErrUnexpectedEOF, net.ErrClosed) {
		if errors.Is(err, known) {
			return true
		}
	}
	return postgresPasses(err)
}
