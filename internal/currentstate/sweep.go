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

// sweepAtOnce is how many tombstones one request removes; a search gives 10,000 at most.
const sweepAtOnce = 5000

// Swept is what a sweep did.
type Swept struct {
	Removed int `json:"removed"`
	// Indices that were looked at.
	Indices int `json:"indices"`
}

// Sweep removes tombstones that nothing older can follow: the stream keeps its records for the retention, and a parked
// record is replayed within the age of the settings. What an invocation does not finish is left to the next. Replaying
// older records, of the lake, into an index that is in use brings deleted rows back until the replay comes to their
// deletion; a new epoch is the place for it.
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

// sweep an index: search and delete, page by page in the order in which the tombstones were made, because a deleted one may still be
// found: when a search notices is the service's. Each deletion is for the very tombstone that was found; one that has become a row
// meanwhile stays. What no page has, one that was made in the same millisecond as the last of a page for instance, is the next sweep's.
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

// tombstone is one that was found.
type tombstone struct {
	ID string `json:"_id"`
	// Version, or SeqNo and PrimaryTerm: what its kind has asked for.
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
