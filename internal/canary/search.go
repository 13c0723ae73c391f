package canary

import (
	"cdcpipeline/internal/opensearch"
	"context"
	"fmt"
	"time"
)

// heartbeat is the row in the current index.
type heartbeat struct {
	Beat int64 `json:"beat"`
	// Written is the time of the change, in milliseconds since 1970.
	Written int64 `json:"written"`
	// Log is the number of the binary log's newest file at that time; 0 for PostgreSQL.
	Log int64 `json:"log"`
}

func (h heartbeat) written() time.Time { return time.UnixMilli(h.Written) }

// newest is the row that is found now; nil when none is found.
func (f *Function) newest(ctx context.Context) (*heartbeat, error) {
	type hit struct {
		Source heartbeat `json:"_source"`
	}
	hits, err := opensearch.Search[hit](ctx, f.deps.Search, f.settings.Alias, map[string]any{
		"size": 1, "query": map[string]any{"match_all": map[string]any{}}, "_source": []string{"beat", "written", "log"},
	})
	if err != nil {
		return nil, fmt.Errorf("searching %s: %w", f.settings.Alias, err)
	}
	if len(hits) == 0 {
		return nil, nil
	}
	return &hits[0].Source, nil
}
