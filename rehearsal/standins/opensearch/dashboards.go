package opensearch

import (
	"cdcpipeline/rehearsal/stores"
	"context"
	"fmt"
	"net/http"
)

// dashboardsIndex is what OpenSearch Dashboards, which is part of every Amazon domain, makes before the domain is active.
// A program that writes its settings first would leave a plain index under the alias's name, and Dashboards' migration
// would fail on it. The mapping is strict, as the real one is; only the types a setting needs are listed.
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
