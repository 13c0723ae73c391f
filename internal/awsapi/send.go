package awsapi

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

// call is one request before it is signed.
type call struct {
	action, method, path string
	body                 []byte
	header               http.Header
}

// send retries a call after a temporary failure, as the SDK does. The SDK's standard retryer decides which failures
// these are and how long to wait.
func (c *Client) send(ctx context.Context, r call) ([]byte, error) {
	at, err := c.address(ctx)
	if err != nil {
		return nil, err
	}
	standard := retry.NewStandard(func(o *retry.StandardOptions) {
		if c.config.RetryMaxAttempts > 0 {
			o.MaxAttempts = c.config.RetryMaxAttempts
		}
	})
	for attempt := 1; ; attempt++ {
		content, err := c.once(ctx, at, r)
		if err == nil || ctx.Err() != nil || attempt >= standard.MaxAttempts() || !standard.IsErrorRetryable(err) {
			return content, err
		}
		delay, waitErr := standard.RetryDelay(attempt, err)
		if waitErr != nil {
			return nil, err
		}
		select {
		case <-ctx.Done():
			return nil, err
		case <-time.After(delay):
		}
	}
}

// once sends a call and returns the answer, or the service's error.
func (c *Client) once(ctx context.Context, at address, r call) ([]byte, error) {
	fail := func(what string, err error) error {
		return fmt.Errorf("calling %s:%s: %s: %w", c.service.Signs, r.action, what, err)
	}
	request, err := http.NewRequestWithContext(ctx, r.method, strings.TrimSuffix(at.url, "/")+r.path, bytes.NewReader(r.body))
	if err != nil {
		return nil, fail("making the request", err)
	}
	request.Header = r.header.Clone()
	request.Header.Set("User-Agent", c.userAgent())
	if c.config.Credentials == nil {
		return nil, fail("looking for credentials", errNoCredentials)
	}
	credentials, err := c.config.Credentials.Retrieve(ctx)
	if err != nil {
		return nil, fail("looking for credentials", err)
	}
	sum := sha256.Sum256(r.body)
	if err := v4.NewSigner().SignHTTP(ctx, credentials, request, hex.EncodeToString(sum[:]), c.service.Signs, at.region, time.Now()); err != nil {
		return nil, fail("signing the request", err)
	}
	response, err := c.http().Do(request)
	if err != nil {
		return nil, fail("sending the request", err)
	}
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, fail("reading the answer", err)
	}
	if response.StatusCode/100 != 2 {
		return nil, refusal(c.service.Signs, r.action, response, content)
	}
	return content, nil
}

// http is the configuration's HTTP client, with its certificates and proxies.
func (c *Client) http() aws.HTTPClient {
	if c.config.HTTPClient != nil {
		return c.config.HTTPClient
	}
	return http.DefaultClient
}
