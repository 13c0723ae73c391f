package opensearch

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

const (
	// pageSize is the number of documents per page. maxPageSize is the limit of an index (index.max_result_window).
	pageSize    = 1000
	maxPageSize = 10_000
	// keptOpen is how long a point in time stays open between pages.
	keptOpen = "5m"
)

// Each visits every matching document of an index or alias (no pattern), as it was at the start; none when it does
// not exist. H is the decoded type of a hit. The search has a query, and may restrict the source's fields. An alias
// with too many indices for one point in time is read in parts. Each part is a snapshot of its own start, without the
// alias's filter.
//
// Points in time exist in domains since OpenSearch 2.4 and in collections; scrolls exist only in domains,
// https://docs.aws.amazon.com/opensearch-service/latest/developerguide/serverless-pit.html.
func Each[H any](ctx context.Context, c Client, index string, search map[string]any, visit func(H) error) error {
	parts, err := c.parts(ctx, index)
	if err != nil {
		return err
	}
	for _, part := range parts {
		there, err := eachOf(ctx, c, part, search, visit)
		if err != nil {
			return err
		}
		if there || len(part) == 1 {
			continue
		}
		for _, one := range part { // one was deleted in the meantime, by retention for instance
			if _, err := eachOf(ctx, c, []string{one}, search, visit); err != nil {
				return err
			}
		}
	}
	return nil
}

// parts splits an alias so that one point in time can hold each part. A node keeps 300 shards open over all readers
// (search.max_open_pit_context), and accepts 4 KB in a request's first line.
func (c Client) parts(ctx context.Context, index string) ([][]string, error) {
	const most, mostBytes = 100, 2000
	if c.FoundAfter > 0 { // in a collection an alias has one index
		return [][]string{{index}}, nil
	}
	behind, err := c.IndicesBehind(ctx, index)
	if err != nil {
		return nil, err
	}
	longest := 1
	for _, name := range behind {
		longest = max(longest, len(url.PathEscape(name))+3)
	}
	at := max(1, min(most, mostBytes/longest))
	if len(behind) <= at {
		return [][]string{{index}}, nil
	}
	return slices.Collect(slices.Chunk(behind, at)), nil
}

// eachOf visits some indices. It returns false without visiting a document when one of them does not exist.
func eachOf[H any](ctx context.Context, c Client, indices []string, search map[string]any, visit func(H) error) (there bool, err error) {
	at, err := c.pointInTime(ctx, strings.Join(indices, ","))
	if err != nil || at == nil {
		return false, err
	}
	defer at.close(ctx)
	for {
		hits, err := at.next(ctx, search)
		if err != nil {
			return true, err
		}
		for _, raw := range hits {
			var h H
			if err := json.Unmarshal(raw, &h); err != nil {
				return true, fmt.Errorf("reading a document: %w", err)
			}
			if err := visit(h); err != nil {
				return true, err
			}
		}
		if at.ended {
			return true, nil
		}
	}
}

// pointInTime is a snapshot of some indices, together with the reading position in it.
//
// Documents are read in the order of Lucene's numbers (_doc), which costs no memory. Before OpenSearch 3.3 there is
// no other unique order (_shard_doc). Each shard numbers its documents by itself, so as many documents share a number
// as there are shards. A page may end among these. So the next page begins with the same number again, and skips the
// documents already visited.
type pointInTime struct {
	Client
	id   string
	size int
	// last is the last number read, with the visited documents that have it.
	last  int64
	seen  map[string]bool
	ended bool
}

// shards counts the shards that answered and those that failed.
type shards struct {
	Failed   int `json:"failed"`
	Failures []struct {
		Index  string `json:"index"`
		Reason cause  `json:"reason"`
	} `json:"failures"`
}

// problem reports failed shards, because the answer is then incomplete. OpenSearch answers 200 anyway.
func (s shards) problem() error {
	if s.Failed == 0 {
		return nil
	}
	text := fmt.Sprintf("%d shards did not answer", s.Failed)
	if len(s.Failures) > 0 {
		text += fmt.Sprintf(", one of %s: %s", s.Failures[0].Index, shorten(s.Failures[0].Reason.String()))
	}
	return errors.New(text)
}

