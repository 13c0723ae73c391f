package currentstate

import (
	"cdcpipeline/internal/opensearch"
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/cenkalti/backoff/v5"
)

const (
	requestTimeout = 30 * time.Second
	// shardTimeout is how long OpenSearch waits for the shard to write to. The client waits longer for the answer.
	shardTimeout = "10s"
	// patience limits the retries of a call without a deadline.
	patience = 5 * time.Minute
)

// client calls the domain, and retries during outages.
type client struct {
	opensearch.Client
	// once is the same client without retries.
	once opensearch.Client
	pace func() backoff.BackOff
	// person is true if a person calls. Then 401 and 403 are final. For the function they may mean that its role
	// is not mapped yet.
	person bool
}

// newClient makes a client of the domain. It compresses requests unless plain is true.
func newClient(c opensearch.Client, plain bool) *client {
	c.Gzip, c.Timeout = !plain, requestTimeout
	k := &client{Client: c, once: c, pace: pace}
	k.Retry = k.retry
	return k
}

// call sends one request. Its error names the request.
func (c *client) call(ctx context.Context, method, path string, body, out any) error {
	if err := c.Do(ctx, method, path, body, out); err != nil {
		return fmt.Errorf("%s %s: %w", method, path, err)
	}
	return nil
}

// retry calls try again after each outage, until ctx or patience ends.
func (c *client) retry(ctx context.Context, try func() error) error {
	_, err := backoff.Retry(ctx, func() (struct{}, error) {
		err := try()
		if err != nil && !c.outage(err) {
			return struct{}{}, backoff.Permanent(err) //nolint:wrapcheck // it is taken off again
		}
		return struct{}{}, err
	}, backoff.WithBackOff(c.pace()), backoff.WithMaxElapsedTime(patience))
	return err //nolint:wrapcheck // its callers say what was tried
}

// pace returns the waiting times between retries: 0.2 s, then half as much again each time, up to 10 s. Each is
// randomly up to half longer or shorter.
func pace() backoff.BackOff {
	b := backoff.NewExponentialBackOff()
	b.InitialInterval, b.MaxInterval = 200*time.Millisecond, 10*time.Second
	return b
}

// outage reports whether an error says nothing about the request itself. A role that is not mapped yet (403)
// counts as an outage, because its records are valid.
func (c *client) outage(err error) bool {
	switch status := opensearch.Status(err); status {
	case 0, http.StatusRequestTimeout, http.StatusTooManyRequests:
		return true
	case http.StatusUnauthorized, http.StatusForbidden:
		return !c.person
	default:
		return status >= 500
	}
}
