package verify

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Search is the domain with the history index.
type Search struct {
	// HTTP client that reaches the domain, through a tunnel if need be, and verifies its certificate.
	HTTP *http.Client
	// URL of the domain without a trailing slash; User and Password of its master user, empty for a client that signs in by
	// itself.
	URL, User, Password string
	// Index is the alias over the daily indices.
	Index string
}

const (
	scrollPage = 1000
	scrollKeep = "5m"
	// maxAnswer bounds what an error repeats of an answer, in bytes.
	maxAnswer = 500
)

type object map[string]any

// hit is one document.
type hit struct {
	Index  string          `json:"_index"`
	ID     string          `json:"_id"`
	Source json.RawMessage `json:"_source"`
}

type page struct {
	ScrollID string `json:"_scroll_id"`
	Hits     struct {
		Hits []hit `json:"hits"`
	} `json:"hits"`
}

// call makes one request and decodes the answer.
func (s Search) call(ctx context.Context, method, path string, body, out any) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	var content []byte
	if body != nil {
		var err error
		if content, err = json.Marshal(body); err != nil {
			return fmt.Errorf("writing the request: %w", err)
		}
	}
	request, err := http.NewRequestWithContext(ctx, method, s.URL+path, bytes.NewReader(content))
	if err != nil {
		return fmt.Errorf("preparing the request: %w", err)
	}
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	if s.User != "" {
		request.SetBasicAuth(s.User, s.Password)
	}
	response, err := s.HTTP.Do(request)
	if err != nil {
		return fmt.Errorf("calling the domain: %w", err)
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode/100 != 2 {
		answer, _ := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
		return &statusError{response.StatusCode, strings.TrimSpace(string(answer))}
	}
	if err := json.NewDecoder(response.Body).Decode(out); err != nil {
		return fmt.Errorf("reading the domain's answer: %w", err)
	}
	return nil
}

// statusError is an answer other than 2xx.
type statusError struct {
	status int
	answer string
}

func (e *statusError) Error() string {
	hint := ""
	switch e.status {
	case http.StatusUnauthorized:
		hint = " (the user and password of searchMasterSecretArn are not the domain's: `pulumi up`, and when somebody changed one by hand, with another search.passwordGeneration)"
	case http.StatusForbidden:
		hint = " (the user may not read the index)"
	}
	return fmt.Sprintf("the domain answered %d%s: %s", e.status, hint, e.answer)
}

// count the documents that a query finds; also what tells early that the domain can be reached.
func (s Search) count(ctx context.Context, query object) (int64, error) {
	var out struct {
		Count int64 `json:"count"`
	}
	err := s.call(ctx, http.MethodPost, s.path("_count"), object{"query": query}, &out)
	return out.Count, err
}

// refresh makes everything that was written visible.
func (s Search) refresh(ctx context.Context) error {
	return s.call(ctx, http.MethodPost, s.path("_refresh"), nil, &object{})
}

// find the first documents of a query.
func (s Search) find(ctx context.Context, query object) ([]hit, error) {
	var out page
	err := s.call(ctx, http.MethodPost, s.path("_search"), object{"size": 100, "query": query}, &out)
	return out.Hits.Hits, err
}

// each document of a query, as they were when it began.
func (s Search) each(ctx context.Context, query object, visit func(hit) error) (err error) {
	var at page
	body := object{"size": scrollPage, "query": query, "sort": []string{"_doc"}}
	if err := s.call(ctx, http.MethodPost, s.path("_search")+"&scroll="+scrollKeep, body, &at); err != nil {
		return err
	}
	defer func() { // what is left open closes itself after scrollKeep
		_ = s.call(context.WithoutCancel(ctx), http.MethodDelete, "/_search/scroll", object{"scroll_id": at.ScrollID}, &object{})
	}()
	for len(at.Hits.Hits) > 0 {
		for _, h := range at.Hits.Hits {
			if err := visit(h); err != nil {
				return err
			}
		}
		next := object{"scroll": scrollKeep, "scroll_id": at.ScrollID}
		at = page{ScrollID: at.ScrollID}
		if err := s.call(ctx, http.MethodPost, "/_search/scroll", next, &at); err != nil {
			return err
		}
	}
	return nil
}

func (s Search) path(what string) string {
	return "/" + url.PathEscape(s.Index) + "/" + what + "?ignore_unavailable=true"
}

// oldest is the day of the oldest daily index: what was written before it, retention has deleted. Zero without any.
func (s Search) oldest(ctx context.Context) (time.Time, error) {
	var out map[string]any
	err := s.call(ctx, http.MethodGet, "/_alias/"+url.PathEscape(s.Index), nil, &out)
	if refused := (*statusError)(nil); errors.As(err, &refused) && refused.status == http.StatusNotFound {
		return time.Time{}, nil // nothing was ever indexed
	}
	if err != nil {
		return time.Time{}, err
	}
	var first time.Time
	for index := range out {
		day, err := time.Parse("2006-01-02", strings.TrimPrefix(index, s.Index+"-"))
		if err == nil && (first.IsZero() || day.Before(first)) {
			first = day
		}
	}
	return first, nil
}

// changes of a table's rows.
func (t *table) changes(more ...object) object {
	filters := append([]object{
		{"term": object{"metadata.record-type": "data"}},
		{"term": object{"metadata.schema-name": t.Name.Database}},
		{"term": object{"metadata.table-name": t.Name.Table}},
	}, more...)
	return object{"bool": object{"filter": filters}}
}
