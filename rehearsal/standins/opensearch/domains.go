// Package opensearch gives every OpenSearch domain of the rehearsal's control plane a node and an endpoint.
//
// Creating a domain starts a fresh OpenSearch node with fine-grained access control. Its endpoint, on loopback, does
// what the Amazon service does in front of a node: it turns a request's signature into a user the node's security
// plugin knows, named and backed by the caller's role, so that every refusal and every permission after that is the
// plugin's own. What the node lacks (index state management, Dashboards) is kept or prepared here, and not run.
package opensearch

import (
	"cdcpipeline/rehearsal/standins/front"
	"cdcpipeline/rehearsal/standins/signature"
	"cdcpipeline/rehearsal/stores"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
)

// AdminClient calls a domain's node as its administrator, past every permission: for verifying, not for the pipeline.
type AdminClient = stores.Client

// Hit is one document the [AdminClient] found.
type Hit = stores.Hit

// Node is the server behind a domain.
type Node = front.Node

// Domains of one rehearsal. Its methods may be called from several goroutines.
type Domains struct {
	ctx       context.Context
	authority *stores.Authority
	start     func(ctx context.Context, master MasterUser) (Node, error)
	keys      *signature.Keys
	log       *slog.Logger

	mu          sync.Mutex
	open        map[string]*Domain
	all         []*Domain // deleted ones too, in the order of their creation
	undeletable atomic.Bool
	running     sync.WaitGroup
}

// New has no domains yet. They end with ctx, or with Close.
func New(ctx context.Context, site *stores.Site, log *slog.Logger) *Domains {
	return newDomains(ctx, site.Authority, log, func(ctx context.Context, master MasterUser) (Node, error) {
		node, err := site.StartOpenSearch(ctx, stores.OpenSearchOptions{MasterUser: master.Name, MasterPassword: master.Password})
		if err != nil {
			return nil, fmt.Errorf("starting OpenSearch: %w", err)
		}
		return node, nil
	})
}

func newDomains(ctx context.Context, authority *stores.Authority, log *slog.Logger, start func(context.Context, MasterUser) (Node, error)) *Domains {
	return &Domains{ctx: ctx, authority: authority, start: start, keys: signature.New(), log: log, open: map[string]*Domain{}}
}

// MasterUser of a domain's internal user database.
type MasterUser struct {
	Name     string `json:"MasterUserName"`
	Password string `json:"MasterUserPassword"`
}

// Create starts a domain in the background: an endpoint on a port of its own at once, a node behind it when it is up.
func (d *Domains) Create(name string, inVPC bool, master MasterUser) (*Domain, error) {
	if master.Name == "" || master.Password == "" {
		return nil, fmt.Errorf("domain %s has no internal master user: only fine-grained access control with one is rehearsed", name)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if _, exists := d.open[name]; exists {
		return nil, fmt.Errorf("domain %s exists", name)
	}
	domain, err := newDomain(d, name, inVPC)
	if err != nil {
		return nil, err
	}
	d.open[name] = domain
	d.all = append(d.all, domain)
	d.running.Go(func() { domain.run(master) })
	return domain, nil
}

// Delete ends a domain, and everything in it is gone. It returns at once; Close waits for the end.
func (d *Domains) Delete(name string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if domain, ok := d.open[name]; ok {
		delete(d.open, name)
		domain.Close()
	}
}

// Domain is the domain of that name, unless it was deleted.
func (d *Domains) Domain(name string) (*Domain, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	domain, ok := d.open[name]
	return domain, ok
}

// Names of the domains there are, sorted.
func (d *Domains) Names() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Sorted(maps.Keys(d.open))
}

// Probe is what a delivery role was told before and after its role mapping, in the first domain that got one.
func (d *Domains) Probe() Probe {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, domain := range d.all {
		if result := domain.prober.result(); result.Role != "" {
			return result
		}
	}
	return Probe{}
}

// NotRun says what was asked of the domains so far and kept or prepared, but not run, for the report.
func (d *Domains) NotRun() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	policies := 0
	for _, domain := range d.all {
		policies += domain.policies.written()
	}
	notRun := []string{
		"OpenSearch domain: access policy and es:* permissions of callers (signatures and fine-grained access control are)",
		"OpenSearch Dashboards (its index is prepared as a new domain has it)",
	}
	if policies > 0 {
		notRun = append(notRun, fmt.Sprintf("index state management (policies kept and returned: %d; the plugin is not published for download)", policies))
	}
	return notRun
}

// Err says which domains failed to start or ended by themselves.
func (d *Domains) Err() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	var problems []error
	for _, name := range slices.Sorted(maps.Keys(d.open)) {
		problems = append(problems, d.open[name].Err())
	}
	return errors.Join(problems...)
}

// Close ends every domain and waits for it.
func (d *Domains) Close() {
	for _, name := range d.Names() {
		d.Delete(name)
	}
	d.running.Wait()
}
