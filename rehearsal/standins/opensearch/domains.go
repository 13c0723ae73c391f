// Package opensearch gives every OpenSearch domain of the rehearsal's control plane a node and an endpoint.
//
// Creating a domain starts a new OpenSearch node with fine-grained access control. Its endpoint on loopback does what
// the Amazon service does in front of a node: it converts a request's signature to a user of the node's security
// plugin, with the caller's role as name and backend role. So the plugin itself decides about every permission.
// Features that the node lacks (index state management, Dashboards) are stored or prepared here, but do not run.
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

// AdminClient calls a domain's node as its administrator, without permission checks. Only verification uses it, not
// the pipeline.
type AdminClient = stores.Client

// Hit is a document that [AdminClient] found.
type Hit = stores.Hit

// Node is the server behind a domain.
type Node = front.Node

// Domains are the domains of one rehearsal. The methods are safe for concurrent use.
type Domains struct {
	ctx       context.Context
	authority *stores.Authority
	start     func(ctx context.Context, master MasterUser) (Node, error)
	keys      *signature.Keys
	log       *slog.Logger

	mu          sync.Mutex
	open        map[string]*Domain
	all         []*Domain // including deleted ones, in the order of creation
	undeletable atomic.Bool
	running     sync.WaitGroup
}

// New returns an empty set of domains. All domains end with ctx or with Close.
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

// MasterUser is the master user in a domain's internal user database.
type MasterUser struct {
	Name     string `json:"MasterUserName"`
	Password string `json:"MasterUserPassword"`
}

// Create starts a domain in the background: its endpoint exists at once, on its own port, and its node starts later.
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

// Delete ends a domain and deletes its content. It returns at once; Close waits for the end.
func (d *Domains) Delete(name string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if domain, ok := d.open[name]; ok {
		delete(d.open, name)
		domain.Close()
	}
}

// Domain returns the domain with that name, unless it was deleted.
func (d *Domains) Domain(name string) (*Domain, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	domain, ok := d.open[name]
	return domain, ok
}

// Names returns the existing domains' names, sorted.
func (d *Domains) Names() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Sorted(maps.Keys(d.open))
}

// Probe returns the answers to a delivery role before and after its role mapping, in the first domain with such a role.
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

// NotRun lists requests that the domains stored or prepared but did not run, for the report.
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

// Err names the domains that failed to start or ended by themselves.
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
