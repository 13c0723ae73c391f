package verify

import (
	"cdcpipeline/internal/opensearch"
	"context"
	"encoding/json"
	"strings"
	"time"
)

// Search is where the history is.
type Search struct {
	opensearch.Client
	// Index is the alias over a domain's daily indices, or a collection's one index.
	Index string
	// Retention is how long a collection keeps each document at least; zero where daily indices are deleted by their age.
	Retention time.Duration
}

// maxPage has room for a page of a thousand records as large as a stream takes them.
const maxPage = 1000 * 12 << 20

type object map[string]any

// hit is one document.
type hit struct {
	Index  string          `json:"_index"`
	ID     string          `json:"_id"`
	Source json.RawMessage `json:"_source"`
}

// find the first documents of a query.
func (s Search) find(ctx context.Context, query object) ([]hit, error) {
	s.MaxAnswer = maxPage
	return opensearch.Search[hit](ctx, s.Client, s.Index, object{"size": 100, "query": query})
}

// each document of a query, as they were when it began.
func (s Search) each(ctx context.Context, query object, visit func(hit) error) error {
	s.MaxAnswer = maxPage
	return opensearch.Each(ctx, s.Client, s.Index, object{"query": query}, visit)
}

// foundAfter is how long what was written may not be found.
func (s Search) foundAfter() time.Duration { return s.FoundAfter }

// oldest is from when on retention has deleted nothing: the day of the oldest daily index, zero without any; in a collection the
// time that AWS keeps documents for at least. It deletes older ones when it comes to it,
// https://docs.aws.amazon.com/opensearch-service/latest/developerguide/serverless-lifecycle.html.
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

// changes of a table's rows.
func (t *sourceTable) changes(more ...object) object {
	filters := append([]object{
		{"term": object{"metadata.record-type": "data"}},
		{"term": object{"metadata.schema-name": t.Name.Database}},
		{"term": object{"metadata.table-name": t.Name.Table}},
	}, more...)
	return object{"bool": object{"filter": filters}}
}
