// Package opensearch calls OpenSearch's REST API: one client for the function that writes and for the tool that
// reads. It knows neither cluster details nor this project's names, so it also works with a Serverless collection.
package opensearch

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/klauspost/compress/gzip"
)

// defaultMaxAnswer has room for OpenSearch's answer about 10,000 refused documents.
const defaultMaxAnswer = 32 << 20

// FoundInCollection is the time after which a document of a collection is searchable. AWS says that it takes 10 to 30
// seconds,
// https://docs.aws.amazon.com/opensearch-service/latest/developerguide/serverless-overview.html#serverless-limitations.
const FoundInCollection = time.Minute

// Client calls one domain or collection. A copy with other limits uses the same connections.
type Client struct {
	// URL of the domain without a trailing slash.
	URL string
	// Transport connects to the domain and signs in: [Signed] or [BasicAuth], with [TunnelTransport] when a tunnel is needed.
	Transport http.RoundTripper
	// Timeout of one request with its answer; 0 means only the context's.
	Timeout time.Duration
	// MaxAnswer is how many bytes of an answer are read; 0 means 32 MiB.
	MaxAnswer int64
	// Gzip compresses request bodies, which the service accepts by default,
	// https://docs.aws.amazon.com/opensearch-service/latest/developerguide/gzip.html.
	Gzip bool
	// Retry repeats try until it accepts the result; nil calls it once.
	Retry func(ctx context.Context, try func() error) error
	// Hints say what to do, by the answer's status.
	Hints map[int]string
	// Place is the client's name in errors; default "the domain".
	Place string
	// FoundAfter is the time until a written document is searchable when no request can refresh the index, as in a
	// collection ([FoundInCollection]). Zero means that indices are refreshed before they are read.
	FoundAfter time.Duration
}

// Do makes a request and decodes the answer into out. A body that is no []byte and no [net.Buffers], which are sent one after the other, becomes JSON;
// nil is no body, and no interest in the answer. An out that is a [*bytes.Buffer] gets the answer as it came. An answer other than 2xx is an
// [*Error].
func (c Client) Do(ctx context.Context, method, path string, body, out any) error {
	content, err := encode(body)
	if err != nil {
		return err
	}
	if c.Retry == nil {
		return c.once(ctx, method, path, content, out)
	}
	return c.Retry(ctx, func() error { return c.once(ctx, method, path, content, out) })
}

func encode(body any) (net.Buffers, error) {
	switch body := body.(type) {
	case nil:
		return nil, nil
	case []byte:
		return net.Buffers{body}, nil
	case net.Buffers:
		return body, nil
	}
	content, err := json.Marshal(body)
	if err != nil {
		return nil, fmt.Errorf("writing a request: %w", err)
	}
	return net.Buffers{content}, nil
}

func (c Client) once(ctx context.Context, method, path string, content net.Buffers, out any) error {
	if c.Timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, c.Timeout)
		defer cancel()
	}
	request, err := c.request(ctx, method, path, content)
	if err != nil {
		return err
	}
	// Do not use http.Client: it follows redirects, and a transport that signs in would send credentials to their
	// targets.
	response, err := c.Transport.RoundTrip(request)
	if err != nil {
		return fmt.Errorf("calling %s: %w", c.place(), err)
	}
	defer func() { _ = response.Body.Close() }()
	limit := cmp.Or(c.MaxAnswer, defaultMaxAnswer)
	answer := &io.LimitedReader{R: response.Body, N: limit + 1}
	defer func() { _, _ = io.Copy(io.Discard, answer) }() // read to the end, so that the connection is reused
	if response.StatusCode/100 != 2 {
		return newError(c.place(), response.StatusCode, c.Hints[response.StatusCode], answer)
	}
	if out == nil {
		return nil
	}
	if whole, ok := out.(*bytes.Buffer); ok {
		_, err = whole.ReadFrom(answer)
	} else {
		err = json.NewDecoder(answer).Decode(out)
	}
	switch {
	case err == nil && answer.N <= 0:
		return fmt.Errorf("reading %s's answer: it is longer than %d bytes", c.place(), limit)
	case err != nil && answer.N <= 0:
		return fmt.Errorf("reading %s's answer: it is longer than %d bytes", c.place(), limit)
	case err != nil:
		return fmt.Errorf("reading %s's answer: %w", c.place(), err)
	}
	return nil
}

func (c Client) place() string { return cmp.Or(c.Place, "the domain") }

// compressors are pooled, because each has a megabyte of tables.
var compressors = sync.Pool{New: func() any {
	w, _ := gzip.NewWriterLevel(nil, gzip.BestSpeed) // the level is valid
	return w
}}

func (c Client) request(ctx context.Context, method, path string, parts net.Buffers) (*http.Request, error) {
	var content []byte
	encoding := ""
	switch {
	case c.Gzip && size(parts) > 0:
		var err error
		if content, err = compress(parts); err != nil {
			return nil, err
		}
		encoding = "gzip"
	case len(parts) == 1:
		content = parts[0]
	default:
		content = bytes.Join(parts, nil)
	}
	request, err := http.NewRequestWithContext(ctx, method, c.URL+path, bytes.NewReader(content))
	if err != nil {
		if u := (*url.Error)(nil); errors.As(err, &u) {
			err = u.Err // the URL itself may contain a password
		}
		return nil, fmt.Errorf("preparing a request: %w", err)
	}
	if len(content) > 0 {
		request.Header.Set("Content-Type", "application/json")
	}
	if encoding != "" {
		request.Header.Set("Content-Encoding", encoding)
	}
	return request, nil
}

func size(parts net.Buffers) int {
	sum := 0
	for _, part := range parts {
		sum += len(part)
	}
	return sum
}

func compress(parts net.Buffers) ([]byte, error) {
	var body bytes.Buffer
	w, _ := compressors.Get().(*gzip.Writer)
	defer compressors.Put(w)
	body.Grow(size(parts) / 2) // rows become a third as a rule
	w.Reset(&body)
	for _, part := range parts {
		if _, err := w.Write(part); err != nil {
			return nil, fmt.Errorf("compressing a request: %w", err)
		}
	}
	if err := w.Close(); err != nil {
		return nil, fmt.Errorf("compressing a request: %w", err)
	}
	return body.Bytes(), nil
}

// CloseIdleConnections closes unused connections.
func (c Client) CloseIdleConnections() { sender{c.Transport}.CloseIdleConnections() }
