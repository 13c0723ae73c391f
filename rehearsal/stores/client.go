package stores

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
)

const (
	scrollPage = 1000
	scrollKeep = "2m"
)

// Client calls an OpenSearch endpoint. Without Authorization the HTTP client's certificate authenticates.
type Client struct {
	HTTP *http.Client
	// URL without a trailing slash.
	URL string
	// Authorization header of every request.
	Authorization string
}

// StatusError is an answer with a status other than 2xx.
type StatusError struct {
	Method, Path string
	Status       int
	Body         []byte
}

// Error contains the whole answer, because readers look for its reason.
func (e *StatusError) Error() string {
	return fmt.Sprintf("%s %s: status %d: %s", e.Method, e.Path, e.Status, bytes.TrimSpace(e.Body))
}

// Do sends body (nil, []byte unchanged, anything else as JSON) and decodes the answer into out (nil: ignored). A
// status other than 2xx is a [*StatusError].
func (c *Client) Do(ctx context.Context, method, path string, body, out any) error {
	status, answer, err := c.Call(ctx, method, path, body)
	if err != nil {
		return err
	}
	if status < 200 || status > 299 {
		return &StatusError{Method: method, Path: path, Status: status, Body: answer}
	}
	if out == nil {
		return nil
	}
	if err := json.Unmarshal(answer, out); err != nil {
		return fmt.Errorf("%s %s: reading the answer: %w", method, path, err)
	}
	return nil
}

// Call sends body like Do and returns any status and answer.
func (c *Client) Call(ctx context.Context, method, path string, body any) (status int, answer []byte, err error) {
	content, err := encode(body)
	if err != nil {
		return 0, nil, fmt.Errorf("%s %s: %w", method, path, err)
	}
	req, err := http.NewRequestWithContext(ctx, method, c.URL+path, bytes.NewReader(content))
	if err != nil {
		return 0, nil, fmt.Errorf("%s %s: %w", method, path, err)
	}
	if content != nil {
		req.Header.Set("Content-Type", contentType(path))
	}
	if c.Authorization != "" {
		req.Header.Set("Authorization", c.Authorization)
	}
	res, err := c.HTTP.Do(req)
	if err != nil {
		return 0, nil, fmt.Errorf("calling OpenSearch: %w", err)
	}
	defer res.Body.Close()
	answer, err = io.ReadAll(res.Body)
	if err != nil {
		return 0, nil, fmt.Errorf("%s %s: reading the answer: %w", method, path, err)
	}
	return res.StatusCode, answer, nil
}

func encode(body any) ([]byte, error) {
	switch body := body.(type) {
	case nil:
		return nil, nil
	case []byte:
		return body, nil
	}
	content, err := json.Marshal(body)
	if err != nil {
		return nil, fmt.Errorf("encoding the request: %w", err)
	}
	return content, nil
}

func contentType(path string) string {
	if strings.HasSuffix(strings.SplitN(path, "?", 2)[0], "/_bulk") {
		return "application/x-ndjson"
	}
	return "application/json"
}

// Hit is one document a search found.
type Hit struct {
	Index  string          `json:"_index"`
	ID     string          `json:"_id"`
	Source json.RawMessage `json:"_source"`
}

// Refresh makes everything written to an index so far searchable. Index may be a pattern or an alias.
func (c *Client) Refresh(ctx context.Context, index string) error {
	return c.Do(ctx, http.MethodPost, "/"+url.PathEscape(index)+"/_refresh", nil, nil)
}

// Count is the number of searchable documents in an index, pattern or alias; zero when it does not exist.
func (c *Client) Count(ctx context.Context, index string) (int, error) {
	var out struct {
		Count int `json:"count"`
	}
	err := c.Do(ctx, http.MethodGet, "/"+url.PathEscape(index)+"/_count?ignore_unavailable=true", nil, &out)
	return out.Count, err
}

// Search runs one query and returns at most as many hits as the query's size (default 10).
func (c *Client) Search(ctx context.Context, index string, query any) ([]Hit, error) {
	var out searchAnswer
	err := c.Do(ctx, http.MethodPost, "/"+url.PathEscape(index)+"/_search", query, &out)
	return out.Hits.Hits, err
}

// Each visits every searchable document of an index, pattern or alias, in no particular order.
func (c *Client) Each(ctx context.Context, index string, visit func(Hit) error) error {
	var page searchAnswer
	query := map[string]any{"size": scrollPage, "sort": []string{"_doc"}}
	path := "/" + url.PathEscape(index) + "/_search?ignore_unavailable=true&scroll=" + scrollKeep
	if err := c.Do(ctx, http.MethodPost, path, query, &page); err != nil {
		return err
	}
	for len(page.Hits.Hits) > 0 {
		for _, hit := range page.Hits.Hits {
			if err := visit(hit); err != nil {
				return err
			}
		}
		next := map[string]any{"scroll": scrollKeep, "scroll_id": page.ScrollID}
		page = searchAnswer{}
		if err := c.Do(ctx, http.MethodPost, "/_search/scroll", next, &page); err != nil {
			return err
		}
	}
	return c.Do(ctx, http.MethodDelete, "/_search/scroll", map[string]any{"scroll_id": page.ScrollID}, nil)
}

type searchAnswer struct {
	ScrollID string `json:"_scroll_id"`
	Hits     struct {
		Hits []Hit `json:"hits"`
	} `json:"hits"`
}
