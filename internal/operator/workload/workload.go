// Package workload writes realistic, reproducible changes into tables of a MySQL-compatible database or of PostgreSQL.
//
// It reads what a table looks like (package schema), inserts, updates and deletes rows in a given mix inside
// transactions of several rows, and journals each committed change in a form that a sink's copy can be compared with.
//
// It touches only rows that the same run inserted, so that it can work on a table that others use. The same seed on
// the same tables gives the same changes, times included.
package workload

import (
	"cdcpipeline/internal/operator/schema"
	"cdcpipeline/internal/table"
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"math"
	"time"
)

// DefaultMaxTransaction is the most changes in one transaction unless [Options] says otherwise.
const DefaultMaxTransaction = 10

// attempts at one transaction. A duplicate key is tried with other values, a deadlock once more.
const attempts = 20

// Options say what to write.
type Options struct {
	// Tables to write into, at least one; each needs a primary key.
	Tables []table.Name
	// Count of row changes over all tables.
	Count int64
	// Mix of inserts, updates and deletes. Default 70/20/10.
	Mix Mix
	// Seed of everything random.
	Seed uint64
	// Rate in changes a second, held on average. 0: as fast as the database takes them.
	Rate float64
	// MaxTransaction is the most changes in one transaction. Default [DefaultMaxTransaction].
	MaxTransaction int
	// Journal gets one [Entry] a line, after the commit. May be nil.
	Journal io.Writer
	// Progress is called after every commit. May be nil.
	Progress func(Summary)
}

// withDefaults fills what is not set.
func (o Options) withDefaults() Options {
	o.MaxTransaction = cmp.Or(o.MaxTransaction, DefaultMaxTransaction)
	o.Mix = cmp.Or(o.Mix, DefaultMix)
	return o
}

// Validate returns every problem, joined.
func (o Options) Validate() error {
	o = o.withDefaults()
	var problems []error
	refuse := func(wrong bool, format string, args ...any) {
		if wrong {
			problems = append(problems, fmt.Errorf(format, args...))
		}
	}
	refuse(len(o.Tables) == 0, "tables: name at least one, as database.table")
	seen := map[table.Name]bool{}
	for _, t := range o.Tables {
		refuse(seen[t], "tables: %s is named twice", t)
		seen[t] = true
	}
	refuse(o.Count < 1, "count: must be at least 1, is %d", o.Count)
	refuse(o.Rate < 0 || math.IsNaN(o.Rate) || math.IsInf(o.Rate, 0), "rate: must be 0 (no limit) or more changes a second, is %v", o.Rate)
	refuse(o.MaxTransaction < 1 || o.MaxTransaction > 10000, "max-transaction: must be 1 to 10000, is %d", o.MaxTransaction)
	if err := o.Mix.Validate(); err != nil {
		problems = append(problems, fmt.Errorf("mix: %w", err))
	}
	return errors.Join(problems...)
}

// Run writes the changes. When ctx is cancelled it finishes the transaction it is in and returns a summary that says
// Interrupted, without an error. The summary is right on an error too: it counts what was committed.
func Run(ctx context.Context, db *sql.DB, o Options) (Summary, error) {
	if err := o.Validate(); err != nil {
		return Summary{}, err
	}
	tables := make([]*schema.Table, len(o.Tables))
	for i, name := range o.Tables {
		t, err := load(ctx, db, name)
		if err != nil {
			return Summary{}, err
		}
		tables[i] = t
	}
	s, err := newDatabase(ctx, db, tables)
	if err != nil {
		return Summary{}, err
	}
	defer s.close()
	return run(ctx, s, tables, o)
}

// store is where transactions go: a database, or a test's stand-in.
type store interface {
	begin(ctx context.Context) (transaction, error)
}

// transaction applies changes until it is committed. apply fills in the AUTO_INCREMENT value of an insert.
type transaction interface {
	apply(ctx context.Context, c *change) error
	commit() error
	rollback() error
}

// runner is one run.
type runner struct {
	store   store
	plan    *planner
	journal *journal
	summary *tally
}

// run is Run without the database.
func run(ctx context.Context, s store, tables []*schema.Table, o Options) (Summary, error) {
	o = o.withDefaults()
	plan, err := newPlanner(tables, o)
	if err != nil {
		return Summary{}, err
	}
	r := &runner{store: s, plan: plan, journal: newJournal(o.Journal), summary: newTally(tables, o.Seed)}
	// A transaction is not cut short: what is begun is committed and journaled.
	working := context.WithoutCancel(ctx)
	for plan.left() > 0 {
		if ctx.Err() != nil {
			return r.summary.interrupted(), nil
		}
		if err := r.transaction(working); err != nil {
			return r.summary.now(), err
		}
		if o.Progress != nil {
			o.Progress(r.summary.now())
		}
		r.summary.pace(ctx, o.Rate)
	}
	return r.summary.now(), nil
}

// transaction plans, writes, commits and journals one transaction, again when the database asks for it.
func (r *runner) transaction(ctx context.Context) error {
	for attempt := 1; ; attempt++ {
		changes, err := r.attempt(ctx)
		if err == nil {
			r.summary.add(changes)
			return r.journal.write(changes, time.Now().UTC())
		}
		r.plan.undo(changes)
		if !retryable(err) || attempt == attempts {
			return explain(err)
		}
	}
}

// attempt returns the changes that were planned, committed unless there is an error.
func (r *runner) attempt(ctx context.Context) ([]*change, error) {
	tx, err := r.store.begin(ctx)
	if err != nil {
		return nil, err
	}
	var changes []*change
	for range r.plan.transactionSize() {
		c, err := r.plan.next()
		if err == nil {
			changes = append(changes, c)
			err = tx.apply(ctx, c)
		}
		if err != nil {
			// The first error is what the user needs; a rollback that fails too ends with the connection.
			_ = tx.rollback()
			return changes, err
		}
	}
	if err := tx.commit(); err != nil {
		return changes, fmt.Errorf("committing transaction %d, which is not in the journal (if the connection broke, it may still be in the database): %w",
			r.summary.Transactions+1, err)
	}
	return changes, nil
}
