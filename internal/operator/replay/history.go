package replay

import (
	"bytes"
	"cdcpipeline/internal/opensearch"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"time"

	"github.com/cenkalti/backoff/v5"
)

// History is a history index that is given the changes which the lake has and it lacks: those from before its delivery was made.
// A change that comes by the delivery at the same time may be there twice, as one that a delivery has tried again.
type History struct {
	opensearch.Client
	// Index that is searched: an alias, or a collection's one index.
	Index string
	// Into is the index that a change is written to by the time at which DMS made it.
	Into func(made time.Time) string
}

// Filled is what a history was given.
type Filled struct {
	// Records that were read, those that the history had, and those that were written to it.
	Records int64 `json:"records"`
	Had     int64 `json:"had"`
	Written int64 `json:"written"`
	// Refused cannot be indexed, or are no changes; Problems are the first of them.
	Refused  int64     `json:"refused"`
	Problems []Problem `json:"problems"`
}

// Plus is the sum of two.
func (f Filled) Plus(other Filled) Filled {
	problems := slices.Concat(f.Problems, other.Problems)
	return Filled{
		f.Records + other.Records, f.Had + other.Had, f.Written + other.Written, f.Refused + other.Refused, problems[:min(len(problems), maxProblems)],
	}
}

// maxPage has room for a page of a thousand records as large as a stream takes them.
const maxPage = 1000 * 12 << 20

// refresh a domain's indices, if there are any.
func (h History) refresh(ctx context.Context) error {
	if err := h.Refresh(ctx, h.Index); err != nil && opensearch.Status(err) != http.StatusNotFound {
		return fmt.Errorf("refreshing the history: %w", err)
	}
	return nil
}

// Found lets everything be found that was written before, by an interrupted run for instance: in a collection after a minute.
func (h History) Found(ctx context.Context) error {
	if err := h.refresh(ctx); err != nil {
		return err
	}
	select {
	case <-time.After(h.FoundAfter):
		return nil
	case <-ctx.Done():
		return ctx.Err() //nolint:wrapcheck // interrupted
	}
}

// window is the time whose changes are compared at once.
const window = time.Minute

// Fill the history from a table's objects, one after the other. On an error some records are not written; with the same journal it goes on
// there, after [History.Found].
func (h History) Fill(ctx context.Context, from Lake, o Options) (Filled, error) {
	h.MaxAnswer = maxPage
	f := &filling{History: h, from: from, Options: o}
	if err := h.refresh(ctx); err != nil {
		return f.Filled, err
	}
	listed, err := from.Objects(ctx)
	if err != nil {
		return f.Filled, err
	}
	for _, object := range listed {
		f.total += object.Size
	}
	for _, object := range listed {
		mark := "history " + object.Key
		done, err := o.Journal.Done(mark)
		if err != nil {
			return f.Filled, err
		}
		if done != whole {
			if err := f.object(ctx, object.Key); err != nil {
				return f.Filled, err
			}
			if err := o.Journal.Note(mark, whole); err != nil {
				return f.Filled, err
			}
		}
		if f.done += object.Size; o.Progress != nil {
			o.Progress(f.done, f.total)
		}
	}
	return f.Filled, nil
}

type filling struct {
	History
	from Lake
	Options
	Filled
	key         string // of the object
	done, total int64
}

func (f *filling) object(ctx context.Context, key string) error {
	f.key = key
	windows := map[time.Time][][]byte{}
	err := f.from.Records(ctx, key, func(int) {}, func(raw []byte) error {
		f.Records++
		r, err := f.Kind.Parse(raw)
		if err == nil {
			var made time.Time
			if made, err = r.Made(); err == nil {
				if f.from.Wanted(r) {
					at := made.UTC().Truncate(window)
					windows[at] = append(windows[at], bytes.Clone(raw))
				}
				return nil
			}
		}
		f.refuse(err.Error())
		return nil
	})
	if err != nil {
		return err
	}
	for _, at := range slices.SortedFunc(maps.Keys(windows), time.Time.Compare) {
		if err := f.window(ctx, at, windows[at]); err != nil {
			return fmt.Errorf("filling the history from %s: %w", key, err)
		}
	}
	return nil
}

func (f *filling) refuse(detail string) {
	if f.Refused++; len(f.Problems) < maxProblems {
		f.Problems = append(f.Problems, Problem{Object: f.key, Detail: detail})
	}
}

