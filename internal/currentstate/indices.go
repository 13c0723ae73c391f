package currentstate

import (
	"cdcpipeline/internal/opensearch"
	"cdcpipeline/internal/table"
	"cmp"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
)

// indices makes the indices of a source's epochs and adds new columns to them.
type indices struct {
	source Source
	client *client
	kind   kind

	mu sync.Mutex
	// ready has the indices that are known to exist, with their number of columns.
	ready map[string]int
	// names caches the names of indices.
	names map[epochOf]string
}

// epochOf identifies an epoch of a table.
type epochOf struct {
	table table.Name
	epoch int
}

// name returns the name of an epoch's index.
func (x *indices) name(n table.Name, epoch int) string {
	x.mu.Lock()
	defer x.mu.Unlock()
	name, known := x.names[epochOf{n, epoch}]
	if !known {
		name = x.source.Index(n, epoch)
		x.names[epochOf{n, epoch}] = name
	}
	return name
}

func newIndices(s Source, c *client, k kind) *indices {
	return &indices{source: s, client: c, kind: k, ready: map[string]int{}, names: map[epochOf]string{}}
}

// prepare makes the index of an epoch if it is missing, and adds missing columns. A field's type never changes. So
// if a column changes its type, its field stays the same until the next epoch, and values that do not fit are kept
// but not indexed. If a table has only one epoch, prepare makes the alias together with the index, because either
// it never existed, or it was lost with the index or the domain.
func (x *indices) prepare(ctx context.Context, e *entry, epoch int) error {
	index := x.name(e.name(), epoch)
	x.mu.Lock()
	known, ok := x.ready[index]
	x.mu.Unlock()
	if ok && known >= len(e.Columns) {
		return nil
	}
	if !ok {
		complete, err := x.kind.make(ctx, x.client, e, index, x.source.Alias(e.name()))
		if err != nil {
			return err
		}
		ok = complete
	}
	if !ok || known < len(e.Columns) {
		if err := x.describe(ctx, index, e.Columns); err != nil {
			return err
		}
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	x.ready[index] = len(e.Columns)
	return nil
}

func (x *indices) forget(index string) {
	x.mu.Lock()
	defer x.mu.Unlock()
	delete(x.ready, index)
}

// remove deletes an index if it exists.
func (x *indices) remove(ctx context.Context, index string) error {
	err := x.client.call(ctx, http.MethodDelete, "/"+url.PathEscape(index), nil, nil)
	if opensearch.Status(err) == http.StatusNotFound {
		return nil
	}
	return err
}

// describe adds the fields that an index lacks. If OpenSearch refuses a field, the rule for unknown columns
// applies to it.
func (x *indices) describe(ctx context.Context, index string, columns map[string]fieldType) error {
	is, err := readMapping(ctx, x.client, index)
	if err != nil {
		return err
	}
	lacking := is.without(properties(columns))
	if len(lacking) == 0 {
		return nil
	}
	err = x.client.call(ctx, http.MethodPut, "/"+url.PathEscape(index)+"/_mapping", object{"properties": lacking}, nil)
	if err != nil && !unacceptable(err) {
		return fmt.Errorf("describing columns to %s: %w", index, err)
	}
	return nil
}

// mapping is the part of an index's mapping that this package reads.
type mapping struct {
	// Dynamic is how the index treats an unknown field: "true", "strict", or empty if it was never set.
	Dynamic    string         `json:"dynamic"`
	Properties map[string]any `json:"properties"`
}

func readMapping(ctx context.Context, c *client, index string) (mapping, error) {
	var of map[string]struct {
		Mappings mapping `json:"mappings"`
	}
	if err := c.call(ctx, http.MethodGet, "/"+url.PathEscape(index)+"/_mapping", nil, &of); err != nil {
		return mapping{}, fmt.Errorf("reading the fields of %s: %w", index, err)
	}
	return of[index].Mappings, nil
}

// without removes the fields that the index already has.
func (m mapping) without(wanted object) object {
	for name := range m.Properties {
		delete(wanted, name)
	}
	return wanted
}

func compareNames(a, b table.Name) int {
	return cmp.Or(strings.Compare(a.Database, b.Database), strings.Compare(a.Table, b.Table))
}
