package verify

import (
	"cdcpipeline/internal/lake/objects"
	"context"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
)

// lakeReaders limits how many objects are read at the same time.
const lakeReaders = 8

// lateness is how late a record may reach a sink. It covers a delivery's longest buffer (900 s) and its retries while
// the domain is unavailable. Older records are not read again.
const lateness = 30 * time.Minute

// sink provides the states of a table's rows: first all of them, and then new ones.
type sink interface {
	hop() Hop
	// all reads all records or documents and counts them. total is 0 if it is unknown. visit is never called
	// concurrently.
	all(ctx context.Context, t *sourceTable, progress func(done, total int64), visit visitor) error
	// since reads what has come for some rows since all began. It may pass a record twice.
	since(ctx context.Context, t *sourceTable, of map[string]*suspect, visit visitor) error
	// kept returns the time since which the sink keeps everything. Zero means forever.
	kept(ctx context.Context) (time.Time, error)
	// foundAfter is how long a search may not find a new write. During this time differing rows are read again.
	foundAfter() time.Duration
}

// visitor receives the state of a row after a record or document, with the id of the row's key.
type visitor func(id string, of state) error

// historySink reads the history index.
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

// lakeSink reads the lake's bucket.
type lakeSink struct {
	objects.Lake
	began time.Time
	// read holds the objects that came so late that a second listing returns them again.
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

// each reads several objects at the same time and reports how many bytes it has read.
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
	return readers.Wait() //nolint:wrapcheck // each error names its object
}
