// Package replay applies stored change records once more. It reads them from the lake ([Lake]), or from the records
// that were parked because they could not be indexed ([Parked]). The current-state function's own code applies them. It
// gives the same result in any order and after any number of repetitions, so a replay may be interrupted and repeated.
//
// [Rebuild] fills a new epoch of a table from the lake.
package replay

import (
	"cdcpipeline/internal/change"
	"cdcpipeline/internal/currentstate"
	"cdcpipeline/internal/lake/objects"
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/cenkalti/backoff/v5"
	"golang.org/x/sync/errgroup"
	"golang.org/x/time/rate"
)

const (
	// readers limits how many objects are read and applied at the same time.
	readers = 4
	// batchRecords and batchBytes limit how much is applied at once. The limit is about one bulk request.
	batchRecords, batchBytes = 1000, 4 << 20
	// tries limits the attempts to apply a batch. Each attempt itself waits some minutes for the domain.
	tries = 5
	// maxProblems limits how many problems are kept. All problems are counted.
	maxProblems = 20
)

// Target applies records. [currentstate.Function] implements it.
type Target interface {
	Apply(ctx context.Context, epoch int, records []*change.Record) (currentstate.Outcome, error)
}

// Source holds stored records.
type Source interface {
	// Objects returns the objects that may hold records to replay, in the order of reading.
	Objects(ctx context.Context) ([]objects.Object, error)
	// Records passes each record of an object to visit, and reports the bytes to read.
	Records(ctx context.Context, key string, read func(bytes int), visit func(raw []byte) error) error
	// Settled is called for an object after all its records were applied.
	Settled(ctx context.Context, key string) error
}

// Options are the options of Run. The zero value applies every record to its own epoch.
type Options struct {
	// Kind is the kind of the records' source. Empty means MySQL.
	Kind change.Kind
	// Only reports whether to apply a record. nil applies all. It gets nil for a record that cannot be read.
	Only func(*change.Record) bool
	// Epoch is the epoch that gets all records. 0 means each record's own epoch.
	Epoch int
	// Rate limits the records per second. 0 means no limit.
	Rate int
	// DryRun reads and counts the records and applies none.
	DryRun bool
	// Journal records the progress and skips what an earlier run has done. If Journal is nil, the replay starts from
	// the beginning.
	Journal *Journal
	// Progress receives the bytes of objects that are done, and their total. It may be nil.
	Progress func(done, total int64)
}

// Summary counts what a replay has done.
type Summary struct {
	// Objects counts the objects that were read. ObjectsDone counts those that an earlier run had done.
	Objects     int `json:"objects"`
	ObjectsDone int `json:"objectsDone"`
	// Records counts the records that were read. RecordsDone counts the further records that an earlier run had done.
	// Wanted counts those of Records to apply, with control records.
	Records     int64 `json:"records"`
	RecordsDone int64 `json:"recordsDone"`
	Wanted      int64 `json:"wanted"`
	// These counts say what happened to the wanted records. Applied were indexed. Superseded are older than the indexed
	// state. Retired belong to an epoch that no longer exists. Control are control records. Refused were refused for
	// the reasons in Problems. A dry run counts only unreadable records, which are refused and not wanted.
	Applied    int64 `json:"applied"`
	Superseded int64 `json:"superseded"`
	Retired    int64 `json:"retired"`
	Control    int64 `json:"control"`
	Refused    int64 `json:"refused"`
	// Tables counts the wanted records by table and operation.
	Tables map[string]map[change.Operation]int64 `json:"tables"`
	// Problems describes the first refused records.
	Problems []Problem `json:"problems"`
}

// Problem is a record that cannot be indexed as it is.
type Problem struct {
	Object string              `json:"object"`
	Table  string              `json:"table,omitempty"`
	Reason currentstate.Reason `json:"reason"`
	Detail string              `json:"detail"`
}

// Run replays a source into a target. After an error some records are not applied. A call with the same journal
// continues there.
func Run(ctx context.Context, from Source, into Target, o Options) (Summary, error) {
	r := &run{from: from, into: into, Options: o, pace: rate.NewLimiter(rate.Inf, 0), atOnce: batchRecords}
	r.Tables, r.Problems = map[string]map[change.Operation]int64{}, []Problem{}
	if o.Rate > 0 {
		r.atOnce = min(o.Rate, batchRecords)
		r.pace = rate.NewLimiter(rate.Limit(o.Rate), r.atOnce)
	}
	err := r.run(ctx)
	return r.Summary, err
}

type run struct {
	from Source
	into Target
	Options
	pace   *rate.Limiter
	atOnce int // records in a batch

	mu sync.Mutex
	Summary
	done, total int64
}

