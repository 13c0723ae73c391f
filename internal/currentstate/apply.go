package currentstate

import (
	"cdcpipeline/internal/change"
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"strings"
	"time"
)

const (
	// grace is how long the function waits for the create-table record of an unknown table, counted from the first
	// record of it.
	grace = time.Minute
	// columnGrace is how long the function waits for the control record of a new column. If none comes, the column
	// is indexed by the rule for unknown columns until the next epoch, and no record waits for it again.
	columnGrace = 15 * time.Second
	// reserve is the time that an invocation keeps for parking and answering.
	reserve = 5 * time.Second
)

var (
	errUndefined = errors.New("nobody has described the table yet")
	errUnknown   = errors.New("nobody has described the column yet")
)

// apply settles as many items as it can. It handles table definitions first, because rows earlier in the batch may
// need them.
func (f *Function) apply(ctx context.Context, items []item) Outcome {
	ctx, cancel := withReserve(ctx)
	defer cancel()
	var out Outcome
	for i := range items {
		if it := &items[i]; it.record != nil && it.record.Type == change.Control {
			f.guarded(it, func() { it.err = f.define(ctx, it, &out) })
		}
	}
	space := f.lines.Get().(*[]byte)
	*space = slices.Grow(*space, lengthOf(items)) // a document with its action is about as long as its record
	b := &bulk{f: f, items: items, space: space, pending: make([]action, 0, len(items))}
	defer func() {
		if !b.lent {
			*space = (*space)[:0]
			f.lines.Put(space)
		}
	}()
	for i := range items {
		it := &items[i]
		if it.record == nil || it.control || it.parked != nil {
			continue
		}
		if it.err = ctx.Err(); it.err != nil {
			continue // the invocation has no time left for it
		}
		it.space = space
		for _, d := range f.documents(ctx, it) {
			b.add(i, d)
		}
	}
	b.write(ctx)
	f.count(items, &out)
	return out
}

// lengthOf returns the length of all records in bytes.
func lengthOf(items []item) (sum int) {
	for i := range items {
		if r := items[i].record; r != nil {
			sum += len(r.Raw())
		}
	}
	return sum
}

// withReserve returns a context that ends shortly before the invocation does.
func withReserve(ctx context.Context) (context.Context, context.CancelFunc) {
	deadline, ok := ctx.Deadline()
	if !ok {
		return ctx, func() {}
	}
	return context.WithDeadline(ctx, deadline.Add(-min(reserve, time.Until(deadline)/4)))
}

// count adds the items' results to the outcome. It stops at the first unsettled item, because Lambda delivers that
// and the following ones again.
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

// guarded runs step. If step panics, it parks the item.
func (f *Function) guarded(it *item, step func()) {
	defer func() {
		if p := recover(); p != nil {
			it.park(f.deps.Now(), Panicked, fmt.Sprintf("%v\n%s", p, debug.Stack()))
		}
	}()
	step()
}

// problem is a reason to park a record.
type problem struct {
	reason Reason
	err    error
}

func (p *problem) Error() string { return p.err.Error() }

// documents returns the documents of a data record. If the record has a problem, it parks the item and returns
// none.
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
	version, err := r.VersionAt(order)
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
	if columns := f.untold(e, epoch.Key, r); len(columns) > 0 {
		return nil, &problem{Incomplete, fmt.Errorf("%s: neither the row nor its before-image tells %s, which may have any value: "+
			"ALTER TABLE %s REPLICA IDENTITY FULL, then load the table again", e.name(), strings.Join(columns, ", "), e.name())}
	}
	o := origin{record: r, position: order.String(), committed: order.Time(), indexed: f.deps.Now(), space: it.space}
	docs, err := rows(f.indices.kind, f.indices.name(e.name(), epoch.Number), epoch.columns(), version, o)
	if column := e.rounded(r.Row()); err == nil && column != "" && r.Operation != change.Delete {
		err = &problem{Rounded, fmt.Errorf("column %s is an integer in scientific notation, which may have lost digits: set UseLargeIntegerValue of the target endpoint", column)}
	}
	return docs, err
}

// announced waits for the control record of columns that are in the record but not in the table's older
// definition. That control record may still be in another shard. If it does not come in time, announced enters the
// columns as unannounced, so that no record waits for them again. It returns the present entry.
func (f *Function) announced(ctx context.Context, e *entry, r *change.Record, made time.Time) (*entry, error) {
	if len(e.lacks(r.Row(), made)) == 0 {
		return e, nil
	}
	fresh, err := f.registry.renewed(ctx, e.name())
	if err != nil || fresh == nil {
		return e, err
	}
	columns := fresh.lacks(r.Row(), made)
	switch {
	case len(columns) == 0:
		return fresh, nil
	case f.deps.Now().Sub(made) < columnGrace:
		return nil, fmt.Errorf("indexing a record of %s: with %s: %w", e.name(), strings.Join(columns, ", "), errUnknown)
	}
	f.deps.Log.Warn("columns came that no control record describes: they are indexed by the rule for unknown columns until a new epoch",
		"table", e.name().String(), "columns", columns)
	return f.registry.update(ctx, e.name(), func(e *entry) (*entry, error) {
		if e == nil {
			return nil, nil
		}
		return e.unannounced(columns), nil
	})
}
