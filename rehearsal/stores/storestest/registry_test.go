package storestest_test

import (
	"cdcpipeline/internal/bucket/buckettest"
	"cdcpipeline/internal/currentstate"
	"cdcpipeline/internal/opensearch"
	"cdcpipeline/rehearsal/stores/storestest"
	"context"
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// A former release's registry in a real node: the latest write is copied, a second function finds the block and
// copies the same, and later writes are refused.
func TestTheRegistryOfAFormerReleaseIsCopiedOfARealNode(t *testing.T) {
	server := storestest.OpenSearch(t)
	node := server.Master()
	do := func(method, path, body string) (int, string) {
		t.Helper()
		status, answer, err := node.Call(t.Context(), method, path, []byte(body))
		require.NoError(t, err)
		return status, string(answer)
	}
	t.Cleanup(func() {
		_, _, err := node.Call(context.WithoutCancel(t.Context()), http.MethodDelete, "/cdc-current-1", nil)
		require.NoError(t, err)
	})
	status, answer := do(http.MethodPut, "/cdc-current-1", `{"aliases":{"cdc-current":{}},"settings":{"index":{"number_of_shards":1,"auto_expand_replicas":"0-1","refresh_interval":-1}},
		"mappings":{"dynamic":false,"properties":{"schema":{"type":"keyword"},"table":{"type":"keyword"}}}}`)
	require.Equal(t, http.StatusOK, status, answer)
	const entry = `{"schema":"shop","table":"주문","key":["id"],"columns":{"id":"long"},"epochs":[{"number":1,"since":"0001-01-01T00:00:00Z"},{"number":2,"since":"2026-11-22T11:00:00Z"}]}`
	status, answer = do(http.MethodPut, "/cdc-current/_doc/current-shop-%EC%A3%BC%EB%AC%B8?require_alias=true", entry)
	require.Equal(t, http.StatusCreated, status, answer)

	for range 2 { // the second time the index is already blocked
		s3 := &buckettest.S3{}
		f, err := currentstate.New(currentstate.Settings{Endpoint: server.URL, Bucket: "lake", Prefix: "parked/", Shards: 1}, currentstate.Deps{
			Domain: opensearch.Client{URL: server.URL, Transport: asMaster{node}}, Bucket: s3.Bucket("lake"), Now: time.Now,
		})
		require.NoError(t, err)
		swept, err := f.Sweep(t.Context())
		require.NoError(t, err)
		require.Equal(t, 2, swept.Indices)
		objects := s3.Objects("lake", currentstate.RegistryPrefix)
		require.Equal(t, entry, objects["registry/current/shop-주문.json"])
		require.Contains(t, objects["registry/current.json"], `"copied":1,"from":"cdc-current"`)
	}

	status, answer = do(http.MethodPut, "/cdc-current/_doc/late", entry)
	require.Equal(t, http.StatusForbidden, status)
	require.Contains(t, answer, "cluster_block_exception")
	var block struct {
		Done *bool `json:"shards_acknowledged"`
	}
	status, answer = do(http.MethodPut, "/cdc-current/_block/write", "")
	require.Equal(t, http.StatusOK, status, answer)
	require.NoError(t, json.Unmarshal([]byte(answer), &block))
	require.NotNil(t, block.Done)
	require.False(t, *block.Done, "somebody else has blocked it: %s", answer)
	// The way back.
	status, answer = do(http.MethodPut, "/cdc-current-1/_settings", `{"index.blocks.write":null}`)
	require.Equal(t, http.StatusOK, status, answer)
	status, answer = do(http.MethodPut, "/cdc-current-1/_doc/late", entry)
	require.Equal(t, http.StatusCreated, status, answer)
}
