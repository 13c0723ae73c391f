package opensearchserverless

import (
	"cdcpipeline/rehearsal/standins/front"
	"cdcpipeline/rehearsal/stores"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
)

// Collection is an endpoint on loopback and the node behind it. Its Admin skips permission checks, for verification.
type Collection struct {
	*front.Front
	// ID and Name are those of the control plane. Type is SEARCH, TIMESERIES or VECTORSEARCH.
	ID, Name, Type string

	arn string
	all *Collections

	mu   sync.Mutex
	pits map[string]string // the indices of each point in time, as named
}

// run runs the collection until it is deleted.
func (c *Collection) run() { c.Run(c.all.start, c.prepare, c) }

// prepare makes new indices show documents late from the start.
func (c *Collection) prepare(ctx context.Context, admin *stores.Client) error {
	settings := map[string]any{"persistent": map[string]any{"cluster.default.index.refresh_interval": c.interval()}}
	if err := admin.Do(ctx, http.MethodPut, "/_cluster/settings", settings, nil); err != nil {
		return fmt.Errorf("setting when documents are found: %w", err)
	}
	return nil
}

func (c *Collection) interval() string { return fmt.Sprintf("%dms", c.all.refresh.Milliseconds()) }

// settle sets the refresh interval on new indices directly. With the default alone, an index that was idle for a
// while would show its documents to the first search.
func (c *Collection) settle(ctx context.Context, node *stores.Client, names []string) error {
	if len(names) == 0 {
		return nil
	}
	escaped := make([]string, len(names))
	for i, name := range names {
		escaped[i] = url.PathEscape(name)
	}
	settings := map[string]any{"index.refresh_interval": c.interval(), "index.number_of_replicas": 0}
	if err := node.Do(ctx, http.MethodPut, "/"+strings.Join(escaped, ",")+"/_settings?ignore_unavailable=true", settings, nil); err != nil {
		return fmt.Errorf("setting when documents of %s are found: %w", strings.Join(names, ", "), err)
	}
	return nil
}

// asNode calls the node as a user with full access to the collection's indices and no access to the node's own.
func (c *Collection) asNode() (*stores.Client, error) {
	token, err := c.Node().Authorization("collection", stores.MasterBackendRole)
	if err != nil {
		return nil, fmt.Errorf("signing in to the node of %s: %w", c.What, err)
	}
	return c.WithAuthorization(token), nil
}

// layout is the collection's indices with their aliases.
type layout map[string]map[string]bool

// own matches every index except the node's own.
const own = "*,-.*"

func (c *Collection) layout(ctx context.Context, node *stores.Client) (layout, error) {
	var answer map[string]struct {
		Aliases map[string]any `json:"aliases"`
	}
	if err := node.Do(ctx, http.MethodGet, "/"+own+"/_alias", nil, &answer); err != nil {
		return nil, fmt.Errorf("reading the indices of %s: %w", c.What, err)
	}
	found := layout{}
	for index, of := range answer {
		found[index] = map[string]bool{}
		for alias := range of.Aliases {
			found[index][alias] = true
		}
	}
	return found, nil
}

// behind returns the indices for a name: the index itself, or those with that alias. It returns none for an
// unknown name.
func (l layout) behind(name string) []string {
	if _, ok := l[name]; ok {
		return []string{name}
	}
	var found []string
	for _, index := range sortedKeys(l) {
		if l[index][name] {
			found = append(found, index)
		}
	}
	return found
}
