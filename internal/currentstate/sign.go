package currentstate

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

// service is what requests to a domain are signed for,
// https://docs.aws.amazon.com/opensearch-service/latest/developerguide/request-signing.html.
const service = "es"

// Signed signs requests with the credentials of cfg before it sends them with send.
func Signed(cfg aws.Config, send http.RoundTripper) http.RoundTripper {
	return &signing{cfg: cfg, signer: v4.NewSigner(), send: send}
}

type signing struct {
	cfg    aws.Config
	signer *v4.Signer
	send   http.RoundTripper
}

// RoundTrip leaves the request as it is, as round trippers must, and sends a signed copy.
func (s *signing) RoundTrip(r *http.Request) (*http.Response, error) {
	var content bytes.Buffer
	if r.Body != nil {
		content.Grow(int(max(0, r.ContentLength)) + bytes.MinRead) // of what is known; MinRead finds its end
		if _, err := content.ReadFrom(r.Body); err != nil {
			return nil, fmt.Errorf("reading a request to sign it: %w", err)
		}
		_ = r.Body.Close()
	}
	body := content.Bytes()
	signed := r.Clone(r.Context())
	signed.Body, signed.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	if len(body) == 0 {
		signed.Body = http.NoBody
	}
	signed.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(body)), nil }
	credentials, err := s.cfg.Credentials.Retrieve(r.Context())
	if err != nil {
		return nil, fmt.Errorf("getting credentials to sign a request: %w", err)
	}
	sum := sha256.Sum256(body)
	hash := hex.EncodeToString(sum[:])
	signed.Header.Set("X-Amz-Content-Sha256", hash)
	if err := s.signer.SignHTTP(r.Context(), credentials, signed, hash, service, s.cfg.Region, time.Now()); err != nil {
		return nil, fmt.Errorf("signing a request: %w", err)
	}
	return s.send.RoundTrip(signed) //nolint:wrapcheck // as if nothing were in between
}
