package storestest_test

import (
	"cdcpipeline/rehearsal/stores/storestest"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestWhatAKilledNodeHasAcknowledgedIsThereWhenItComesBack(t *testing.T) {
	node := storestest.OpenSearch(t)
	client, url, document := node.Master(), node.URL, map[string]any{"written": true}
	path := func(n int) string { return fmt.Sprintf("/crash/_doc/%d", n) }
	require.NoError(t, client.Do(t.Context(), http.MethodPut, path(0), document, nil))
	acknowledged := make(chan int)
	go func() { // until one is not
		n := 0
		for client.Do(t.Context(), http.MethodPut, path(n), document, nil) == nil {
			n++
		}
		acknowledged <- n
	}()
	time.Sleep(500 * time.Millisecond)
	began := time.Now()
	require.NoError(t, node.Crash(t.Context(), time.Second))
	require.Greater(t, time.Since(began), time.Second)
	n := <-acknowledged
	require.NotZero(t, n)
	require.NoError(t, node.Err())
	select {
	case <-node.Done():
		t.Fatal("a crash is no end")
	default:
	}
	require.Equal(t, url, node.URL)
	require.NoError(t, client.Refresh(t.Context(), "crash"))
	found, err := client.Count(t.Context(), "crash")
	require.NoError(t, err)
	require.GreaterOrEqual(t, found, n, "one more may have been written whose answer never came")
	require.LessOrEqual(t, found, n+1)
	t.Logf("%d documents were acknowledged before the crash, %d are there", n, found)
}
