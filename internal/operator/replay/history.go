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

// History adds changes of the lake to a history index that lacks them, because they are older than its delivery. If the
// delivery writes a change at the same time, the index may get it twice, as after a retry of the delivery.
type History struct {
	opensearch.Client
	// Index is the searched index: an alias, or the single index of a collection.
	Index string
	// Into returns the index for a change by the time when DMS made it.
	Into func(made time.Time) string
}

// Filled says what was added to a history.
type Filled struct {
	// Records counts the records that were read. Had counts the records that the history had already. Written counts
	// the records that were added.
	Records int64 `json:"records"`
	Had     int64 `json:"had"`
	Written int64 `json:"written"`
	// Refused counts records that cannot be indexed or are no changes. Problems describes the first of them.
	Refused  int64     `json:"refused"`
	Problems []Problem `json:"problems"`
}

// Plus adds two results.
func (f Filled) Plus(other Filled) Filled {
	problems := slices.Concat(f.Problems, other.Problems)
	return Filled{
		f.Records + other.Records, f.Had + other.Had, f.Written + other.Written, f.Refused + other.Refused, problems[:min(len(problems), maxProblems)],
	}
}

// maxPage is a response size that is enough for a thousand of the largest records.
const maxPage = 1000 * 12 << 20

// refresh refreshes a domain's indices, if there are any.
func (h History) refresh(ctx context.Context) error {
	if err := h.Refresh(ctx, h.Index); err != nil && opensearch.Status(err) != http.StatusNotFound {
		return fmt.Errorf("refreshing the history: %w", err)
	}
	return nil
}

// Found waits until a search finds all earlier writes, such as those of an interrupted run. In a collection, that takes
// a minute.
func (h History) Found(ctx context.Context) error {
	if err := h.refresh(ctx); err != nil {
		return err
	}
	select {
	case <-time.After(h.FoundAfter):
		return nil
	case <-ctx.Done():
		return ctx.Err() //nolint:wrapcheck // the run was interrupted
	}
}

// window is the period whose changes are compared together.
const window = time.Minute

// Fill adds a table's changes to the history, object by object. After an error some records are missing. A call with
// the same journal continues there; call [History.Found] before it.
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
	key         string // the object's key
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

// window writes the records of one minute that the history lacks. If no answer comes, it first checks what the request
// has written.
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

// identity returns what identifies a record: its text without insignificant spaces.
func identity(raw []byte) ([]byte, [sha256.Size]byte, error) {
	var compact bytes.Buffer
	if err := json.Compact(&compact, raw); err != nil {
		return nil, [sha256.Size]byte{}, fmt.Errorf("reading a record: %w", err)
	}
	return compact.Bytes(), sha256.Sum256(compact.Bytes()), nil
}

// has returns the table's changes of one minute that the history has.
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
	return has, err //nolint:wrapcheck // the caller wraps it
}

// busy lists the statuses of documents to send again.
var busy = []int{http.StatusTooManyRequests, http.StatusServiceUnavailable}

// write writes records to an index. It sends those again for which the index was too busy.
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
			return struct{}{}, backoff.Permanent(err) //nolint:wrapcheck // the caller wraps it
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
	return err //nolint:wrapcheck // the caller wraps it
}