// pointInTime opens a snapshot of indices, separated by commas; nil when one does not exist.
func (c Client) pointInTime(ctx context.Context, index string) (*pointInTime, error) {
	var out struct {
		ID     string `json:"pit_id"`
		Shards shards `json:"_shards"`
	}
	err := c.Do(ctx, http.MethodPost, "/"+url.PathEscape(index)+"/_search/point_in_time?keep_alive="+keptOpen, nil, &out)
	if e := (*Error)(nil); errors.As(err, &e) && e.Status == http.StatusNotFound && e.Type == "index_not_found_exception" {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	at := &pointInTime{Client: c, id: out.ID, size: pageSize, last: -1, seen: map[string]bool{}}
	if err := out.Shards.problem(); err != nil {
		at.close(ctx)
		return nil, fmt.Errorf("opening a point in time of %s: %w", index, err)
	}
	return at, nil
}

// close closes it; otherwise it expires after a while.
func (p *pointInTime) close(ctx context.Context) {
	_ = p.Do(context.WithoutCancel(ctx), http.MethodDelete, "/_search/point_in_time", map[string]any{"pit_id": []string{p.id}}, nil)
}

// next returns the next documents; none means the end.
func (p *pointInTime) next(ctx context.Context, search map[string]any) ([]json.RawMessage, error) {
	body := map[string]any{}
	maps.Copy(body, search)
	body["size"], body["sort"], body["pit"] = p.size, []string{"_doc"}, map[string]any{"id": p.id, "keep_alive": keptOpen}
	if p.last > 0 {
		body["search_after"] = []int64{p.last - 1}
	}
	var out struct {
		ID       string `json:"pit_id"`
		TimedOut bool   `json:"timed_out"`
		Shards   shards `json:"_shards"`
		Page[json.RawMessage]
	}
	if err := p.Do(ctx, http.MethodPost, "/_search", body, &out); err != nil {
		return nil, err
	}
	if out.TimedOut {
		return nil, errors.New("reading documents: the search took too long, and its answer is not whole")
	}
	if err := out.Shards.problem(); err != nil {
		return nil, fmt.Errorf("reading documents: %w", err)
	}
	if out.ID != "" {
		p.id = out.ID
	}
	hits := out.Hits.Hits
	p.ended = len(hits) < p.size
	return p.fresh(hits)
}

// located identifies a document.
type located struct {
	Index string  `json:"_index"`
	ID    string  `json:"_id"`
	Sort  []int64 `json:"sort"`
}

func (l located) key() string { return l.Index + "/" + l.ID }

func locate(hit json.RawMessage) (located, error) {
	var at located
	if err := json.Unmarshal(hit, &at); err != nil || len(at.Sort) != 1 {
		return at, errors.New("reading documents: an answer does not say by a number how far it goes")
	}
	return at, nil
}

// fresh returns the documents of a page that were not visited before. It remembers those that the next page may
// repeat.
func (p *pointInTime) fresh(hits []json.RawMessage) ([]json.RawMessage, error) {
	old := 0
	var left []json.RawMessage
	for ; old < len(hits); old++ {
		at, err := locate(hits[old])
		if err != nil {
			return nil, err
		}
		if at.Sort[0] < p.last {
			return nil, errors.New("reading documents: a page begins before the end of the one before it, so they cannot be told apart")
		}
		if at.Sort[0] != p.last {
			break
		}
		if !p.seen[at.key()] {
			p.seen[at.key()] = true
			left = append(left, hits[old])
		}
	}
	rest := hits[old:]
	for i := len(rest) - 1; i >= 0; i-- {
		at, err := locate(rest[i])
		if err != nil {
			return nil, err
		}
		if i == len(rest)-1 {
			p.last = at.Sort[0]
			clear(p.seen)
		}
		if at.Sort[0] != p.last {
			break
		}
		p.seen[at.key()] = true
	}
	if left = append(left, rest...); len(left) == 0 && !p.ended {
		if p.size == maxPageSize {
			return nil, fmt.Errorf("reading documents: they are in more than %d shards, which cannot be read at once", maxPageSize)
		}
		p.size = maxPageSize
	}
	return left, nil
}
