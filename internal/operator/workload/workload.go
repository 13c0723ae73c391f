// Package workload writes realistic, reproducible changes into tables of a MySQL-compatible database or of PostgreSQL.
//
// It reads the tables' definitions (package schema). Then it inserts, updates and deletes rows in a given mix, in
// transactions of several rows. It writes each committed change to a journal, in a form that a sink's copy can be
// compared with.
//
// It changes only rows that the same run has inserted, so others may use the tables meanwhile. The same seed on the
// same tables gives the same changes, with the same times.
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

// DefaultMaxTransaction is the default of [Options.MaxTransaction].
const DefaultMaxTransaction = 10

// attempts limits the attempts at one transaction. After a duplicate key it is tried with other values, and after a
// deadlock once more.
const attempts = 20

// Options are the options of Run.
type Options struct {
	// Tables lists the tables to write to, at least one. Each needs a primary key.
	Tables []table.Name
	// Count is the number of row changes over all tables.
	Count int64
	// Mix is the mix of inserts, updates and deletes. The default is 70/20/10.
	Mix Mix
	// Seed determines everything that is random.
	Seed uint64
	// Rate is the average number of changes per second. 0 means no limit.
	Rate float64
	// MaxTransaction is the greatest number of changes in one transaction. The default is [DefaultMaxTransaction].
	MaxTransaction int
	// Journal receives one [Entry] a line, after the commit. It may be nil.
	Journal io.Writer
	// Progress is called after every commit. It may be nil.
	Progress func(Summary)
}

// withDefaults sets the default of each option that is not set.
func (o Options) withDefaults() Options {
	o.MaxTransaction = cmp.Or(o.MaxTransaction, DefaultMaxTransaction)
	o.Mix = cmp.Or(o.Mix, DefaultMix)
	return o
}

// Validate returns all problems, joined.
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

// Run writes the changes. When ctx is cancelled, it finishes the present transaction and returns a summary with
// Interrupted set and no error. After an error, too, the summary counts everything that was committed.
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

// store executes transactions. It is a database, or a test's stand-in.
type store interface {
	begin(ctx context.Context) (transaction, error)
}

// transaction applies changes until it is committed. apply sets the AUTO_INCREMENT value of an insert.
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

// run does the work of Run on any store.
func run(ctx context.Context, s store, tables []*schema.Table, o Options) (Summary, error) {
	o = o.withDefaults()
	plan, err := newPlanner(tables, o)
	if err != nil {
		return Summary{}, err
	}
	r := &runner{store: s, plan: plan, journal: newJournal(o.Journal), summary: newTally(tables, o.Seed)}
	// A transaction is not interrupted. Once begun, it is committed and written to the journal.
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

// transaction plans, writes, commits and journals one transaction. It repeats the transaction if the database requires
// that.
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

// attempt plans changes and writes them in one transaction. It returns the changes, which are committed unless there is
// an error.
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
			// The user needs the first error. If the rollback fails too, the connection ends the transaction.
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
