// Package opensearchtest is a fake OpenSearch domain for tests: it decodes requests and encodes answers. Each test
// decides what the domain holds and does.
package opensearchtest

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// Request is a request that a domain received.
type Request struct {
	*http.Request
	// Parts of the path, unescaped.
	Parts []string
	// Content is the body, decompressed when it was Compressed.
	Content    []byte
	Compressed bool
}

// Last is the path's last part: the called API, for instance.
func (r Request) Last() string { return r.Parts[len(r.Parts)-1] }

// SignedIn reports whether the request has this user and password.
func (r Request) SignedIn(user, password string) bool {
	u, p, ok := r.BasicAuth()
	return ok && u == user && p == password
}

// Domain answers requests with JSON, or with a plain string. An error as its answer stands for a broken connection.
// It is a transport, for tests without a network, and a server's handler.
type Domain func(Request) (status int, answer any)

// RoundTrip answers without waiting, so that tests can fake time.
func (d Domain) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := r.Context().Err(); err != nil {
		return nil, err //nolint:wrapcheck // like a transport's error
	}
	status, text, err := d.answer(r)
	if err != nil {
		return nil, err
	}
	return &http.Response{StatusCode: status, Body: io.NopCloser(bytes.NewReader(text)), Header: http.Header{}, Request: r}, nil
}

func (d Domain) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	status, text, err := d.answer(r)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	w.WriteHeader(status)
	_, _ = w.Write(text)
}

func (d Domain) answer(r *http.Request) (int, []byte, error) {
	in := Request{Request: r, Parts: strings.Split(strings.TrimPrefix(r.URL.Path, "/"), "/"), Compressed: r.Header.Get("Content-Encoding") == "gzip"}
	var err error
	if in.Content, err = read(r, in.Compressed); err != nil {
		return 0, nil, err
	}
	status, answer := d(in)
	switch answer := answer.(type) {
	case error:
		return 0, nil, answer
	case nil:
		return status, nil, nil
	case string:
		return status, []byte(answer), nil
	}
	text, err := json.Marshal(answer)
	if err != nil {
		return 0, nil, fmt.Errorf("writing an answer: %w", err)
	}
	return status, text, nil
}

func read(r *http.Request, compressed bool) ([]byte, error) {
	if r.Body == nil || r.ContentLength == 0 {
		return nil, nil
	}
	body := io.Reader(r.Body)
	if compressed {
		z, err := gzip.NewReader(r.Body)
		if err != nil {
			return nil, fmt.Errorf("decompressing a request: %w", err)
		}
		body = z
	}
	content, err := io.ReadAll(body)
	if err = errors.Join(err, r.Body.Close()); err != nil {
		return nil, fmt.Errorf("reading a request: %w", err)
	}
	return content, nil
}
