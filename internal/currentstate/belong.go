package currentstate

import (
	"cdcpipeline/internal/change"
	"cdcpipeline/internal/table"
	"context"
	"fmt"
	"maps"
	"slices"
	"time"
)

// epoch returns the table's entry and the epoch of a record that DMS made at the time made. The epoch is nil if it
// is no longer kept. The first record of an epoch binds it to the columns of its key and to the source's binlog;
// epoch enters these in the registry.
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

// epochIn returns the epoch that an item belongs to, or nil if that epoch is no longer kept.
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
			epoch.Key, epoch.Types, changed = slices.Clone(e.Key), f.keyTypes(e), true
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

// entry returns the entry of a table, completed from the settings. It returns nil for an unknown table.
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

// within reports whether an entry has everything that the settings say about its table.
func (t Table) within(e *entry) bool {
	for column := range t.Columns {
		if _, ok := e.Columns[column]; !ok {
			return false
		}
	}
	return slices.Equal(e.Key, t.Key)
}

// into adds the settings of a table to its entry: the key, and missing columns. It keeps the types of present
// columns, because these are newer.
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
