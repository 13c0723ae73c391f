package page

import (
	"cdcpipeline/rehearsal/report"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestTheLivePageIsServedToThisMachineUntilTheEnd(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	url, err := Serve(ctx, func() (report.Whole, *Live) { return report.Whole{Report: &report.Report{}}, running() })
	require.NoError(t, err)
	require.True(t, strings.HasPrefix(url, "http://127.0.0.1:"), url)
	answer, err := http.Get(url) //nolint:noctx // a test
	require.NoError(t, err)
	text, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	require.NoError(t, answer.Body.Close())
	require.Contains(t, string(text), "13,045")
	stop()
	require.Eventually(t, func() bool {
		answer, err := http.Get(url) //nolint:noctx // as above
		if err == nil {
			_ = answer.Body.Close()
		}
		return err != nil
	}, 10*time.Second, 10*time.Millisecond)
}

func TestOnlyRequestsForTheLoopbackAreAnswered(t *testing.T) {
	h := Handler("4711", func() (report.Whole, *Live) { return report.Whole{Report: &report.Report{}}, running() })
	ask := func(method, host, path string) *http.Response {
		r := httptest.NewRequest(method, path, nil)
		r.Host = host
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		return w.Result()
	}
	for _, host := range []string{"127.0.0.1:4711", "localhost:4711"} {
		answer := ask(http.MethodGet, host, "/")
		require.Equal(t, http.StatusOK, answer.StatusCode, host)
		require.Contains(t, answer.Header.Get("Content-Security-Policy"), Policy())
		require.Contains(t, answer.Header.Get("Content-Security-Policy"), "frame-ancestors 'none'")
		require.Equal(t, "no-store", answer.Header.Get("Cache-Control"))
	}
	for _, host := range []string{"evil.example", "evil.example:4711", "127.0.0.1", "127.0.0.1:80", "localhost", "", "localhost:4711.evil.example"} {
		answer := ask(http.MethodGet, host, "/")
		require.Equal(t, http.StatusForbidden, answer.StatusCode, host)
		text, err := io.ReadAll(answer.Body)
		require.NoError(t, err)
		require.NotContains(t, string(text), "shop.ledger", host)
	}
	require.Equal(t, http.StatusMethodNotAllowed, ask(http.MethodPost, "127.0.0.1:4711", "/").StatusCode)
	require.Equal(t, http.StatusNotFound, ask(http.MethodGet, "127.0.0.1:4711", "/other").StatusCode)
}
