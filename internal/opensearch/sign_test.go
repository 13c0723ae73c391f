package opensearch

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
	for service, lengthIsSigned := range map[Service]bool{Domain: true, Serverless: false} {
		t.Run(string(service), func(t *testing.T) {
			server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				body, err := io.ReadAll(r.Body)
				require.NoError(t, err)
				require.Equal(t, len(body), int(r.ContentLength))
				sum := sha256.Sum256(body)
				hash := hex.EncodeToString(sum[:])
				require.Equal(t, hash, r.Header.Get("X-Amz-Content-Sha256"))
				require.Equal(t, lengthIsSigned && len(body) > 0, strings.Contains(r.Header.Get("Authorization"), "content-length"))
				at, err := time.Parse("20060102T150405Z", r.Header.Get("X-Amz-Date"))
				require.NoError(t, err)
				again := r.Clone(r.Context())
				again.URL.Scheme, again.URL.Host = "https", r.Host
				if !lengthIsSigned {
					again.ContentLength = 0
				}
				for name := range again.Header { // headers that the connection added
					if !strings.Contains(r.Header.Get("Authorization"), strings.ToLower(name)) {
						again.Header.Del(name)
					}
				}
				value, err := keys.Retrieve(r.Context())
				require.NoError(t, err)
				require.NoError(t, v4.NewSigner().SignHTTP(r.Context(), value, again, hash, string(service), "eu-central-1", at))
				require.Equal(t, again.Header.Get("Authorization"), r.Header.Get("Authorization"))
				_, _ = io.WriteString(w, `{"items":[]}`)
			}))
			defer server.Close()
			cfg := aws.Config{Region: "eu-central-1", Credentials: keys}
			c := Client{URL: server.URL, Transport: Signed(cfg, service, server.Client().Transport), Gzip: true}
			var out map[string]any
			require.NoError(t, c.Do(t.Context(), http.MethodPost, "/_bulk?filter_path=a,b.*", []byte("{}\n"), &out))
			require.NoError(t, c.Do(t.Context(), http.MethodGet, "/cdc-current/_doc/current-a-%EC%A3%BC", nil, &out))
		})
	}
}

func TestAStrangersCertificateIsRefused(t *testing.T) {
	server := httptest.NewTLSServer(http.NotFoundHandler())
	defer server.Close()
	cfg := aws.Config{Region: "r", Credentials: credentials.NewStaticCredentialsProvider("a", "b", "")}
	c := Client{URL: server.URL, Transport: Signed(cfg, Domain, http.DefaultTransport)}
	require.ErrorContains(t, c.Do(t.Context(), http.MethodGet, "/", nil, nil), "certificate")
}
