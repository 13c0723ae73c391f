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
	again, length, err := readable(r)
	if err != nil {
		return nil, err
	}
	signed := r.Clone(r.Context())
	sum := sha256.New()
	if signed.Body, err = again(); err == nil {
		_, err = io.Copy(sum, signed.Body)
	}
	if err == nil {
		signed.GetBody = again
		signed.Body, err = again()
	}
	if err != nil {
		return nil, fmt.Errorf("reading a request to sign it: %w", err)
	}
	if length == 0 {
		signed.Body = http.NoBody
	}
	credentials, err := s.cfg.Credentials.Retrieve(r.Context())
	if err != nil {
		return nil, fmt.Errorf("getting credentials to sign a request: %w", err)
	}
	hash := hex.EncodeToString(sum.Sum(nil))
	signed.Header.Set("X-Amz-Content-Sha256", hash)
	if signed.ContentLength = length; s.service == Serverless {
		signed.ContentLength = 0 // a collection refuses a signature that covers the length
	}
	if err := s.signer.SignHTTP(r.Context(), credentials, signed, hash, string(s.service), s.cfg.Region, time.Now()); err != nil {
		return nil, fmt.Errorf("signing a request: %w", err)
	}
	signed.ContentLength = length
	return s.sender.RoundTrip(signed) //nolint:wrapcheck // must be transparent
}

// readable returns a function that gives the request's body from its beginning, and the body's length. It copies
// the body only if the request cannot give it twice. It closes the request's own body.
func readable(r *http.Request) (again func() (io.ReadCloser, error), length int64, err error) {
	if r.Body == nil || r.Body == http.NoBody {
		return func() (io.ReadCloser, error) { return http.NoBody, nil }, 0, nil
	}
	defer func() { _ = r.Body.Close() }()
	if r.GetBody != nil && r.ContentLength > 0 {
		return r.GetBody, r.ContentLength, nil
	}
	all, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, 0, fmt.Errorf("reading a request to sign it: %w", err)
	}
	return func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(all)), nil }, int64(len(all)), nil
}
