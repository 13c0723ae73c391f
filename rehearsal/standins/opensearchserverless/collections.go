// Package opensearchserverless gives every OpenSearch Serverless collection of the rehearsal's control plane a node and an
// endpoint.
//
// The endpoint does what AWS does in front of a collection. It checks the network policy, the signature, the caller's
// IAM policies and the data access policies. It accepts only the calls that AWS documents (see [Operations]), and
// refuses what this type of collection does not support. A real OpenSearch gives all other answers.
//
// Each collection has its own node, like a domain. With a shared node, every index name in paths, bodies, patterns,
// aliases, templates and answers would need a prefix.
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
	// Delay delays data access policies; nil means none.
	Delay Delay
	// Refresh is how long a new document is not searchable. AWS says 10 to 30 seconds, depending on the size of
	// requests
	// (https://docs.aws.amazon.com/opensearch-service/latest/developerguide/serverless-overview.html#serverless-limitations);
	// the default here is 2 seconds.
	Refresh time.Duration
	// Heap is the heap size of each node in the JVM's format. Default: 512m, because a second node runs beside a
	// domain's.
	Heap string
	// User has a key that belongs to no role; without one only roles are known.
	User User
	// Probe delays the first data access policy of a delivery until its collection exists, and first tests what the
	// delivery may do ([Collections.Probe]).
	Probe bool
}

// User is an IAM user who calls collections.
type User struct {
	// Key is both the id and the secret of the key; Arn is the name in policies.
	Key, Arn string
	// Allow checks an action on a resource against the user's IAM policies.
	Allow func(action, resource string) error
}

const (
	defaultRefresh = 2 * time.Second
	defaultHeap    = "512m"
)

// Collections are the collections of one rehearsal. The methods are safe for concurrent use.
type Collections struct {
	ctx       context.Context //nolint:containedctx // the collections' lifetime
	authority *stores.Authority
	start     func(ctx context.Context) (front.Node, error)
	refresh   time.Duration
	keys      *signature.Keys
	policies  *policies
	roles     *roles
	used      *used
	log       *slog.Logger
	probes    bool
	had       atomic.Bool // number of collections ever made

	undeletable atomic.Bool

	mu      sync.Mutex
	open    map[string]*Collection // by id
	probe   Probe                  // the first delivery's probe
	running sync.WaitGroup
}

// New returns an empty set of collections. All collections end with ctx or with Close.
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

// create starts a collection in the background: its endpoint exists at once, on its own port, and the node follows.
func (c *Collections) create(id, name, kind, arn string) error {
	endpoint, err := front.Open(c.ctx, c.authority, "collection", name, c.log)
	if err != nil {
		return err //nolint:wrapcheck // the error names the collection
	}
	one := &Collection{Front: endpoint, ID: id, Name: name, Type: kind, arn: arn, all: c, pits: map[string]string{}}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.open[id] = one
	c.running.Go(one.run)
	return nil
}

// delete ends a collection and deletes its content. It returns at once; Close waits for the end.
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

// Collection returns the one with that name, unless it was deleted.
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

// Names returns the existing collections' names, sorted.
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

// Err names the collections that failed to start or ended by themselves.
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
