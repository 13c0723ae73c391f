// Package opensearchserverless gives every OpenSearch Serverless collection of the rehearsal's control plane a node and an
// endpoint.
//
// The endpoint does what AWS does in front of a collection: it admits by the network policy, the signature, the caller's
// IAM policies and the data access policies, takes only the calls that AWS documents (see [Operations]), and refuses what
// collections of the type do not do. Every answer after that is a real OpenSearch's.
//
// Each collection has a node of its own, as a domain has: names of indices stand in paths, bodies, patterns, aliases,
// templates and answers, and a prefix for each collection would have to be put in and taken out of all of them.
package opensearchserverless

import (
	"cdcpipeline/rehearsal/standins/account"
	"cdcpipeline/rehearsal/standins/front"
	"cdcpipeline/rehearsal/standins/signature"
	"cdcpipeline/rehearsal/stores"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Options of all collections; the zero value is a rehearsal's.
type Options struct {
	// Delay says when data access policies come into force; nil is at once.
	Delay Delay
	// Refresh is how long a document is not found after it was written. AWS says 10 to 30 seconds, by the size of requests
	// (https://docs.aws.amazon.com/opensearch-service/latest/developerguide/serverless-overview.html#serverless-limitations);
	// it is 2 seconds here when nothing is said.
	Refresh time.Duration
	// Heap of each node, as the JVM takes it; 512m when nothing is said: a second node runs beside a domain's.
	Heap string
	// User is whose key is no role's; without one only roles are known.
	User User
	// Probe keeps the first data access policy of a delivery back until its collection is there, and asks that beforehand what the
	// delivery may do ([Collections.Probe]).
	Probe bool
}

// User is an IAM user who calls collections.
type User struct {
	// Key is both the id and the secret of the key; Arn is what policies name.
	Key, Arn string
	// Allow judges an action on a resource by the user's IAM policies.
	Allow func(action, resource string) error
}

const (
	defaultRefresh = 2 * time.Second
	defaultHeap    = "512m"
)

// Collections of one rehearsal. Its methods may be called from several goroutines.
type Collections struct {
	ctx       context.Context //nolint:containedctx // their life
	authority *stores.Authority
	start     func(ctx context.Context) (front.Node, error)
	refresh   time.Duration
	keys      *signature.Keys
	policies  *policies
	roles     *roles
	used      *used
	log       *slog.Logger
	probes    bool
	had       atomic.Bool // a collection, ever

	undeletable atomic.Bool

	mu      sync.Mutex
	open    map[string]*Collection // by id
	probe   Probe                  // of the first delivery
	running sync.WaitGroup
}

// New has no collections yet. They end with ctx, or with Close.
func New(ctx context.Context, site *stores.Site, acc account.Account, log *slog.Logger, o Options) *Collections {
	if o.Heap == "" {
		o.Heap = defaultHeap
	}
	return newCollections(ctx, site.Authority, acc, log, o, func(ctx context.Context) (front.Node, error) {
		node, err := site.StartOpenSearch(ctx, stores.OpenSearchOptions{MasterUser: "collection", MasterPassword: rand.Text(), Heap: o.Heap})
		if err != nil {
			return nil, fmt.Errorf("starting OpenSearch: %w", err)
		}
		return node, nil
	})
}

func newCollections(ctx context.Context, authority *stores.Authority, acc account.Account, log *slog.Logger, o Options, start func(context.Context) (front.Node, error)) *Collections {
	if o.Delay == nil {
		o.Delay = atOnce{}
	}
	if o.Refresh <= 0 {
		o.Refresh = defaultRefresh
	}
	keys := signature.New()
	if o.User.Key != "" {
		keys.Add(o.User.Key, signature.Key{Role: o.User.Arn, Secret: o.User.Key})
	}
	return &Collections{
		ctx: ctx, authority: authority, start: start, refresh: o.Refresh, keys: keys, policies: newPolicies(o.Delay), roles: newRoles(acc.Config(), o.User),
		used: newUsed(), probes: o.Probe, log: log, open: map[string]*Collection{},
	}
}

// atOnce delays nothing.
type atOnce struct{}

func (atOnce) Note(string)      {}
func (atOnce) Seen(string) bool { return true }

// create starts a collection in the background: an endpoint on a port of its own at once, a node behind it when it is up.
func (c *Collections) create(id, name, kind, arn string) error {
	endpoint, err := front.Open(c.ctx, c.authority, "collection", name, c.log)
	if err != nil {
		return err //nolint:wrapcheck // names the collection
	}
	one := &Collection{Front: endpoint, ID: id, Name: name, Type: kind, arn: arn, all: c, pits: map[string]string{}}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.open[id] = one
	c.running.Go(one.run)
	return nil
}

// delete ends a collection, and everything in it is gone. It returns at once; Close waits for the end.
func (c *Collections) delete(id string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if one, ok := c.open[id]; ok {
		delete(c.open, id)
		one.Close()
	}
}

func (c *Collections) byID(id string) (*Collection, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	one, ok := c.open[id]
	return one, ok
}

// Collection is the one of that name, unless it was deleted.
func (c *Collections) Collection(name string) (*Collection, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, one := range c.open {
		if one.Name == name {
			return one, true
		}
	}
	return nil, false
}

// Names of the collections there are, sorted.
func (c *Collections) Names() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	names := []string{}
	for _, one := range c.open {
		names = append(names, one.Name)
	}
	slices.Sort(names)
	return names
}

// Err says which collections failed to start or ended by themselves.
func (c *Collections) Err() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	var problems []error
	for _, id := range sortedKeys(c.open) {
		problems = append(problems, c.open[id].Err())
	}
	return errors.Join(problems...)
}

// Close ends every collection and waits for it.
func (c *Collections) Close() {
	c.mu.Lock()
	ids := sortedKeys(c.open)
	c.mu.Unlock()
	for _, id := range ids {
		c.delete(id)
	}
	c.running.Wait()
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
