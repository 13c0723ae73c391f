package status

import (
	"cdcpipeline/internal/currentstate"
	"cdcpipeline/internal/opensearch"
	"cdcpipeline/internal/outputs"
	"context"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"
)

// Cluster is what a status asks of what is searched.
type Cluster interface {
	Health(context.Context) (Health, error)
	// Indices of the history of this name, and those beside them that nothing else tells of, in the order of their names.
	Indices(ctx context.Context, history string) ([]Index, error)
	// Epochs of the tables whose present state is kept.
	Epochs(context.Context) ([]currentstate.TableEpochs, error)
	io.Closer
}

// Health of a domain is that of its cluster, green, yellow or red; of collections that of each.
type Health struct {
	Cluster     string
	Collections []Collection
}

// Collection of OpenSearch Serverless.
type Collection struct {
	Name string `json:"name"`
	// Status is CREATING, ACTIVE, DELETING, FAILED and others; empty when there is no such collection.
	Status string `json:"status"`
	// Problem in AWS's words; empty when it has none.
	Problem string `json:"problem,omitempty"`
}

// Active says that a collection serves requests.
func (c Collection) Active() bool { return c.Status == "ACTIVE" }

// readDomain asks what is searched for its health and its history, and for the epochs of a current state if the stack keeps one.
func readDomain(ctx context.Context, open func(context.Context) (Cluster, error), o outputs.Outputs) (SearchStatus, CurrentStatus) {
	current := CurrentStatus{Tables: []CurrentTable{}}
	cluster, err := open(ctx)
	if err != nil {
		return SearchStatus{Indices: []Index{}, Error: explain(ctx, err)}, current
	}
	defer cluster.Close()
	search := readSearch(ctx, cluster, o)
	if o.CurrentFunctionName != "" {
		current = readCurrent(ctx, cluster)
	}
	return search, current
}

func readSearch(ctx context.Context, cluster Cluster, o outputs.Outputs) SearchStatus {
	status := SearchStatus{Indices: []Index{}}
	fail := func(err error) SearchStatus {
		status.Error = explain(ctx, err)
		return status
	}
	health, err := cluster.Health(ctx)
	if err != nil {
		return fail(err)
	}
	status.Cluster, status.Collections = health.Cluster, health.Collections
	indices, err := cluster.Indices(ctx, o.HistoryIndex)
	if err != nil {
		return fail(err)
	}
	if indices != nil {
		status.Indices = indices
	}
	return status
}

// Search is the REST API of where the history and the present rows are: one domain, or two collections.
type Search struct {
	History, Current opensearch.Client
	// Service is which of both it is.
	Service opensearch.Service
	// Registry says which epochs the tables have; only [Search.Epochs] needs it.
	Registry currentstate.EpochsOptions
	// Shut is called by Close; nil is nothing.
	Shut func() error

	health  func(context.Context) (Health, error)
	indices func(ctx context.Context, history string) ([]Index, error)
}

// requestTimeout is for one page of documents, the longest answer there is.
const requestTimeout = time.Minute

// NewDomain signs in to the domain at url, https://HOST, as its master user, and sends requests with send.
func NewDomain(url string, login Login, send http.RoundTripper) *Search {
	c := opensearch.Client{
		URL: url, Transport: opensearch.BasicAuth(login.User, login.Password, send), Timeout: requestTimeout,
		Hints: map[int]string{
			http.StatusUnauthorized: "it refuses the password of its master secret, searchMasterSecretArn: after a deployment that broke off, `pulumi up` goes on with it; when somebody changed one of them by hand, `pulumi up` with another search.passwordGeneration makes a new one",
			http.StatusForbidden:    "the user may not read the index",
		},
	}
	return &Search{
		History: c, Current: c, Service: opensearch.Domain,
		health: func(ctx context.Context) (Health, error) {
			var answer struct {
				Status string `json:"status"`
			}
			err := get(ctx, c, "/_cluster/health", &answer)
			return Health{Cluster: answer.Status}, err
		},
		// The daily indices, retail-trans-2026-11-23: their alias has the name without a date.
		indices: func(ctx context.Context, history string) ([]Index, error) { return indices(ctx, c, history+"-*") },
	}
}

// Health of what is searched.
func (s *Search) Health(ctx context.Context) (Health, error) { return s.health(ctx) }

// Indices of a domain are those of the history, of collections the current ones too.
func (s *Search) Indices(ctx context.Context, history string) ([]Index, error) {
	return s.indices(ctx, history)
}

// Close ends the ways to what is searched.
func (s *Search) Close() error {
	s.History.CloseIdleConnections()
	s.Current.CloseIdleConnections()
	if s.Shut == nil {
		return nil
	}
	return s.Shut()
}

// indices whose names match, * standing for any characters, and their documents; deleted ones are not counted.
func indices(ctx context.Context, c opensearch.Client, pattern string) ([]Index, error) {
	var answer []struct {
		Index string  `json:"index"`
		Docs  *string `json:"docs.count"`
		Bytes *string `json:"store.size"`
	}
	path := "/_cat/indices/" + pattern + "?format=json&bytes=b&s=index&h=index,docs.count,store.size"
	if err := get(ctx, c, path, &answer); err != nil {
		return nil, err
	}
	indices := make([]Index, len(answer))
	for i, a := range answer {
		indices[i] = Index{Name: a.Index, Documents: number(a.Docs), Bytes: number(a.Bytes)}
	}
	return indices, nil
}

// number is 0 for what the domain leaves out, as it does of an index that is red.
func number(text *string) int64 {
	if text == nil {
		return 0
	}
	n, _ := strconv.ParseInt(*text, 10, 64)
	return n
}

func get(ctx context.Context, c opensearch.Client, path string, into any) error {
	if err := c.Do(ctx, http.MethodGet, path, nil, into); err != nil {
		return fmt.Errorf("asking for %s: %w", path, err)
	}
	return nil
}
