package opensearch

import (
	"cdcpipeline/rehearsal/stores"
	"context"
	"fmt"
	"net/http"
)

// dashboardsIndex is the index that OpenSearch Dashboards, a part of every Amazon domain, makes before the domain is
// active. A program that writes its settings earlier would create a plain index under the alias's name, and
// Dashboards' migration would fail. The mapping is strict, like the real one; it lists only the types that a setting
// needs.
var dashboardsIndex = map[string]any{
	"settings": map[string]any{"number_of_shards": 1, "auto_expand_replicas": "0-1"},
	"aliases":  map[string]any{".kibana": map[string]any{}},
	"mappings": map[string]any{
		"dynamic": "strict",
		"properties": map[string]any{
			"type": keyword, "namespace": keyword, "namespaces": keyword, "originId": keyword, "workspaces": keyword,
			"updated_at":       map[string]any{"type": "date"},
			"migrationVersion": map[string]any{"dynamic": "true", "type": "object"},
			"config":           map[string]any{"dynamic": "true", "properties": map[string]any{"buildNum": keyword}},
			"references": map[string]any{"type": "nested", "properties": map[string]any{
				"name": keyword, "type": keyword, "id": keyword,
			}},
		},
	},
}

var keyword = map[string]any{"type": "keyword"}

func prepareDashboards(ctx context.Context, admin *stores.Client) error {
	if err := admin.Do(ctx, http.MethodPut, "/.kibana_1", dashboardsIndex, nil); err != nil {
		return fmt.Errorf("making the index of Dashboards: %w", err)
	}
	return nil
}
