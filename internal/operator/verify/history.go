package verify

import (
	"cdcpipeline/internal/opensearch"
	"context"
	"encoding/json"
	"strings"
	"time"
)

// Search searches the history.
type Search struct {
	opensearch.Client
	// Index is the alias of a domain's daily indices, or the single index of a collection.
	Index string
	// Retention is how long a collection keeps each document at least. It is zero for daily indices, which are deleted
	// by their age.
	Retention time.Duration
}

// maxPage is a response size that is enough for a thousand of the largest records.
const maxPage = 1000 * 12 << 20

type object map[string]any

// hit is one document.
type hit struct {
	Index  string          `json:"_index"`
	ID     string          `json:"_id"`
	Source json.RawMessage `json:"_source"`
}

// find returns the first documents of a query.
func (s Search) find(ctx context.Context, query object) ([]hit, error) {
	s.MaxAnswer = maxPage
	return opensearch.Search[hit](ctx, s.Client, s.Index, object{"size": 100, "query": query})
}

// each passes every document of a query to visit, as the documents were when the query began.
func (s Search) each(ctx context.Context, query object, visit func(hit) error) error {
	s.MaxAnswer = maxPage
	return opensearch.Each(ctx, s.Client, s.Index, object{"query": query}, visit)
}

// foundAfter is how long a search may not find a new document.
func (s Search) foundAfter() time.Duration { return s.FoundAfter }

// oldest returns the time since which retention has deleted nothing. In a domain that is the day of the oldest daily
// index, or zero without indices. In a collection it is the minimum time that AWS keeps documents; AWS may delete older
// ones later, https://docs.aws.amazon.com/opensearch-service/latest/developerguide/serverless-lifecycle.html.
func (s Search) oldest(ctx context.Context) (time.Time, error) {
	if s.Retention > 0 {
		return time.Now().Add(-s.Retention), nil
	}
	indices, err := s.IndicesBehind(ctx, s.Index)
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

// changes matches the changes of a table's rows.
func (t *sourceTable) changes(more ...object) object {
	filters := append([]object{
		{"term": object{"metadata.record-type": "data"}},
		{"term": object{"metadata.schema-name": t.Name.Database}},
		{"term": object{"metadata.table-name": t.Name.Table}},
	}, more...)
	return object{"bool": object{"filter": filters}}
}
