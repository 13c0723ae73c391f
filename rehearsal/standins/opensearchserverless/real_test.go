package opensearchserverless

import (
	"cdcpipeline/rehearsal/standins/front"
	"cdcpipeline/rehearsal/stores"
	"cdcpipeline/rehearsal/stores/storestest"
	"context"
	"crypto/rand"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// A real OpenSearch accepts all requests that the endpoint passes on. For requests that the endpoint answers
// itself, it gives the same answers.
func TestARealOpenSearchAnswersWhatIsAllowed(t *testing.T) {
	s := newScene(t, Options{Refresh: 3 * time.Second})
	s.all.start = func(ctx context.Context) (front.Node, error) {
		return storestest.Site(t).StartOpenSearch(ctx, stores.OpenSearchOptions{MasterUser: "collection", MasterPassword: rand.Text(), Heap: "512m"})
	}
	client := s.admit(s.create(search))
	do := func(method, path, body string, out any) {
		t.Helper()
		require.NoError(t, client.Do(t.Context(), method, path, []byte(body), out), "%s %s", method, path)
	}

	do(http.MethodPut, "/_index_template/orders", `{"index_patterns":["orders-*"],"template":{"mappings":{"dynamic":false,"properties":{"id":{"type":"keyword"}}}}}`, nil)
	var written struct {
		Errors bool
		Items  []map[string]struct {
			Status int
			Error  any
		}
	}
	do(http.MethodPost, "/_bulk", "{\"index\":{\"_index\":\"orders-1\",\"_id\":\"1\",\"version\":7,\"version_type\":\"external\"}}\n{\"id\":\"a\"}\n", &written)
	require.False(t, written.Errors, "%+v", written)
	require.Equal(t, http.StatusCreated, written.Items[0]["index"].Status)
	do(http.MethodPost, "/_aliases", `{"actions":[{"add":{"index":"orders-1","alias":"orders"}}]}`, nil)
	var settings map[string]struct {
		Settings struct {
			Index struct {
				Refresh  string `json:"refresh_interval"`
				Replicas string `json:"number_of_replicas"`
			}
		}
	}
	do(http.MethodGet, "/orders-1/_settings", "", &settings)
	require.Equal(t, "3000ms", settings["orders-1"].Settings.Index.Refresh)
	require.Equal(t, "0", settings["orders-1"].Settings.Index.Replicas)

	count := func(path string) (n int) {
		var found struct{ Count int }
		do(http.MethodPost, path, `{"query":{"term":{"id":"a"}}}`, &found)
		return found.Count
	}
	require.Eventually(t, func() bool { return count("/orders/_count") == 1 }, 20*time.Second, 200*time.Millisecond)
	require.Equal(t, 1, count("/ord*/_count"))
	var got struct{ Docs []struct{ Found bool } }
	do(http.MethodPost, "/_mget", `{"docs":[{"_index":"orders","_id":"1"}]}`, &got)
	require.True(t, got.Docs[0].Found)

	var pit struct {
		ID string `json:"pit_id"`
	}
	do(http.MethodPost, "/orders/_search/point_in_time?keep_alive=1m", "", &pit)
	var page struct {
		Hits struct {
			Hits []struct {
				ID string `json:"_id"`
			}
		}
	}
	do(http.MethodPost, "/_search", `{"pit":{"id":"`+pit.ID+`"},"sort":["id"]}`, &page)
	require.Len(t, page.Hits.Hits, 1)
	do(http.MethodDelete, "/_search/point_in_time", `{"pit_id":["`+pit.ID+`"]}`, nil)

	var listed []map[string]string
	do(http.MethodGet, "/_cat/indices?format=json", "", &listed)
	require.Len(t, listed, 1, "the node's own are not seen")
	require.Equal(t, "orders-1", listed[0]["index"])
	require.NotContains(t, listed[0], "health")
	do(http.MethodDelete, "/*", "", nil)
	do(http.MethodGet, "/_cat/indices?format=json", "", &listed)
	require.Empty(t, listed)
}
