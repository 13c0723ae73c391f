package opensearchserverless

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
)

// Delay decides when a policy takes effect; [propagation.Delay] implements it. AWS says that it takes about a minute,
// https://docs.aws.amazon.com/opensearch-service/latest/developerguide/serverless-data-access.html#serverless-data-access-console.
type Delay interface {
	// Note records a change, and Seen reports whether the change is old enough.
	Note(what string)
	Seen(what string) bool
}

// grant is one entry of a data access policy.
type grant struct {
	Rules     []rule
	Principal []string
}

type rule struct {
	ResourceType         string
	Resource, Permission []string
}

// access is one entry of a network policy.
type access struct {
	Rules           []rule
	AllowFromPublic bool
	SourceVPCEs     []string
}

// policies are the control plane's policies, as far as they affect requests.
type policies struct {
	delay Delay

	mu        sync.Mutex
	data      map[string]*version
	network   map[string][]access
	endpoints map[string]bool // VPC endpoints
	retention map[string]bool // names of all lifecycle policies ever made
}

// version is a data access policy, with its former content until the last change takes effect.
type version struct{ now, before []grant }

func newPolicies(delay Delay) *policies {
	return &policies{delay: delay, data: map[string]*version{}, network: map[string][]access{}, endpoints: map[string]bool{}, retention: map[string]bool{}}
}

func delayed(name string) string { return "aoss:data/" + name }

// put changes a data access policy; without a document it is deleted.
func (p *policies) put(name string, document json.RawMessage) error {
	var now []grant
	if len(document) > 0 {
		if err := json.Unmarshal(document, &now); err != nil {
			return fmt.Errorf("reading the data access policy %s: %w", name, err)
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	before := p.inForce(name)
	p.data[name] = &version{now: now, before: before}
	p.delay.Note(delayed(name))
	return nil
}

// inForce are the effective entries of a data access policy.
func (p *policies) inForce(name string) []grant {
	kept := p.data[name]
	switch {
	case kept == nil:
		return nil
	case p.delay.Seen(delayed(name)):
		return kept.now
	default:
		return kept.before
	}
}

func (p *policies) putNetwork(name string, document json.RawMessage) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(document) == 0 {
		delete(p.network, name)
		return nil
	}
	var entries []access
	if err := json.Unmarshal(document, &entries); err != nil {
		return fmt.Errorf("reading the network policy %s: %w", name, err)
	}
	p.network[name] = entries
	return nil
}

func (p *policies) putEndpoint(id string, there bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.endpoints[id] = there
}

func (p *policies) putRetention(name string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.retention[name] = true
}

func (p *policies) retentions() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.retention)
}

// admits reports whether a network policy allows requests to a collection: from everywhere, or through an existing
// VPC endpoint. It is not known here whether a caller uses that endpoint. Policies are additive,
// https://docs.aws.amazon.com/opensearch-service/latest/developerguide/serverless-network.html#serverless-network-precedence.
func (p *policies) admits(collection string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, entries := range p.network {
		for _, entry := range entries {
			mine := slices.ContainsFunc(entry.Rules, func(r rule) bool {
				return r.ResourceType == "collection" && slices.ContainsFunc(r.Resource, func(one string) bool { return covers(one, "collection/"+collection) })
			})
			if mine && (entry.AllowFromPublic || slices.ContainsFunc(entry.SourceVPCEs, func(id string) bool { return p.endpoints[id] })) {
				return true
			}
		}
	}
	return false
}

// indexName matches index names that a policy can contain, according to the API's model of lifecycle policies:
// https://docs.aws.amazon.com/opensearch-service/latest/ServerlessAPIReference/API_LifecyclePolicyResourceIdentifier.html.
var indexName = regexp.MustCompile(`^(\*|[a-z;0-9&$%][+.~=\-_a-z;0-9&$%]*\*?)$`)

// allows reports whether a data access policy gives a role a permission. The permission applies to the collection,
// or to everything that an index or index pattern matches. Permissions are additive, and nothing denies:
// https://docs.aws.amazon.com/opensearch-service/latest/developerguide/serverless-data-access.html#serverless-data-access-syntax.
func (p *policies) allows(role, permission, collection, index string) bool {
	if !ofCollection(permission) && !indexName.MatchString(index) {
		return false
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for name := range p.data {
		for _, entry := range p.inForce(name) {
			if slices.Contains(entry.Principal, role) && slices.ContainsFunc(entry.Rules, func(r rule) bool { return r.allows(permission, collection, index) }) {
				return true
			}
		}
	}
	return false
}

func (r rule) allows(permission, collection, index string) bool {
	if !slices.Contains(r.Permission, permission) && !slices.Contains(r.Permission, "aoss:*") {
		return false
	}
	return slices.ContainsFunc(r.Resource, func(resource string) bool {
		kind, rest, _ := strings.Cut(resource, "/")
		if kind != r.ResourceType {
			return false
		}
		if ofCollection(permission) {
			return kind == "collection" && covers(rest, collection)
		}
		of, name, _ := strings.Cut(rest, "/")
		return kind == "index" && covers(of, collection) && covers(name, index)
	})
}

// covers reports whether a pattern matches everything that a name or another pattern matches. A pattern is a name,
// or a prefix with a star.
func covers(pattern, name string) bool {
	prefix, open := strings.CutSuffix(pattern, "*")
	if !open {
		return pattern == name
	}
	literal, _, _ := strings.Cut(name, "*")
	return strings.HasPrefix(literal, prefix)
}
