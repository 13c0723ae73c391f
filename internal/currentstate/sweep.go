package currentstate

import (
	"cdcpipeline/internal/opensearch"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"
)

// sweepAtOnce is how many tombstones one request removes. A search returns at most 10,000.
const sweepAtOnce = 5000

// Swept has the results of a sweep.
type Swept struct {
	Removed int `json:"removed"`
	// Indices is the number of indices that were searched.
	Indices int `json:"indices"`
}

// Sweep removes tombstones that no earlier record can follow. The stream keeps records for its retention, and
// parked records are replayed only up to the age in the settings. The next sweep continues where an invocation
// ends. If older records from the lake are replayed into an index in use, deleted rows come back until the replay
// reaches their deletion. Use a new epoch for such a replay.
func (f *Function) Sweep(ctx context.Context) (Swept, error) {
	var out Swept
	if err := f.takeOver(ctx); err != nil {
		return out, err
	}
	entries, err := f.registry.all(ctx)
	if err != nil {
		return out, err
	}
	before := f.deps.Now().Add(-f.settings.Retention - f.settings.Parked)
	var problems []error
	for _, e := range entries {
		for _, epoch := range e.Epochs {
			removed, err := f.sweep(ctx, f.settings.Source.Index(e.name(), epoch.Number), before)
			out.Indices, out.Removed = out.Indices+1, out.Removed+removed
			problems = append(problems, err)
		}
	}
	f.report([]metric{{"Swept", "Count", int64(out.Removed)}})
	return out, errors.Join(problems...)
}

// sweep searches and deletes tombstones of one index, page by page, the oldest first. It pages by time, because a
// search may still find deleted tombstones until the service refreshes the index. Each deletion has a condition,
// so a tombstone that has become a row stays. The next sweep removes tombstones that no page contains, for example
// those from the same millisecond as the last one of a page.
func (f *Function) sweep(ctx context.Context, index string, before time.Time) (int, error) {
	made := control + ".indexed"
	query := object{
		"size": sweepAtOnce, "_source": false, f.indices.kind.asked(): true,
		"query": object{"bool": object{"filter": []object{
			{"term": object{control + ".deleted": true}},
			{"range": object{made: object{"lt": before.UTC().Format(time.RFC3339Nano)}}},
		}}},
		"sort": []object{{made: object{"order": "asc", "unmapped_type": "date"}}},
	}
	for all := 0; ; {
		found, err := opensearch.Search[tombstone](ctx, f.client.Client, index, query)
		if err != nil {
			return all, fmt.Errorf("sweeping %s: %w", index, err)
		}
		if len(found) == 0 {
			return all, nil
		}
		removed, err := f.remove(ctx, index, found)
		all += removed
		if err != nil || len(found) < sweepAtOnce {
			return all, err
		}
		query["search_after"] = found[len(found)-1].Sort
	}
}

// tombstone is a tombstone that the search has found.
type tombstone struct {
	ID string `json:"_id"`
	// Either Version is set, or SeqNo and PrimaryTerm are, as the kind of indices requires.
	Version     int64           `json:"_version"`
	SeqNo       int64           `json:"_seq_no"`
	PrimaryTerm int64           `json:"_primary_term"`
	Sort        json.RawMessage `json:"sort"`
}

func (f *Function) remove(ctx context.Context, index string, found []tombstone) (int, error) {
	var lines []byte
	for _, t := range found {
		line := appendText(append(lines, `{"delete":{"_index":`...), index)
		line = appendText(append(line, `,"_id":`...), t.ID)
		lines = append(f.indices.kind.unchanged(append(line, ','), t), "}}\n"...)
	}
	var out answer
	if err := f.client.call(ctx, http.MethodPost, bulkPath+f.indices.kind.ofBulk(), lines, &out); err != nil {
		return 0, fmt.Errorf("sweeping %s: %w", index, err)
	}
	removed := 0
	for _, item := range out.Items {
		for _, v := range item {
			if v.Status/100 == 2 {
				removed++
			}
		}
	}
	return removed, nil
}
