package opensearch_test

import (
	"bytes"
	"cdcpipeline/internal/opensearch"
	"cdcpipeline/internal/opensearch/opensearchtest"
	"net"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestABodyInPartsIsSentAsOne(t *testing.T) {
	for _, compressed := range []bool{false, true} {
		var got string
		c := opensearch.Client{URL: "https://domain", Gzip: compressed, Transport: opensearchtest.Domain(func(r opensearchtest.Request) (int, any) {
			require.Equal(t, compressed, r.Compressed)
			got = string(r.Content)
			return http.StatusOK, " {as it:came "
		})}
		var answer bytes.Buffer
		require.NoError(t, c.Do(t.Context(), http.MethodPost, "/_bulk", net.Buffers{[]byte("a\n"), nil, []byte("b\n")}, &answer))
		require.Equal(t, "a\nb\n", got)
		require.Equal(t, " {as it:came ", answer.String())
		c.MaxAnswer = 5
		require.ErrorContains(t, c.Do(t.Context(), http.MethodPost, "/_bulk", []byte("c"), &answer), "longer than 5 bytes")
	}
}
