package currentstate

import (
	"cdcpipeline/internal/change"
	"cdcpipeline/internal/table"
	"context"
	"errors"
	"fmt"
	"maps"
	"runtime/debug"
	"slices"
	"time"
)

const (
	// grace is how long after a record of an unknown table its create-table record may still be on its way.
	grace = time.Minute
	// columnGrace is how long the control record of a new column may be: what comes after it is indexed by the rule for
	// unknown columns, which is for good until the next epoch.
	columnGrace = 15 * time.Second
	// reserve of an invocation's time, for parking and answering.
	reserve = 5 * time.Second
)

var (
	errUndefined = errors.New("nobody has described the table yet")
	errUnknown   = errors.New("nobody has described the column yet")
)

// apply settles items as far as it can. Definitions come first: they may be for rows that are before them in the batch.
func (f *Function) apply(ctx context.Context, items []item) Outcome {
	if deadline, ok := ctx.Deadline(); ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, deadline.Add(-min(reserve, time.Until(deadline)/4)))
		defer cancel()
	}
	var out Outcome
	for i := range items {
		if it := &items[i]; it.record != nil && it.record.Type == change.Control {
			f.guarded(it, func() { it.err = f.define(ctx, it, &out) })
		}
	}
	b := newBulk(f, items)
	for i := range items {
		it := &items[i]
		if it.record == nil || it.control || it.parked != nil {
			continue
		}
		if it.err = ctx.Err(); it.err != nil {
			continue // there is no time left for it
		}
		for _, d := range f.documents(ctx, it) {
			b.add(ctx, i, d)
		}
	}
	b.flush(ctx)
	f.count(items, &out)
	return out
}

// count what became of items. Those from the first unsettled one on will come again.
func (f *Function) count(items []item, out *Outcome) {
	for i := range items {
		it := &items[i]
		switch {
		case it.err != nil:
		case it.parked != nil:
			out.Parked = append(out.Parked, *it.parked)
		case it.control:
			out.Control++
		case it.retired:
			out.Retired++
		case it.written > 0:
			out.Applied++
			if !it.committed.IsZero() {
				out.Lag = max(out.Lag, f.deps.Now().Sub(it.committed))
			}
		default:
			out.Superseded++
		}
	}
}

// guarded parks the item that makes step panic.
func (f *Function) guarded(it *item, step func()) {
	defer func() {
		if p := recover(); p != nil {
			it.park(f.deps.Now(), Panicked, fmt.Sprintf("%v\n%s", p, debug.Stack()))
		}
	}()
	step()
}

// problem is something wrong with a record.
type problem struct {
	reason Reason
	err    error
}

func (p *problem) Error() string { return p.err.Error() }

// documents of a data record; none when there is something wrong, which is noted in the item.
func (f *Function) documents(ctx context.Context, it *item) (docs []document) {
	f.guarded(it, func() {
		var err error
		docs, err = f.plan(ctx, it)
		if p := (*problem)(nil); errors.As(err, &p) {
			it.park(f.deps.Now(), p.reason, p.Error())
			return
		}
		it.err = err
	})
	if it.parked != nil || it.err != nil {
		return nil
	}
	return docs
}

func (f *Function) plan(ctx context.Context, it *item) ([]document, error) {
	r := it.record
	made, err := r.Made()
	if err != nil {
		return nil, &problem{Unordered, err}
	}
	order, err := r.Order()
	if err != nil {
		return nil, &problem{Unordered, err}
	}
	version, err := r.Version()
	if err != nil {
		return nil, &problem{Unordered, err}
	}
	e, epoch, err := f.epoch(ctx, it, made, order)
	if err != nil {
		return nil, err
	}
	if epoch == nil {
		it.retired = true
		return nil, nil
	}
	if r.Operation != change.Load {
		it.committed = order.Time()
	}
	if e, err = f.announced(ctx, e, r, made); err != nil {
		return nil, err
	}
	if err := f.indices.prepare(ctx, e, epoch.Number); err != nil {
		return nil, err
	}
	o := origin{record: r, position: order.String(), committed: order.Time(), indexed: f.deps.Now()}
	return rows(Index(e.name(), epoch.Number), epoch.Key, version, o)
}

// announced waits for the description of columns that a record has and its table's definition, which is older, has not: it may
// be on its way in another shard. The entry comes back as it is now.
func (f *Function) announced(ctx context.Context, e *entry, r *change.Record, made time.Time) (*entry, error) {
	column := e.lacks(r.Data, made)
	if column == "" || f.deps.Now().Sub(made) >= columnGrace {
		return e, nil
	}
	fresh, err := f.registry.renewed(ctx, e.name())
	if err != nil || fresh == nil {
		return e, err
	}
	if column = fresh.lacks(r.Data, made); column != "" {
		return nil, fmt.Errorf("indexing a record of %s: with %s: %w", e.name(), column, errUnknown)
	}
	return fresh, nil
}

