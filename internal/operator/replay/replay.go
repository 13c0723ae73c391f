// Package replay applies change records once more that the pipeline has kept: those of the lake ([Lake]), and those that
// were parked because they could not be indexed ([Parked]). They go through the current-state function's own code, which
// makes the same of them whatever their order and however often they come; so a replay may be interrupted and repeated.
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
	// readers is how many objects are read and applied at the same time.
	readers = 4
	// batchRecords and batchBytes bound what is applied at once: about one bulk request.
	batchRecords, batchBytes = 1000, 4 << 20
	// tries of a batch. Outages of the domain are sat out in each of them, for minutes.
	tries = 5
	// maxProblems that are remembered; all are counted.
	maxProblems = 20
)

// Target takes records; [currentstate.Function] is one.
type Target interface {
	Apply(ctx context.Context, epoch int, records []*change.Record) (currentstate.Outcome, error)
}

// Source is where records are kept.
type Source interface {
	// Objects that may hold records to replay, in the order in which they are to be read.
	Objects(ctx context.Context) ([]objects.Object, error)
	// Records hands on what an object holds, and tells of the object's bytes as they are read.
	Records(ctx context.Context, key string, read func(bytes int), visit func(raw []byte) error) error
	// Settled is called for an object after all its records were applied.
	Settled(ctx context.Context, key string) error
}

// Options of a replay. The zero value applies everything to the epochs that the records are of.
type Options struct {
	// Kind of the source that the records are from; empty is MySQL.
	Kind change.Kind
	// Only says whether a record is to be applied; nil is all. Of one that cannot be read it is asked with nil.
	Only func(*change.Record) bool
	// Epoch that the records go to, whichever they are of; 0 is each one's own.
	Epoch int
	// Rate is how many records a second are applied; 0 is as fast as the domain takes them.
	Rate int
	// DryRun reads and counts, and applies nothing.
	DryRun bool
	// Journal has the objects and records that an earlier run has done, and notes more; nil begins from the start.
	Journal *Journal
	// Progress in bytes of objects. May be nil.
	Progress func(done, total int64)
}

// Summary of a replay.
type Summary struct {
	// Objects that were read, and those that an earlier run had done.
	Objects     int `json:"objects"`
	ObjectsDone int `json:"objectsDone"`
	// Records in those that were read, but for RecordsDone, which an earlier run had done; of them Wanted were to be applied,
	// control records among them.
	Records     int64 `json:"records"`
	RecordsDone int64 `json:"recordsDone"`
	Wanted      int64 `json:"wanted"`
	// What became of the wanted ones: indexed; behind what is indexed already; of an epoch that is no longer kept; control
	// records; refused, for the reasons in Problems. In a dry run all are 0 but for records that cannot be read, which are
	// refused and not Wanted.
	Applied    int64 `json:"applied"`
	Superseded int64 `json:"superseded"`
	Retired    int64 `json:"retired"`
	Control    int64 `json:"control"`
	Refused    int64 `json:"refused"`
	// Tables of the wanted records, with how many of each operation.
	Tables map[string]map[change.Operation]int64 `json:"tables"`
	// Problems are the first refused records.
	Problems []Problem `json:"problems"`
}

// Problem is a record that cannot be indexed as it is.
type Problem struct {
	Object string              `json:"object"`
	Table  string              `json:"table,omitempty"`
	Reason currentstate.Reason `json:"reason"`
	Detail string              `json:"detail"`
}

// Run replays a source into a target. On an error some records are not applied; with the same journal it goes on there.
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
	atOnce int // records of a batch

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
		return err //nolint:wrapcheck // it names the object
	}
	return ctx.Err() //nolint:wrapcheck // told to end
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
			return err //nolint:wrapcheck // it names the object
		}
	}
	if b.refusals > 0 { // when the cause is mended they are tried again
		return nil
	}
	return r.Journal.Note(r.mark(o), whole)
}

// mark of an object in the journal: to have filled one epoch from it says nothing of another.
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
	// before are the first records of the object, which an earlier run has done; seen are those that were read.
	before, seen int
	records      []*change.Record
	bytes        int
	// refusals and passed are the records of the object that were not applied: because they cannot be, or were not wanted.
	refusals, passed int
}

// applied says that every record of the object was.
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

// flush applies what there is, and tries again what was interrupted: to apply a record twice does no harm.
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
	if !b.applied() { // which a run that goes on in the middle would not know
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
