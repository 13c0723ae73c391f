package opensearchserverless

import (
	"bytes"
	"cdcpipeline/internal/opensearch"
	"cdcpipeline/rehearsal/standins/front"
	"cdcpipeline/rehearsal/stores"
	"cdcpipeline/rehearsal/stores/storestest"
	"context"
	"crypto/rand"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// The requests of `cdc` to the history's collection: all documents, over all shards, and deletions by id.
func TestARealOpenSearchHandsOnAllDocumentsAndDeletesThemByID(t *testing.T) {
	s := newScene(t, Options{})
	s.all.start = func(ctx context.Context) (front.Node, error) {
		return storestest.Site(t).StartOpenSearch(ctx, stores.OpenSearchOptions{MasterUser: "collection", MasterPassword: rand.Text(), Heap: "512m"})
	}
	one := s.create("TIMESERIES")
	client := s.admit(one)
	client.FoundAfter = opensearch.FoundInCollection
	// A collection chooses its number of shards.
	require.NoError(t, one.Node().Admin().Do(t.Context(), http.MethodPut, "/history", map[string]any{"settings": map[string]any{"number_of_shards": 7, "number_of_replicas": 0}}, nil))
	const documents = 3333
	var lines bytes.Buffer
	for i := range documents {
		fmt.Fprintf(&lines, "{\"create\":{}}\n{\"n\":%d}\n", i)
	}
	var written struct {
		Errors bool
		Items  []map[string]any
	}
	require.NoError(t, client.Do(t.Context(), http.MethodPost, "/history/_bulk", lines.Bytes(), &written))
	require.False(t, written.Errors, written.Items[0])
	type document struct {
		Index  string          `json:"_index"`
		ID     string          `json:"_id"`
		Source struct{ N int } `json:"_source"`
	}
	all := func(index string) (found map[int]document, err error) {
		found = map[int]document{}
		err = opensearch.Each(t.Context(), client, index, map[string]any{"query": map[string]any{"match_all": map[string]any{}}}, func(d document) error {
			if _, twice := found[d.Source.N]; twice {
				return fmt.Errorf("%d came twice", d.Source.N)
			}
			found[d.Source.N] = d
			return nil
		})
		return found, err
	}
	require.NoError(t, client.Refresh(t.Context(), "history"), "which a collection has not, and nobody asks for")
	var found map[int]document
	require.Eventually(t, func() bool {
		var err error
		found, err = all("history")
		require.NoError(t, err)
		return len(found) == documents
	}, 30*time.Second, 200*time.Millisecond)
	none, err := all("nothing")
	require.NoError(t, err)
	require.Empty(t, none)
	_, err = all("nothing-*")
	require.Equal(t, http.StatusBadRequest, opensearch.Status(err), "a pattern that matches nothing")
	count, err := client.Count(t.Context(), "history", map[string]any{"match_all": map[string]any{}})
	require.NoError(t, err)
	require.EqualValues(t, documents, count)
	first, err := opensearch.Search[document](t.Context(), client, "hist*", map[string]any{"size": 10})
	require.NoError(t, err)
	require.Len(t, first, 10)

	require.NoError(t, client.Do(t.Context(), http.MethodDelete, "/history/_doc/"+found[7].ID, nil, nil))
	require.Equal(t, http.StatusNotFound, opensearch.Status(client.Do(t.Context(), http.MethodDelete, "/history/_doc/"+found[7].ID, nil, nil)))
	require.Eventually(t, func() bool {
		found, err := all("history")
		require.NoError(t, err)
		_, there := found[7]
		return !there && len(found) == documents-1
	}, 30*time.Second, 200*time.Millisecond)
}

// `cdc erase` sends these requests to the current indices' collection: it deletes exactly the version that it has
// found.
func TestARealOpenSearchDeletesNoOtherVersionThanTheOneThatWasFound(t *testing.T) {
	s := newScene(t, Options{})
	s.all.start = func(ctx context.Context) (front.Node, error) {
		return storestest.Site(t).StartOpenSearch(ctx, stores.OpenSearchOptions{MasterUser: "collection", MasterPassword: rand.Text(), Heap: "512m"})
	}
	client := s.admit(s.create(search))
	put := func(version int) {
		t.Helper()
		line := fmt.Sprintf("{\"index\":{\"_index\":\"current-a\",\"_id\":\"1\",\"version\":%d,\"version_type\":\"external\"}}\n{\"a\":1}\n", version)
		var written struct {
			Errors bool
			Items  []map[string]any
		}
		require.NoError(t, client.Do(t.Context(), http.MethodPost, "/_bulk", []byte(line), &written))
		require.False(t, written.Errors, written.Items)
	}
	remove := func(version int) int {
		return opensearch.Status(client.Do(t.Context(), http.MethodDelete, fmt.Sprintf("/current-a/_doc/1?version=%d&version_type=external", version+1), nil, nil))
	}
	put(40)
	put(50)
	require.Equal(t, http.StatusConflict, remove(40))
	require.Zero(t, remove(50))
	require.Equal(t, http.StatusConflict, remove(40))
	put(60) // the row exists again
	var got struct {
		Docs []struct {
			Found   bool
			Version int `json:"_version"`
		}
	}
	require.Eventually(t, func() bool { // it is also found late by its id
		require.NoError(t, client.Do(t.Context(), http.MethodPost, "/_mget?_source=_cdc", []byte(`{"docs":[{"_index":"current-a","_id":"1"}]}`), &got))
		return got.Docs[0].Found
	}, 30*time.Second, 200*time.Millisecond)
	require.Equal(t, 60, got.Docs[0].Version)
}
