package currentstate

import (
	"cdcpipeline/internal/opensearch"
	"cdcpipeline/internal/table"
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
)

// indices makes the indices of epochs and describes new columns to them.
type indices struct {
	client           *client
	shards, replicas int

	mu sync.Mutex
	// ready has the indices that are known to be there, and how many columns were described to them.
	ready map[string]int
}

// prepare makes the index of an epoch if it is not there, and gives it the columns it lacks. A field's type is for good:
// a column that changes its type keeps its field until the next epoch, values that do not fit are kept and not indexed.
// Of an epoch that is the only one of its table the alias is made with the index, in one step: there is none, or it was lost with the
// index, or with the domain.
func (x *indices) prepare(ctx context.Context, e *entry, epoch int) error {
	index := Index(e.name(), epoch)
	x.mu.Lock()
	known, ok := x.ready[index]
	x.mu.Unlock()
	if ok && known >= len(e.Columns) {
		return nil
	}
	if !ok {
		made, err := x.make(ctx, e, index)
		if err != nil {
			return err
		}
		ok = made
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

// make an index; made is false when it is there already.
func (x *indices) make(ctx context.Context, e *entry, index string) (made bool, err error) {
	body := object{
		"mappings": mappings(e.Columns),
		"settings": object{"index": object{
			"number_of_shards": x.shards, "number_of_replicas": x.replicas,
			"mapping": object{"total_fields": object{"limit": fieldLimit}, "ignore_malformed": true},
		}},
	}
	aliases := object{written(index): object{}}
	if len(e.Epochs) == 1 {
		aliases[Alias(e.name())] = object{"filter": visible()}
	}
	body["aliases"] = aliases
	err = x.client.call(ctx, http.MethodPut, "/"+url.PathEscape(index), body, nil)
	switch {
	case err == nil:
		return true, nil
	case exists(err):
		return false, x.writable(ctx, index)
	}
	return false, fmt.Errorf("making the index %s: %w", index, err)
}

// remove an index, if it is there.
func (x *indices) remove(ctx context.Context, index string) error {
	err := x.client.call(ctx, http.MethodDelete, "/"+url.PathEscape(index)+"?ignore_unavailable=true", nil, nil)
	if opensearch.Status(err) == http.StatusNotFound {
		return nil
	}
	return err
}

// exists is the answer to who makes an index that is there.
func exists(err error) bool {
	e := (*opensearch.Error)(nil)
	return errors.As(err, &e) && e.Status == http.StatusBadRequest && e.Type == "resource_already_exists_exception"
}

// writable gives an index that is there the alias under which it is written: one that was restored, say, lacks it.
func (x *indices) writable(ctx context.Context, index string) error {
	path := "/" + url.PathEscape(index) + "/_alias/" + url.PathEscape(written(index))
	if err := x.client.call(ctx, http.MethodPut, path, nil, nil); err != nil {
		return fmt.Errorf("making the index %s writable: %w", index, err)
	}
	return nil
}

// describe adds the fields that an index lacks. What OpenSearch refuses is left to the rule for unknown columns.
func (x *indices) describe(ctx context.Context, index string, columns map[string]fieldType) error {
	path := "/" + url.PathEscape(index) + "/_mapping"
	var has map[string]struct {
		Mappings struct {
			Properties map[string]any `json:"properties"`
		} `json:"mappings"`
	}
	if err := x.client.call(ctx, http.MethodGet, path, nil, &has); err != nil {
		return fmt.Errorf("reading the fields of %s: %w", index, err)
	}
	lacking := properties(columns)
	for name := range has[index].Mappings.Properties {
		delete(lacking, name)
	}
	if len(lacking) == 0 {
		return nil
	}
	err := x.client.call(ctx, http.MethodPut, path, object{"properties": lacking}, nil)
	if err != nil && !unacceptable(err) {
		return fmt.Errorf("describing columns to %s: %w", index, err)
	}
	return nil
}

// target says what is wrong with the alias under which an index is written: it has to lead to this index alone, or to this one
// among others. OpenSearch calls the other cases an illegal argument, as it does a document with too many fields.
func (x *indices) target(ctx context.Context, index string) error {
	var behind map[string]struct {
		Aliases map[string]struct {
			IsWriteIndex *bool `json:"is_write_index"`
		} `json:"aliases"`
	}
	alias := written(index)
	if err := x.client.call(ctx, http.MethodGet, "/_alias/"+url.PathEscape(alias), nil, &behind); err != nil {
		return fmt.Errorf("reading the alias %s: %w", alias, err)
	}
	only := len(behind) == 1
	for name, of := range behind {
		if write := of.Aliases[alias].IsWriteIndex; name == index && (write == nil && only || write != nil && *write) {
			return nil
		}
	}
	return fmt.Errorf("the alias %s leads to %s and has to lead to %s alone: remove it from every other index (POST /_aliases)",
		alias, strings.Join(slices.Sorted(maps.Keys(behind)), ", "), index)
}

func compareNames(a, b table.Name) int {
	return cmp.Or(strings.Compare(a.Database, b.Database), strings.Compare(a.Table, b.Table))
}
