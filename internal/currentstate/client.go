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
	// shardTimeout is how long OpenSearch waits for a shard that it is to write to: less than the client waits for the answer.
	shardTimeout = "10s"
	// patience is how long a call without a deadline is tried.
	patience = 5 * time.Minute
)

// client calls the domain until it answers with something else than an outage.
type client struct {
	opensearch.Client
	// once is the same client without another try.
	once opensearch.Client
	pace func() backoff.BackOff
	// person asks, not a role that may not be mapped yet: 401 and 403 are answers.
	person bool
}

func newClient(c opensearch.Client) *client {
	c.Gzip, c.Timeout = true, requestTimeout
	k := &client{Client: c, once: c, pace: pace}
	k.Retry = k.retry
	return k
}

// call makes one request and says which one it was when it fails.
func (c *client) call(ctx context.Context, method, path string, body, out any) error {
	if err := c.Do(ctx, method, path, body, out); err != nil {
		return fmt.Errorf("%s %s: %w", method, path, err)
	}
	return nil
}

// retry tries until there is no outage, or ctx or patience ends.
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

// pace of retries: 0.2 s, then half as much again each time, up to 10 s, each by chance half longer or shorter.
func pace() backoff.BackOff {
	b := backoff.NewExponentialBackOff()
	b.InitialInterval, b.MaxInterval = 200*time.Millisecond, 10*time.Second
	return b
}

// outage is an error that says nothing about the request. A role that is not mapped yet (403) is one: its records are as
// good as any.
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
