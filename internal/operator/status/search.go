package status

import (
	"cdcpipeline/internal/currentstate"
	"cdcpipeline/internal/opensearch"
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Cluster is the part of the domain or the collections that a status uses.
type Cluster interface {
	Health(context.Context) (Health, error)
	// Indices of the history of this name, and those of the source beside them that nothing else tells of, in the order of their names.
	Indices(ctx context.Context, source currentstate.Source, history string) ([]Index, error)
	// Epochs of the tables whose present state is kept, which a registry knows. What is searched is the cluster.
	Epochs(context.Context, currentstate.EpochsOptions) ([]currentstate.TableEpochs, error)
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

// readSearch asks what is searched for its health, and for each source for its history, and for the epochs of its current state if it keeps
// one. It gives what all sources share.
func (s Stack) readSearch(ctx context.Context, found []SourceStatus) SearchStatus {
	var shared SearchStatus
	cluster, err := s.Search(ctx)
	opened := err == nil
	if opened {
		defer cluster.Close()
		var health Health
		health, err = cluster.Health(ctx)
		shared.Cluster, shared.Collections = health.Cluster, health.Collections
	}
	if err != nil {
		shared.Error = explain(ctx, err)
	}
	var all sync.WaitGroup
	for i, source := range s.Sources {
		of := &found[i]
		of.Search, of.Search.Indices, of.Current.Tables = shared, []Index{}, []CurrentTable{}
		if err == nil {
			all.Go(func() { of.Search.read(ctx, cluster, source) })
		}
		if opened && source.CurrentFunctionName != "" {
			all.Go(func() { of.Current = readCurrent(ctx, cluster, source) })
		}
	}
	all.Wait()
	return shared
}

// read the indices of a source.
func (s *SearchStatus) read(ctx context.Context, cluster Cluster, source Source) {
	indices, err := cluster.Indices(ctx, currentstate.Source(source.Source), source.HistoryIndex)
	if err != nil {
		s.Error = explain(ctx, err)
	} else if indices != nil {
		s.Indices = indices
	}
}

// Search is the REST API of where the history and the present rows are: one domain, or two collections.
type Search struct {
	History, Current opensearch.Client
	// Service is which of both it is.
	Service opensearch.Service
	// Shut is called by Close; nil is nothing.
	Shut func() error

	health  func(context.Context) (Health, error)
	indices func(ctx context.Context, source currentstate.Source, history string) ([]Index, error)
}

// requestTimeout is for one page of documents, the longest answer there is.
const requestTimeout = time.Minute

// NewDomain signs in to the domain at url, https://HOST, as its master user, and sends requests with send.
func NewDomain(url string, login Login, send http.RoundTripper) *Search {
	c := opensearch.Client{
		URL: url, Transport: opensearch.BasicAuth(login.User, login.Password, send), Timeout: requestTimeout,
		Hints: map[int]string{
			http.StatusUnauthorized: "it refuses the password in its master secret, searchMasterSecretArn: if a deployment was interrupted, run `pulumi up` to complete it; if somebody changed one of them by hand, raise search.passwordGeneration and run `pulumi up` to make a new password",
			http.StatusForbidden:    "the user has no permission to read the index",
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
		// The daily indices, retail-trans-2026-11-23: their alias has the name without a date. Another index may begin so too.
		indices: func(ctx context.Context, _ currentstate.Source, history string) ([]Index, error) {
			found, err := indices(ctx, c, history+"-*")
			return slices.DeleteFunc(found, func(i Index) bool {
				_, err := time.Parse(time.DateOnly, strings.TrimPrefix(i.Name, history+"-"))
				return err != nil
			}), err
		},
	}
}

// Health returns the health of the domain or the collections.
func (s *Search) Health(ctx context.Context) (Health, error) { return s.health(ctx) }

// Indices of a domain are those of the history, of collections the current ones too.
func (s *Search) Indices(ctx context.Context, source currentstate.Source, history string) ([]Index, error) {
	return s.indices(ctx, source, history)
}

// Close closes the connections to the domain or the collections.
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