// window writes those records of a minute that the history lacks. When an answer does not come, what was written before is looked for first.
func (f *filling) window(ctx context.Context, at time.Time, records [][]byte) error {
	for try := 1; ; try++ {
		before := f.Filled
		err := f.lacking(ctx, at, records)
		if err == nil || try == tries || ctx.Err() != nil || opensearch.Status(err) != 0 {
			return err
		}
		f.Had = before.Had
		if err := f.Found(ctx); err != nil {
			return err
		}
	}
}

func (f *filling) lacking(ctx context.Context, at time.Time, records [][]byte) error {
	has, err := f.has(ctx, at)
	if err != nil {
		return err
	}
	var lacking [][]byte
	for _, raw := range records {
		compact, sum, err := identity(raw)
		if err != nil {
			return err
		}
		if has[sum] {
			f.Had++
			continue
		}
		has[sum] = true // a delivery that tries again puts a record into the lake twice
		lacking = append(lacking, compact)
	}
	if f.DryRun {
		f.Written += int64(len(lacking))
		return nil
	}
	for len(lacking) > 0 {
		n, size := 0, 0
		for n < len(lacking) && n < batchRecords && (n == 0 || size+len(lacking[n]) < batchBytes) {
			size += len(lacking[n])
			n++
		}
		if err := f.write(ctx, f.Into(at), lacking[:n]); err != nil {
			return err
		}
		lacking = lacking[n:]
	}
	return nil
}

// identity of a record: its text, without the spaces between.
func identity(raw []byte) ([]byte, [sha256.Size]byte, error) {
	var compact bytes.Buffer
	if err := json.Compact(&compact, raw); err != nil {
		return nil, [sha256.Size]byte{}, fmt.Errorf("reading a record: %w", err)
	}
	return compact.Bytes(), sha256.Sum256(compact.Bytes()), nil
}

// has are the table's changes of a minute that the history has.
func (f *filling) has(ctx context.Context, at time.Time) (map[[sha256.Size]byte]bool, error) {
	has := map[[sha256.Size]byte]bool{}
	query := map[string]any{"query": map[string]any{"bool": map[string]any{"filter": []any{
		map[string]any{"term": map[string]any{"metadata.schema-name": f.from.Table.Database}},
		map[string]any{"term": map[string]any{"metadata.table-name": f.from.Table.Table}},
		map[string]any{"range": map[string]any{"metadata.timestamp": map[string]any{"gte": at.Format(time.RFC3339), "lt": at.Add(window).Format(time.RFC3339)}}},
	}}}}
	type document struct {
		Source json.RawMessage `json:"_source"`
	}
	err := opensearch.Each(ctx, f.Client, f.Index, query, func(d document) error {
		_, sum, err := identity(d.Source)
		has[sum] = true
		return err
	})
	return has, err //nolint:wrapcheck // wrapped by the caller
}

// busy are the statuses of a document that is to be sent again.
var busy = []int{http.StatusTooManyRequests, http.StatusServiceUnavailable}

// write records to an index; what the index has no time for is sent again.
func (f *filling) write(ctx context.Context, index string, records [][]byte) error {
	_, err := backoff.Retry(ctx, func() (struct{}, error) {
		var body bytes.Buffer
		for _, raw := range records {
			fmt.Fprintf(&body, "{\"index\":{\"_index\":%q}}\n%s\n", index, raw)
		}
		var out struct {
			Items []map[string]struct {
				Status int             `json:"status"`
				Error  json.RawMessage `json:"error"`
			} `json:"items"`
		}
		if err := f.Do(ctx, http.MethodPost, "/_bulk", body.Bytes(), &out); err != nil {
			return struct{}{}, backoff.Permanent(err) //nolint:wrapcheck // wrapped by the caller
		}
		if len(out.Items) != len(records) {
			return struct{}{}, backoff.Permanent(fmt.Errorf("OpenSearch answered for only %d of %d documents", len(out.Items), len(records)))
		}
		var again [][]byte
		for i, item := range out.Items {
			for _, verdict := range item {
				switch {
				case verdict.Status/100 == 2:
					f.Written++
				case slices.Contains(busy, verdict.Status):
					again = append(again, records[i])
				default:
					f.refuse(string(verdict.Error))
				}
			}
		}
		if records = again; len(again) > 0 {
			return struct{}{}, fmt.Errorf("%s had no capacity for %d documents", index, len(again))
		}
		return struct{}{}, nil
	}, backoff.WithMaxTries(tries), backoff.WithMaxElapsedTime(time.Hour))
	return err //nolint:wrapcheck // as above
}
