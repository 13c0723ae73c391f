package opensearchserverless

import (
	"cdcpipeline/internal/opensearch"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// A role with exactly the permission in its row may call an operation. A role with all other permissions may not.
func TestEachOperationNeedsItsPermission(t *testing.T) {
	s := newScene(t, Options{})
	one, node := s.collection(search)
	node.have(map[string]string{"a": ""})
	s.public()
	every := []string{createIndex, deleteIndex, updateIndex, describeIndex, readDocument, writeDocument}
	items := []string{createItems, deleteItems, updateItems, describeItems}
	clients := map[string][2]opensearch.Client{} // with it, and without
	except := func(all []string, one string) []string {
		kept := []string{}
		for _, p := range all {
			if p != one {
				kept = append(kept, p)
			}
		}
		return kept
	}
	for _, permission := range append(every, items...) {
		short := strings.TrimPrefix(permission, "aoss:")
		with, without := s.role("with-"+short), s.role("without-"+short)
		mine := []string{permission}
		if permission == writeDocument {
			mine = append(mine, updateIndex)
		}
		resource := "index/" + s.n + "/*"
		if ofCollection(permission) {
			resource = "collection/" + s.n
		}
		s.grant("w"+strings.ToLower(short[:10]), with, map[string][]string{resource: mine})
		s.grant("n"+strings.ToLower(short[:10]), without, map[string][]string{"index/" + s.n + "/*": except(every, permission), "collection/" + s.n: except(items, permission)})
		clients[permission] = [2]opensearch.Client{s.as(with, one), s.as(without, one)}
	}
	for _, o := range Operations {
		path := strings.NewReplacer("{index}", "a", "{id}", "1", "{alias}", "b", "{name}", "c", "{setting}", "d").Replace(o.Path)
		body := []byte("{}")
		if strings.HasSuffix(path, "_bulk") {
			body = []byte("{\"delete\":{\"_index\":\"a\",\"_id\":\"1\"}}\n")
		}
		if strings.HasSuffix(path, "_mget") {
			body = []byte(`{"docs":[{"_index":"a","_id":"1"}]}`)
		}
		require.NoError(t, clients[o.Permission][0].Do(t.Context(), o.Method, path, body, nil), o)
		if asked := node.asked(); path != "/_alias" { // the endpoint itself requests it
			require.Len(t, asked, 1, o)
		}
		require.Equal(t, http.StatusForbidden, status(clients[o.Permission][1].Do(t.Context(), o.Method, path, body, nil)), o)
		require.Empty(t, node.asked(), o)
	}
}

func TestEveryOperationHasASourceOrAReason(t *testing.T) {
	for _, o := range Operations {
		require.NotEqual(t, o.Source == "", o.Undocumented == "", o)
		require.True(t, o.Source == "" || strings.HasPrefix(o.Source, "https://docs.aws.amazon.com/"), o)
	}
}
