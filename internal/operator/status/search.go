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
	// Indices returns, by name, the indices of the history and other indices of the source that no other call reports.
	Indices(ctx context.Context, source currentstate.Source, history string) ([]Index, error)
	// Epochs returns the epochs of the tables with a current state, from a registry. The registry's options need no
	// search client, because the cluster has one.
	Epochs(context.Context, currentstate.EpochsOptions) ([]currentstate.TableEpochs, error)
	io.Closer
}

// Health has the colour of a domain's cluster (green, yellow or red), or the state of each collection.
type Health struct {
	Cluster     string
	Collections []Collection
}

// Collection is the state of an OpenSearch Serverless collection.
type Collection struct {
	Name string `json:"name"`
	// Status is CREATING, ACTIVE, DELETING, FAILED or another of AWS's states. It is empty if the collection does not
	// exist.
	Status string `json:"status"`
	// Problem is AWS's description of a problem. It is empty if there is none.
	Problem string `json:"problem,omitempty"`
}

// Active reports whether a collection serves requests.
func (c Collection) Active() bool { return c.Status == "ACTIVE" }

// readSearch reads the health of the search. For each source it reads the history, and the epochs of the current state
// if the source keeps one. It returns what all sources share.
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

// read reads the indices of a source.
func (s *SearchStatus) read(ctx context.Context, cluster Cluster, source Source) {
	indices, err := cluster.Indices(ctx, currentstate.Source(source.Source), source.HistoryIndex)
	if err != nil {
		s.Error = explain(ctx, err)
	} else if indices != nil {
		s.Indices = indices
	}
}

// Search calls the REST API of the place with the history and the present rows: one domain, or two collections.
type Search struct {
	History, Current opensearch.Client
	// Service says whether it is a domain or collections.
	Service opensearch.Service
	// Shut is called by Close. It may be nil.
	Shut func() error

	health  func(context.Context) (Health, error)
	indices func(ctx context.Context, source currentstate.Source, history string) ([]Index, error)
}

// requestTimeout allows for one page of documents, which is the longest answer.
const requestTimeout = time.Minute

// NewDomain returns a search in the domain at url, https://HOST. It signs in as the master user and sends requests with
// send.
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
		// Daily indices have names like retail-trans-2026-11-23. Their alias has the name without the date. Other
		// indices may have the same prefix.
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

// Indices returns the indices of the history. In collections it also returns the current indices.
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

// indices returns the indices whose names match a pattern, where * stands for any characters. Their document counts
// leave out deleted documents.
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

// number parses a number. It returns 0 if the domain left it out, as it does for a red index.
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
