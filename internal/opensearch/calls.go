package opensearch

import (
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"slices"
)

// Count counts the documents of an index or alias that match a query; 0 when it does not exist.
func (c Client) Count(ctx context.Context, index string, query any) (int64, error) {
	var out struct {
		Count int64 `json:"count"`
	}
	err := c.Do(ctx, http.MethodPost, path(index, "_count"), map[string]any{"query": query}, &out)
	return out.Count, err
}

// Refresh makes everything written to an index or alias searchable. In a collection no request can do that.
func (c Client) Refresh(ctx context.Context, index string) error {
	if c.FoundAfter > 0 {
		return nil
	}
	return c.Do(ctx, http.MethodPost, path(index, "_refresh"), nil, nil)
}

// IndicesBehind lists the indices behind an alias by name; none when it does not exist.
func (c Client) IndicesBehind(ctx context.Context, alias string) ([]string, error) {
	var out map[string]json.RawMessage
	err := c.Do(ctx, http.MethodGet, "/_alias/"+url.PathEscape(alias), nil, &out)
	if Status(err) == http.StatusNotFound {
		return nil, nil
	}
	return slices.Sorted(maps.Keys(out)), err
}

// Search returns the first matching documents of an index or alias; none when it does not exist. H is the decoded
// type of a hit, with _id and _source for instance.
func Search[H any](ctx context.Context, c Client, index string, search any) ([]H, error) {
	var out Page[H]
	err := c.Do(ctx, http.MethodPost, path(index, "_search"), search, &out)
	return out.Hits.Hits, err
}

// Page holds the documents that a search returns.
type Page[H any] struct {
	Hits struct {
		Hits []H `json:"hits"`
	} `json:"hits"`
}

func path(index, call string) string {
	return "/" + url.PathEscape(index) + "/" + call + "?ignore_unavailable=true"
}