func (r *run) run(ctx context.Context) error {
	objects, err := r.from.Objects(ctx)
	if err != nil {
		return err
	}
	for _, o := range objects {
		r.total += o.Size
	}
	workers, working := errgroup.WithContext(ctx)
	workers.SetLimit(readers)
	for _, o := range objects {
		if working.Err() != nil {
			break
		}
		workers.Go(func() error { return r.object(working, o) })
	}
	if err := workers.Wait(); err != nil {
		return err //nolint:wrapcheck // the error names the object
	}
	return ctx.Err() //nolint:wrapcheck // the caller has ended it
}

// object replays one object.
func (r *run) object(ctx context.Context, o objects.Object) error {
	left := o.Size
	read := func(bytes int) {
		left -= int64(bytes)
		r.progress(int64(bytes))
	}
	before, err := r.Journal.Done(r.mark(o))
	if err != nil {
		return err
	}
	if before == whole {
		r.progress(left)
		r.count(func(s *Summary) { s.ObjectsDone++ })
		return nil
	}
	b := &batch{run: r, object: o, before: before}
	if err := r.from.Records(ctx, o.Key, read, func(raw []byte) error { return b.add(ctx, raw) }); err != nil {
		return err
	}
	if err := b.flush(ctx); err != nil {
		return err
	}
	r.progress(left)
	r.count(func(s *Summary) { s.Objects++ })
	if r.DryRun {
		return nil
	}
	if b.applied() {
		if err := r.from.Settled(ctx, o.Key); err != nil {
			return err //nolint:wrapcheck // the error names the object
		}
	}
	if b.refusals > 0 { // a later run tries the refused records again
		return nil
	}
	return r.Journal.Note(r.mark(o), whole)
}

// mark returns the object's key in the journal. The key contains the epoch, because each epoch is filled separately.
func (r *run) mark(o objects.Object) string { return fmt.Sprintf("%d %s", r.Epoch, o.Key) }

func (r *run) count(add func(*Summary)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	add(&r.Summary)
}

func (r *run) progress(bytes int64) {
	if bytes == 0 {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.done += bytes
	if r.Progress != nil {
		r.Progress(r.done, r.total)
	}
}

// batch collects records of an object.
type batch struct {
	*run
	object objects.Object
	// before is the number of the object's first records that an earlier run has done. seen counts those that were
	// read.
	before, seen int
	records      []*change.Record
	bytes        int
	// refusals counts the object's records that could not be applied. passed counts those that were not wanted.
	refusals, passed int
}

// applied reports whether every record of the object was applied.
func (b *batch) applied() bool { return b.refusals+b.passed == 0 }

func (b *batch) add(ctx context.Context, raw []byte) error {
	if b.seen++; b.seen <= b.before {
		b.count(func(s *Summary) { s.RecordsDone++ })
		return nil
	}
	b.count(func(s *Summary) { s.Records++ })
	r, err := b.Kind.Parse(raw)
	if b.Only != nil && !b.Only(r) {
		b.passed++
		return nil
	}
	if err != nil {
		b.refused("", currentstate.Unreadable, err.Error())
		return nil
	}
	b.count(func(s *Summary) {
		s.Wanted++
		if s.Tables[r.Name()] == nil {
			s.Tables[r.Name()] = map[change.Operation]int64{}
		}
		s.Tables[r.Name()][r.Operation]++
	})
	if b.DryRun {
		return nil
	}
	b.records, b.bytes = append(b.records, r), b.bytes+len(raw)
	if len(b.records) < b.atOnce && b.bytes < batchBytes {
		return nil
	}
	return b.flush(ctx)
}

// flush applies the collected records. It tries again after an interruption, because a record may be applied twice.
func (b *batch) flush(ctx context.Context) error {
	if len(b.records) == 0 {
		return nil
	}
	if err := b.pace.WaitN(ctx, len(b.records)); err != nil {
		return fmt.Errorf("waiting for the rate: %w", err)
	}
	out, err := backoff.Retry(ctx, func() (currentstate.Outcome, error) {
		return b.into.Apply(ctx, b.Epoch, b.records)
	}, backoff.WithMaxTries(tries), backoff.WithMaxElapsedTime(time.Hour))
	if err != nil {
		return fmt.Errorf("applying records of %s: %w", b.object.Key, err)
	}
	b.count(func(s *Summary) {
		s.Applied += int64(out.Applied)
		s.Superseded += int64(out.Superseded)
		s.Retired += int64(out.Retired)
		s.Control += int64(out.Control)
	})
	for _, p := range out.Parked {
		b.refused(p.Table, p.Reason, p.Detail)
	}
	b.records, b.bytes = b.records[:0], 0
	if !b.applied() { // a run that continues in the middle would not know of the missing ones
		return nil
	}
	return b.Journal.Note(b.mark(b.object), b.seen)
}

func (b *batch) refused(table string, reason currentstate.Reason, detail string) {
	b.refusals++
	b.count(func(s *Summary) {
		if s.Refused++; len(s.Problems) < maxProblems {
			s.Problems = append(s.Problems, Problem{b.object.Key, table, reason, detail})
		}
	})
}