// rows are the documents of a record: the row's, and a tombstone where it was when its key has changed.
func rows(index string, columns []string, version int64, o origin) ([]document, error) {
	key, err := o.record.Key(columns)
	if err != nil {
		return nil, &problem{Unkeyed, err}
	}
	previous, moved, err := o.record.PreviousKey(columns)
	if err != nil {
		return nil, &problem{Unkeyed, err}
	}
	d := document{index: index, id: key.ID(), version: version, room: len(o.record.Raw()) + 512}
	if o.record.Operation == change.Delete {
		d.tombstone(o)
		return []document{d}, nil
	}
	d.row(o)
	if !moved {
		return []document{d}, nil
	}
	was := document{index: index, id: previous.ID(), version: version, room: 512}
	was.tombstone(o)
	return []document{d, was}, nil
}

// epoch of a record that DMS made at a time, with its table; nil when it is no longer kept. What the epoch is bound to by
// its first record, the key's columns and the source's binlog, is entered here.
func (f *Function) epoch(ctx context.Context, it *item, made time.Time, order change.Order) (*entry, *Epoch, error) {
	r := it.record
	n := table.Name{Database: r.Schema, Table: r.Table}
	e, err := f.entry(ctx, n)
	if err != nil {
		return nil, nil, err
	}
	if e == nil {
		if f.deps.Now().Sub(made) < grace {
			return nil, nil, fmt.Errorf("indexing a record of %s: %w", n, errUndefined)
		}
		return nil, nil, &problem{Unkeyed, fmt.Errorf("%w: deploy again, so that the function learns its primary key, then replay", errUndefined)}
	}
	epoch := it.epochIn(e, made)
	if epoch == nil {
		return e, nil, nil
	}
	if len(epoch.Key) == 0 && len(e.Key) > 0 || epoch.Binlog == "" && order.Binlog() != "" {
		if e, err = f.bind(ctx, n, epoch.Number, order.Binlog()); err != nil {
			return nil, nil, err
		}
		if epoch = e.epoch(epoch.Number); epoch == nil {
			return e, nil, nil
		}
	}
	if len(epoch.Key) == 0 {
		return nil, nil, &problem{Unkeyed, fmt.Errorf("%s has no primary key", n)}
	}
	if order.Binlog() != "" && order.Binlog() != epoch.Binlog {
		return nil, nil, &problem{Unordered, fmt.Errorf("the record is from the binlog %s, those of epoch %d from %s: the source is another one, begin a new epoch", order.Binlog(), epoch.Number, epoch.Binlog)}
	}
	return e, epoch, nil
}

// epochIn is the epoch of its table that an item belongs to; nil when that epoch is no longer kept.
func (it *item) epochIn(e *entry, made time.Time) *Epoch {
	if it.epoch > 0 {
		return e.epoch(it.epoch)
	}
	return e.epochAt(made)
}

func (f *Function) bind(ctx context.Context, n table.Name, number int, binlog string) (*entry, error) {
	return f.registry.update(ctx, n, func(e *entry) (*entry, error) {
		if e == nil {
			return nil, fmt.Errorf("the registry has lost %s", n)
		}
		epoch := e.epoch(number)
		if epoch == nil {
			return nil, nil
		}
		changed := false
		if len(epoch.Key) == 0 && len(e.Key) > 0 {
			epoch.Key, changed = slices.Clone(e.Key), true
		}
		if epoch.Binlog == "" && binlog != "" {
			epoch.Binlog, changed = binlog, true
		}
		if !changed {
			return nil, nil
		}
		return e, nil
	})
}

// entry of a table with what the settings say of it; nil when nobody has described it.
func (f *Function) entry(ctx context.Context, n table.Name) (*entry, error) {
	e, err := f.registry.get(ctx, n)
	t, configured := f.tables[n]
	if err != nil || !configured {
		return e, err
	}
	if seen, ok := f.seen.Load(n); ok && e != nil && seen == e {
		return e, nil
	}
	if e == nil || !t.within(e) {
		e, err = f.registry.update(ctx, n, func(e *entry) (*entry, error) {
			if e != nil && t.within(e) {
				return nil, nil
			}
			return t.into(e), nil
		})
		if err != nil {
			return nil, err
		}
	}
	f.seen.Store(n, e)
	return e, nil
}

// within reports whether an entry has what the settings say.
func (t Table) within(e *entry) bool {
	for column := range t.Columns {
		if _, ok := e.Columns[column]; !ok {
			return false
		}
	}
	return slices.Equal(e.Key, t.Key)
}

// into an entry: the key of the settings, and columns that it does not have. The types of those it has are newer.
func (t Table) into(e *entry) *entry {
	if e == nil {
		e = newEntry(table.Name{Database: t.Database, Table: t.Table})
	}
	e.Key = slices.Clone(t.Key)
	columns := make(map[string]fieldType, len(t.Columns)+len(e.Columns))
	for column, declared := range t.Columns {
		columns[column] = typeOf(declared)
	}
	maps.Copy(columns, e.Columns)
	e.Columns = columns
	return e
}

func newEntry(n table.Name) *entry {
	return &entry{Schema: n.Database, Table: n.Table, Columns: map[string]fieldType{}, Epochs: []Epoch{{Number: 1}}}
}
