package workload

import (
	"cdcpipeline/internal/operator/schema"
	"cdcpipeline/internal/table"
	"context"
	"database/sql"
	"io"
	"time"
)

// Inserted is one row that was inserted so that its change can be followed. It can be deleted again.
type Inserted struct {
	Table *schema.Table
	// Key and Row have the form of [Entry].
	Key, Row map[string]any
	// Committed is when the commit returned.
	Committed time.Time

	runner *runner
	close  func()
}

// InsertOne inserts one realistic row with an unused key. It writes to the journal as [Run] does; journal may be nil.
// Close the row after use, deleted or not.
func InsertOne(ctx context.Context, db *sql.DB, name table.Name, seed uint64, journal io.Writer) (*Inserted, error) {
	t, err := load(ctx, db, name)
	if err != nil {
		return nil, err
	}
	s, err := newDatabase(ctx, db, []*schema.Table{t})
	if err != nil {
		return nil, err
	}
	i, err := insertOne(ctx, s, t, seed, journal)
	if err != nil {
		s.close()
		return nil, err
	}
	i.close = s.close
	return i, nil
}

// insertOne does the work of InsertOne on any store.
func insertOne(ctx context.Context, s store, t *schema.Table, seed uint64, w io.Writer) (*Inserted, error) {
	plan, err := newPlanner([]*schema.Table{t}, Options{Count: 1, Mix: Mix{Insert: 100}, Seed: seed, MaxTransaction: 1})
	if err != nil {
		return nil, err
	}
	r := &runner{store: s, plan: plan, journal: newJournal(w), summary: newTally([]*schema.Table{t}, seed)}
	if err := r.transaction(context.WithoutCancel(ctx)); err != nil {
		return nil, err
	}
	i := &Inserted{Table: t, Committed: time.Now(), runner: r, close: func() {}}
	i.Key, i.Row, err = t.Canonical(plan.tables[0].rows[0].values)
	return i, err
}

// Delete deletes the row and writes that to the journal.
func (i *Inserted) Delete(ctx context.Context) error {
	i.runner.plan.quota[Delete]++
	return i.runner.transaction(context.WithoutCancel(ctx))
}

// Close releases the connection. It does not delete the row.
func (i *Inserted) Close() { i.close() }
