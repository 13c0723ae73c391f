package verify

import (
	"cdcpipeline/internal/lake/objects"
	"context"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
)

// lakeReaders is how many objects are read at the same time.
const lakeReaders = 8

// lateness is how long after it was made a record may still come into a sink: the longest buffer of a delivery (900 s)
// and its retries of a domain that is away. Records older than that are not asked for again.
const lateness = 30 * time.Minute

// sink is where the states of a table's rows are read from, all of them first, then what has come since.
type sink interface {
	hop() Hop
	// all records or documents, counted while they come; total is 0 when it is not known. visit is called by one at a time.
	all(ctx context.Context, t *sourceTable, progress func(done, total int64), visit visitor) error
	// since hands on at least what has come of some rows since all began; some of it twice.
	since(ctx context.Context, t *sourceTable, of map[string]*suspect, visit visitor) error
	// kept is from when on the sink keeps what it has; zero is forever.
	kept(ctx context.Context) (time.Time, error)
	// foundAfter is how long after it was written something may not be found: it is looked for again for as long.
	foundAfter() time.Duration
}

// visitor takes the state that a record or a document leaves a row in, by the id of the row's key.
type visitor func(id string, of state) error

// historySink is the history index.
type historySink struct {
	Search
	began time.Time
}

func (s *historySink) hop() Hop { return HopHistory }

func (s *historySink) all(ctx context.Context, t *sourceTable, progress func(done, total int64), visit visitor) error {
	s.began = time.Now()
	total, err := s.Count(ctx, s.Index, t.changes())
	if err != nil {
		return err
	}
	var done int64
	return s.each(ctx, t.changes(), func(h hit) error {
		done++
		progress(done, total)
		return t.unfold(h.Source, visit)
	})
}

func (s *historySink) since(ctx context.Context, t *sourceTable, _ map[string]*suspect, visit visitor) error {
	recent := object{"range": object{"metadata.timestamp": object{"gte": s.began.Add(-lateness).UnixMilli(), "format": "epoch_millis"}}}
	return s.each(ctx, t.changes(recent), func(h hit) error { return t.unfold(h.Source, visit) })
}

func (s *historySink) kept(ctx context.Context) (time.Time, error) { return s.oldest(ctx) }

// lakeSink is the bucket.
type lakeSink struct {
	objects.Lake
	began time.Time
	// read are the objects that came so late that they are listed again.
	read map[string]bool
}

func (s *lakeSink) hop() Hop { return HopLake }

func (s *lakeSink) all(ctx context.Context, t *sourceTable, progress func(done, total int64), visit visitor) error {
	s.began, s.read = time.Now(), map[string]bool{}
	objects, err := s.List(ctx, s.Folder(t.Name.Database, t.Name.Table))
	if err != nil {
		return err
	}
	var total int64
	for _, o := range objects {
		total += o.Size
	}
	return s.each(ctx, objects, func(done int64) { progress(done, total) }, func(line []byte) error { return t.unfold(line, visit) })
}

func (s *lakeSink) since(ctx context.Context, t *sourceTable, _ map[string]*suspect, visit visitor) error {
	var fresh []objects.Object
	for _, folder := range s.Hours(t.Name.Database, t.Name.Table, s.began.Add(-lateness-time.Hour), time.Now().Add(clocksDiffer)) {
		objects, err := s.List(ctx, folder)
		if err != nil {
			return err
		}
		for _, o := range objects {
			if !s.read[o.Key] {
				fresh = append(fresh, o)
			}
		}
	}
	return s.each(ctx, fresh, func(int64) {}, func(line []byte) error { return t.unfold(line, visit) })
}

func (s *lakeSink) foundAfter() time.Duration { return 0 }

func (s *lakeSink) kept(context.Context) (time.Time, error) { return time.Time{}, nil }

// each reads objects, several at the same time, and tells how many bytes it has read.
func (s *lakeSink) each(ctx context.Context, objects []objects.Object, progress func(done int64), visit func([]byte) error) error {
	readers, ctx := errgroup.WithContext(ctx)
	readers.SetLimit(lakeReaders)
	var mu sync.Mutex
	var done int64
	for _, o := range objects {
		readers.Go(func() error {
			err := s.Lines(ctx, o.Key, func(line []byte) error {
				mu.Lock()
				defer mu.Unlock()
				return visit(line)
			})
			mu.Lock()
			defer mu.Unlock()
			if done += o.Size; err == nil && o.Written.After(s.began.Add(-lateness-2*time.Hour)) {
				s.read[o.Key] = true
			}
			progress(done)
			return err
		})
	}
	return readers.Wait() //nolint:wrapcheck // each says which object it was
}
