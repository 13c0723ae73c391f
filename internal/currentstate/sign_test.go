package currentstate

import (
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/stretchr/testify/require"
)

func TestRequestsAreSignedWithWhatIsSent(t *testing.T) {
	keys := credentials.NewStaticCredentialsProvider("AKID", "secret", "session")
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		require.NoError(t, err)
		sum := sha256.Sum256(body)
		hash := hex.EncodeToString(sum[:])
		require.Equal(t, hash, r.Header.Get("X-Amz-Content-Sha256"))
		at, err := time.Parse("20060102T150405Z", r.Header.Get("X-Amz-Date"))
		require.NoError(t, err)
		again := r.Clone(r.Context())
		again.URL.Scheme, again.URL.Host = "https", r.Host
		for name := range again.Header { // what the connection has added
			if !strings.Contains(r.Header.Get("Authorization"), strings.ToLower(name)) {
				again.Header.Del(name)
			}
		}
		value, err := keys.Retrieve(r.Context())
		require.NoError(t, err)
		require.NoError(t, v4.NewSigner().SignHTTP(r.Context(), value, again, hash, "es", "eu-central-1", at))
		require.Equal(t, again.Header.Get("Authorization"), r.Header.Get("Authorization"))
		_, _ = io.WriteString(w, `{"items":[]}`)
	}))
	defer server.Close()
	cfg := aws.Config{Region: "eu-central-1", Credentials: keys}
	c := newClient(&http.Client{Transport: Signed(cfg, server.Client().Transport)}, server.URL)
	var out answer
	require.NoError(t, c.once(t.Context(), http.MethodPost, "/_bulk?filter_path=a,b.*", []byte("{}\n"), &out))
	require.NoError(t, c.once(t.Context(), http.MethodGet, "/cdc-current/_doc/current-a-%EC%A3%BC", nil, &out))
}

func TestAStrangersCertificateIsRefused(t *testing.T) {
	server := httptest.NewTLSServer(http.NotFoundHandler())
	defer server.Close()
	cfg := aws.Config{Region: "r", Credentials: credentials.NewStaticCredentialsProvider("a", "b", "")}
	c := newClient(&http.Client{Transport: Signed(cfg, http.DefaultTransport)}, server.URL)
	require.ErrorContains(t, c.once(t.Context(), http.MethodGet, "/", nil, nil), "certificate")
}
