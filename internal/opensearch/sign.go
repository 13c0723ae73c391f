package opensearch

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

// Service is the service name for signing requests.
type Service string

const (
	// Domain is the name for a domain,
	// https://docs.aws.amazon.com/opensearch-service/latest/developerguide/request-signing.html.
	Domain Service = "es"
	// Serverless is the name for a collection,
	// https://docs.aws.amazon.com/opensearch-service/latest/developerguide/serverless-clients.html#serverless-signing.
	Serverless Service = "aoss"
)

// Signed signs requests with cfg's credentials and sends them with send.
func Signed(cfg aws.Config, service Service, send http.RoundTripper) http.RoundTripper {
	return &signing{sender{send}, cfg, service, v4.NewSigner()}
}

type signing struct {
	sender
	cfg     aws.Config
	service Service
	signer  *v4.Signer
}

// RoundTrip sends a signed copy, because a round tripper must not change the request.
func (s *signing) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := content(r)
	if err != nil {
		return nil, err
	}
	signed := r.Clone(r.Context())
	signed.Body = io.NopCloser(bytes.NewReader(body))
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
	if signed.ContentLength = int64(len(body)); s.service == Serverless {
		signed.ContentLength = 0 // a collection refuses a signature that covers the length
	}
	if err := s.signer.SignHTTP(r.Context(), credentials, signed, hash, string(s.service), s.cfg.Region, time.Now()); err != nil {
		return nil, fmt.Errorf("signing a request: %w", err)
	}
	signed.ContentLength = int64(len(body))
	return s.sender.RoundTrip(signed) //nolint:wrapcheck // must be transparent
}

// content reads a request's body and closes it.
func content(r *http.Request) ([]byte, error) {
	if r.Body == nil {
		return nil, nil
	}
	var all bytes.Buffer
	all.Grow(int(max(0, r.ContentLength)) + bytes.MinRead) // the known length; MinRead detects the end
	if _, err := all.ReadFrom(r.Body); err != nil {
		return nil, fmt.Errorf("reading a request to sign it: %w", err)
	}
	_ = r.Body.Close()
	return all.Bytes(), nil
}
