package storestest

import (
	"cdcpipeline/rehearsal/stores"
	"context"
	"crypto/rand"
	"sync"
	"testing"
)

// Search is a running OpenSearch node with its master user.
type Search struct {
	*stores.OpenSearch
	User, Password string
}

var search = sync.OnceValues(startOpenSearch)

// StartedOpenSearch is the node of this test binary, without a test.
func StartedOpenSearch() (*Search, error) { return search() }

// OpenSearch is the node of this test binary.
func OpenSearch(t testing.TB) *Search {
	t.Helper()
	return started(t, search)
}

// Master calls the node as its master user.
func (s *Search) Master() *stores.Client {
	return s.Client(stores.BasicAuthorization(s.User, s.Password))
}

func startOpenSearch() (*Search, error) {
	at, err := place()
	if err != nil {
		return nil, err
	}
	s := &Search{User: "master", Password: rand.Text()}
	s.OpenSearch, err = at.StartOpenSearch(context.Background(), stores.OpenSearchOptions{MasterUser: s.User, MasterPassword: s.Password, Heap: "512m"})
	if err != nil {
		return nil, err
	}
	return s, atEnd(s.Stop)
}
