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

// A request that cannot give its body twice is signed too, and its body is closed.
func TestABodyThatCanBeReadOnceIsSigned(t *testing.T) {
	cfg := aws.Config{Region: "r", Credentials: credentials.NewStaticCredentialsProvider("a", "b", "")}
	body := &once{Reader: strings.NewReader("text")}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "https://domain.example.internal/", body)
	require.NoError(t, err)
	_, err = Signed(cfg, Domain, roundTripper(func(r *http.Request) (*http.Response, error) {
		for range 2 {
			text, err := io.ReadAll(r.Body)
			require.NoError(t, err)
			require.Equal(t, "text", string(text))
			r.Body, err = r.GetBody()
			require.NoError(t, err)
		}
		sum := sha256.Sum256([]byte("text"))
		require.Equal(t, hex.EncodeToString(sum[:]), r.Header.Get("X-Amz-Content-Sha256"))
		require.EqualValues(t, 4, r.ContentLength)
		return &http.Response{StatusCode: http.StatusOK, Body: http.NoBody}, nil
	})).RoundTrip(request)
	require.NoError(t, err)
	require.True(t, body.closed)
}

type once struct {
	io.Reader
	closed bool
}

func (o *once) Close() error { o.closed = true; return nil }

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
