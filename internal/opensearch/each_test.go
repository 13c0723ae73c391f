package opensearch_test

import (
	"cdcpipeline/internal/opensearch"
	"cdcpipeline/internal/opensearch/opensearchtest"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// sharded is an index whose shards have this many documents each, numbered per shard.
type sharded struct {
	shards []int
	asked  []map[string]any
	calls  []string
	fail   string
}

func (s *sharded) answer(r opensearchtest.Request) (int, any) {
	s.calls = append(s.calls, r.Method+" "+r.URL.RequestURI())
	switch {
	case s.fail != "" && r.URL.Path == "/_search":
		return 200, s.fail
	case r.Method == "DELETE":
		return 200, `{}`
	case r.Parts[0] == "_alias":
		return 404, `{"error":"alias [a] missing","status":404}`
	case r.URL.Path == "/missing/_search/point_in_time":
		return 404, `{"error":{"type":"index_not_found_exception","reason":"no such index [missing]"}}`
	case r.Last() == "point_in_time":
		return 200, `{"pit_id":"p","_shards":{"failed":0}}`
	}
	var in struct {
		Size  int
		After []int `json:"search_after"`
	}
	var whole map[string]any
	_ = json.Unmarshal(r.Content, &in)
	_ = json.Unmarshal(r.Content, &whole)
	s.asked = append(s.asked, whole)
	hits := []any{}
	for n := 0; ; n++ {
		left := false
		for shard, documents := range s.shards {
			if n >= documents {
				continue
			}
			left = true
			if (len(in.After) == 0 || n > in.After[0]) && len(hits) < in.Size {
				hits = append(hits, map[string]any{"_index": "a", "_id": fmt.Sprintf("%d-%d", shard, n), "sort": []int{n}})
			}
		}
		if !left {
			return 200, map[string]any{"pit_id": "p2", "hits": map[string]any{"hits": hits}}
		}
	}
}

type found struct {
	ID string `json:"_id"`
}

func TestEachDocumentIsHandedOnOnceWhateverItsShard(t *testing.T) {
	many := make([]int, 1500) // more shards than documents on a page
	for i := range many {
		many[i] = 2
	}
	for name, shards := range map[string][]int{
		"none": nil, "one": {1}, "one page": {1000}, "a page and one": {1001}, "pages": {2500}, "unequal": {1, 700, 3, 1200, 900}, "ties": {334, 334, 334, 334}, "many": many,
	} {
		t.Run(name, func(t *testing.T) {
			s := &sharded{shards: shards}
			got, want := map[string]int{}, map[string]int{}
			for shard, documents := range shards {
				for n := range documents {
					want[fmt.Sprintf("%d-%d", shard, n)] = 1
				}
			}
			require.NoError(t, opensearch.Each(t.Context(), client(s.answer), "a", map[string]any{"query": "q"}, func(f found) error {
				got[f.ID]++
				return nil
			}))
			require.Equal(t, want, got)
			require.Equal(t, "POST /a/_search/point_in_time?keep_alive=5m", s.calls[1])
			require.Equal(t, "DELETE /_search/point_in_time", s.calls[len(s.calls)-1])
			require.Equal(t, "q", s.asked[0]["query"])
			require.Equal(t, map[string]any{"id": "p", "keep_alive": "5m"}, s.asked[0]["pit"])
			if len(s.asked) > 1 {
				require.Equal(t, "p2", s.asked[1]["pit"].(map[string]any)["id"], "a search may give it another id")
			}
		})
	}
}

func TestAnIndexThatDoesNotExistHasNoDocuments(t *testing.T) {
	s := &sharded{}
	require.NoError(t, opensearch.Each(t.Context(), client(s.answer), "missing", nil, func(found) error { return errors.New("one") }))
	require.Len(t, s.calls, 2)
	// A service without points in time is a different case.
	require.Error(t, opensearch.Each(t.Context(), client(always(404, "")), "a", nil, func(found) error { return nil }))
}

// A node limits the points in time, and the length of a request's first line.
func TestAnAliasOfManyIndicesIsReadInParts(t *testing.T) {
	for name, c := range map[string]struct {
		indices, parts int
		index          string
		gone           bool
	}{
		"few":          {indices: 100, parts: 1, index: "a-"},
		"many":         {indices: 250, parts: 3, index: "a-"},
		"long names":   {indices: 100, parts: 12, index: strings.Repeat("long", 49)},
		"one was gone": {indices: 150, parts: 2 + 50, index: "a-", gone: true},
	} {
		t.Run(name, func(t *testing.T) {
			indices := map[string]any{}
			for i := range c.indices {
				indices[fmt.Sprintf("%s%03d", c.index, i)] = map[string]any{}
			}
			opened, got := 0, map[string]int{}
			answer := func(r opensearchtest.Request) (int, any) {
				require.Less(t, len(r.URL.RequestURI()), 4000)
				switch {
				case r.Method == "DELETE":
					return 200, `{}`
				case r.Parts[0] == "_alias":
					return 200, indices
				case r.Last() == "point_in_time":
					opened++
					if c.gone && strings.Contains(r.Parts[0], "a-149") {
						return 404, `{"error":{"type":"index_not_found_exception"}}`
					}
					return 200, map[string]any{"pit_id": r.Parts[0]}
				}
				var in struct{ PIT struct{ ID string } }
				_ = json.Unmarshal(r.Content, &in)
				hits := []any{}
				for one := range strings.SplitSeq(in.PIT.ID, ",") {
					hits = append(hits, map[string]any{"_index": one, "_id": one, "sort": []int{0}})
				}
				return 200, map[string]any{"hits": map[string]any{"hits": hits}}
			}
			require.NoError(t, opensearch.Each(t.Context(), client(answer), "a", nil, func(f found) error { got[f.ID]++; return nil }))
			require.Equal(t, c.parts, opened)
			want := c.indices
			if c.gone {
				want--
			}
			if c.parts == 1 {
				want = 1 // the alias
			}
			require.Len(t, got, want)
		})
	}
}

func TestAnAnswerThatIsNotWholeIsAnError(t *testing.T) {
	for answer, want := range map[string]string{
		`{"_shards":{"failed":2,"failures":[{"index":"a-1","reason":{"type":"search_context_missing_exception","reason":"gone"}}]},"hits":{"hits":[]}}`: "2 shards did not answer, one of a-1: search_context_missing_exception: gone",
		`{"timed_out":true,"hits":{"hits":[]}}`:        "took too long",
		`{"hits":{"hits":[{"_id":"1","sort":["x"]}]}}`: "does not say by a number",
		`{"hits":{"hits":[{"_id":"1"}]}}`:              "does not say by a number",
	} {
		s := &sharded{fail: answer}
		err := opensearch.Each(t.Context(), client(s.answer), "a", nil, func(found) error { return nil })
		require.ErrorContains(t, err, want)
		require.Equal(t, "DELETE /_search/point_in_time", s.calls[len(s.calls)-1])
	}
	collection := client(always(200, `{"pit_id":"p","_shards":{"failed":1}}`))
	collection.FoundAfter = opensearch.FoundInCollection
	err := opensearch.Each(t.Context(), collection, "a", nil, func(found) error { return nil })
	require.ErrorContains(t, err, "opening a point in time of a: 1 shards did not answer")
}

func TestPagesInNoOrderAreAnError(t *testing.T) {
	hits := []any{}
	for i := range 1000 {
		hits = append(hits, map[string]any{"_index": "a", "_id": fmt.Sprint(i), "sort": []int{i}})
	}
	c := client(func(r opensearchtest.Request) (int, any) {
		if r.Last() == "_search" {
			return 200, map[string]any{"hits": map[string]any{"hits": hits}}
		}
		return 200, `{"pit_id":"p"}`
	})
	require.ErrorContains(t, opensearch.Each(t.Context(), c, "a", nil, func(found) error { return nil }), "a page begins before the end of the one before it")
}

func TestAVisitorEndsIt(t *testing.T) {
	s := &sharded{shards: []int{5}}
	enough := errors.New("enough")
	require.ErrorIs(t, opensearch.Each(t.Context(), client(s.answer), "a", nil, func(found) error { return enough }), enough)
	require.Equal(t, "DELETE /_search/point_in_time", s.calls[len(s.calls)-1])
}

func TestACollectionIsNotRefreshedAndNamedInErrors(t *testing.T) {
	var asked int
	c := client(func(opensearchtest.Request) (int, any) { asked++; return 403, "" })
	require.EqualError(t, c.Refresh(t.Context(), "a"), "the domain answered 403")
	c.FoundAfter, c.Place = opensearch.FoundInCollection, "the collection c"
	require.NoError(t, c.Refresh(t.Context(), "a"))
	require.Equal(t, 1, asked)
	require.EqualError(t, c.Do(t.Context(), "GET", "/", nil, nil), "the collection c answered 403")
}
