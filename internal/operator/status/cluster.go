package status

import (
	"cdcpipeline/internal/bucket"
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

// Cluster is what a status asks a domain.
type Cluster interface {
	// Health is green, yellow or red.
	Health(context.Context) (string, error)
	// Indices whose names match, * standing for any characters, in the order of their names.
	Indices(ctx context.Context, pattern string) ([]Index, error)
	// Epochs of the tables whose present state is kept.
	Epochs(context.Context) ([]currentstate.TableEpochs, error)
	io.Closer
}

// readDomain asks the domain for its health and its history, and for the epochs of a current state if the stack keeps one.
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
	var err error
	if status.Cluster, err = cluster.Health(ctx); err != nil {
		return fail(err)
	}
	// The daily indices, retail-trans-2026-11-23: their alias has the name without a date.
	indices, err := cluster.Indices(ctx, o.HistoryIndex+"-*")
	if err != nil {
		return fail(err)
	}
	if indices != nil {
		status.Indices = indices
	}
	return status
}

// Domain is a domain's REST API under its master user.
type Domain struct {
	opensearch.Client
	// Registry is the bucket that says which epochs the tables have; only [Domain.Epochs] needs it.
	Registry bucket.Bucket
	// Shut is called by Close; nil is nothing.
	Shut func() error
}

// requestTimeout is for one page of documents, the longest answer there is.
const requestTimeout = time.Minute

// NewDomain signs in to the domain at url, https://HOST, and sends requests with send.
func NewDomain(url string, login Login, send http.RoundTripper) *Domain {
	return &Domain{Client: opensearch.Client{
		URL: url, Transport: opensearch.BasicAuth(login.User, login.Password, send), Timeout: requestTimeout,
		Hints: map[int]string{
			http.StatusUnauthorized: "it refuses the password of its master secret, searchMasterSecretArn: after a deployment that broke off, `pulumi up` goes on with it; when somebody changed one of them by hand, `pulumi up` with another search.passwordGeneration makes a new one",
			http.StatusForbidden:    "the user may not read the index",
		},
	}}
}

// Health of the cluster.
func (d *Domain) Health(ctx context.Context) (string, error) {
	var answer struct {
		Status string `json:"status"`
	}
	err := d.get(ctx, "/_cluster/health", &answer)
	return answer.Status, err
}

// Indices and their documents; deleted ones are not counted.
func (d *Domain) Indices(ctx context.Context, pattern string) ([]Index, error) {
	var answer []struct {
		Index string  `json:"index"`
		Docs  *string `json:"docs.count"`
		Bytes *string `json:"store.size"`
	}
	path := "/_cat/indices/" + pattern + "?format=json&bytes=b&s=index&h=index,docs.count,store.size"
	if err := d.get(ctx, path, &answer); err != nil {
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

// Close ends the way to the domain.
func (d *Domain) Close() error {
	d.CloseIdleConnections()
	if d.Shut == nil {
		return nil
	}
	return d.Shut()
}

func (d *Domain) get(ctx context.Context, path string, into any) error {
	if err := d.Do(ctx, http.MethodGet, path, nil, into); err != nil {
		return fmt.Errorf("asking for %s: %w", path, err)
	}
	return nil
}
