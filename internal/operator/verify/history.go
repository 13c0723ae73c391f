package verify

import (
	"cdcpipeline/internal/opensearch"
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Search is the domain with the history index.
type Search struct {
	opensearch.Client
	// Index is the alias over the daily indices.
	Index string
}

const (
	scrollPage = 1000
	scrollKeep = "5m"
	// maxPage has room for a page of records as large as a stream takes them.
	maxPage = scrollPage * 12 << 20
)

type object map[string]any

// hit is one document.
type hit struct {
	Index  string          `json:"_index"`
	ID     string          `json:"_id"`
	Source json.RawMessage `json:"_source"`
}

type page struct {
	ScrollID string `json:"_scroll_id"`
	opensearch.Page[hit]
}

// refresh makes everything that was written visible.
func (s Search) refresh(ctx context.Context) error {
	return s.Do(ctx, http.MethodPost, s.path("_refresh"), nil, nil)
}

// find the first documents of a query.
func (s Search) find(ctx context.Context, query object) ([]hit, error) {
	s.MaxAnswer = maxPage
	return opensearch.Search[hit](ctx, s.Client, s.Index, object{"size": 100, "query": query})
}

// each document of a query, as they were when it began.
func (s Search) each(ctx context.Context, query object, visit func(hit) error) (err error) {
	s.MaxAnswer = maxPage
	var at page
	body := object{"size": scrollPage, "query": query, "sort": []string{"_doc"}}
	if err := s.Do(ctx, http.MethodPost, s.path("_search")+"&scroll="+scrollKeep, body, &at); err != nil {
		return err
	}
	defer func() { // what is left open closes itself after scrollKeep
		_ = s.Do(context.WithoutCancel(ctx), http.MethodDelete, "/_search/scroll", object{"scroll_id": at.ScrollID}, nil)
	}()
	for len(at.Hits.Hits) > 0 {
		for _, h := range at.Hits.Hits {
			if err := visit(h); err != nil {
				return err
			}
		}
		next := object{"scroll": scrollKeep, "scroll_id": at.ScrollID}
		at = page{ScrollID: at.ScrollID}
		if err := s.Do(ctx, http.MethodPost, "/_search/scroll", next, &at); err != nil {
			return err
		}
	}
	return nil
}

func (s Search) path(what string) string {
	return "/" + url.PathEscape(s.Index) + "/" + what + "?ignore_unavailable=true"
}

// oldest is the day of the oldest daily index: what was written before it, retention has deleted. Zero without any.
func (s Search) oldest(ctx context.Context) (time.Time, error) {
	indices, err := s.Behind(ctx, s.Index)
	if err != nil {
		return time.Time{}, err
	}
	var first time.Time
	for _, index := range indices {
		day, err := time.Parse("2006-01-02", strings.TrimPrefix(index, s.Index+"-"))
		if err == nil && (first.IsZero() || day.Before(first)) {
			first = day
		}
	}
	return first, nil
}

// changes of a table's rows.
func (t *sourceTable) changes(more ...object) object {
	filters := append([]object{
		{"term": object{"metadata.record-type": "data"}},
		{"term": object{"metadata.schema-name": t.Name.Database}},
		{"term": object{"metadata.table-name": t.Name.Table}},
	}, more...)
	return object{"bool": object{"filter": filters}}
}
