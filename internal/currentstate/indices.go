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

// indices makes the indices of a source's epochs and describes new columns to them.
type indices struct {
	source Source
	client *client
	kind   kind

	mu sync.Mutex
	// ready has the indices that are known to be there, and how many columns were described to them.
	ready map[string]int
	// names of indices that were asked for.
	names map[epochOf]string
}

// epochOf a table.
type epochOf struct {
	table table.Name
	epoch int
}

// name of an epoch's index.
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

// prepare makes the index of an epoch if it is not there, and gives it the columns it lacks. A field's type is for good:
// a column that changes its type keeps its field until the next epoch, values that do not fit are kept and not indexed.
// Of an epoch that is the only one of its table the alias is made with the index: there is none, or it was lost with the index, or with
// the domain.
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

// remove an index, if it is there.
func (x *indices) remove(ctx context.Context, index string) error {
	err := x.client.call(ctx, http.MethodDelete, "/"+url.PathEscape(index), nil, nil)
	if opensearch.Status(err) == http.StatusNotFound {
		return nil
	}
	return err
}

// describe adds the fields that an index lacks. What OpenSearch refuses is left to the rule for unknown columns.
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

// mapping of an index, as far as it is asked for.
type mapping struct {
	// Dynamic is what the index does with a field that it does not know: "true", "strict", or nothing where it was never said.
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

// without the fields that the index has.
func (m mapping) without(wanted object) object {
	for name := range m.Properties {
		delete(wanted, name)
	}
	return wanted
}

func compareNames(a, b table.Name) int {
	return cmp.Or(strings.Compare(a.Database, b.Database), strings.Compare(a.Table, b.Table))
}
