package currentstate

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/cenkalti/backoff/v5"
	"github.com/klauspost/compress/gzip"
)

const (
	requestTimeout = 30 * time.Second
	// maxAnswer that is read, in bytes: one of 10,000 refused documents is within it.
	maxAnswer = 32 << 20
	// maxReason bounds what an error repeats of an answer, in bytes.
	maxReason = 1000
	// patience is how long a call without a deadline is tried.
	patience = 5 * time.Minute
)

// client calls the domain.
type client struct {
	http *http.Client
	url  string
	pace func() backoff.BackOff
	// person asks, not a role that may not be mapped yet: 401 and 403 are answers.
	person bool
}

func newClient(h *http.Client, url string) *client { return &client{http: h, url: url, pace: pace} }

// refusal is an answer other than 2xx.
type refusal struct {
	status int
	answer string
}

func (e *refusal) Error() string {
	return fmt.Sprintf("the domain answered %d: %s", e.status, e.answer)
}

// refused is the status of an answer other than 2xx; 0 of any other error.
func refused(err error) int {
	if r := (*refusal)(nil); errors.As(err, &r) {
		return r.status
	}
	return 0
}

// call makes one request and decodes the answer into out, until it is answered with something else than an outage. What
// is no outage is a *refusal.
func (c *client) call(ctx context.Context, method, path string, body, out any) error {
	content, err := encoded(body)
	if err != nil {
		return err
	}
	if err := c.retry(ctx, func() error { return c.once(ctx, method, path, content, out) }); err != nil {
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
	switch status := refused(err); status {
	case 0, http.StatusRequestTimeout, http.StatusTooManyRequests:
		return true
	case http.StatusUnauthorized, http.StatusForbidden:
		return !c.person
	default:
		return status >= 500
	}
}

func encoded(body any) ([]byte, error) {
	switch body := body.(type) {
	case nil:
		return nil, nil
	case []byte:
		return body, nil
	}
	content, err := json.Marshal(body)
	if err != nil {
		return nil, fmt.Errorf("writing a request: %w", err)
	}
	return content, nil
}

// once makes one request. Bodies are compressed, which the service takes by default,
// https://docs.aws.amazon.com/opensearch-service/latest/developerguide/gzip.html.
func (c *client) once(ctx context.Context, method, path string, content []byte, out any) error {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	request, err := c.request(ctx, method, path, content)
	if err != nil {
		return err
	}
	response, err := c.http.Do(request)
	if err != nil {
		return fmt.Errorf("calling the domain: %w", err)
	}
	defer func() { _ = response.Body.Close() }()
	answer := io.LimitReader(response.Body, maxAnswer)
	if response.StatusCode/100 != 2 {
		reason, _ := io.ReadAll(io.LimitReader(answer, maxReason))
		return &refusal{response.StatusCode, strings.TrimSpace(string(reason))}
	}
	if out == nil {
		_, _ = io.Copy(io.Discard, answer) // so that the connection is used again
		return nil
	}
	if err := json.NewDecoder(answer).Decode(out); err != nil {
		return fmt.Errorf("reading the domain's answer: %w", err)
	}
	return nil
}

// compressors are kept: each has a megabyte of tables.
var compressors = sync.Pool{New: func() any {
	w, _ := gzip.NewWriterLevel(nil, gzip.BestSpeed) // the level is one there is
	return w
}}

func (c *client) request(ctx context.Context, method, path string, content []byte) (*http.Request, error) {
	var body bytes.Buffer
	if len(content) > 0 {
		w, _ := compressors.Get().(*gzip.Writer)
		defer compressors.Put(w)
		body.Grow(len(content) / 2) // rows become a third as a rule
		w.Reset(&body)
		_, err := w.Write(content)
		if err = errors.Join(err, w.Close()); err != nil {
			return nil, fmt.Errorf("compressing a request: %w", err)
		}
	}
	request, err := http.NewRequestWithContext(ctx, method, c.url+path, bytes.NewReader(body.Bytes()))
	if err != nil {
		return nil, fmt.Errorf("preparing a request: %w", err)
	}
	if len(content) > 0 {
		request.Header.Set("Content-Encoding", "gzip")
		request.Header.Set("Content-Type", "application/json")
	}
	return request, nil
}
