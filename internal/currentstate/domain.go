package currentstate

import (
	"cdcpipeline/internal/opensearch"
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// domainIndices has the operations on indices of a domain. The function writes each index under an alias that only
// this package makes (require_alias). So if somebody deletes an index, writes to it fail, and the function makes
// it again with its fields. Without the alias OpenSearch would make an index without these fields.
type domainIndices struct{ shards, replicas int }

func (domainIndices) target(index string) string { return written(index) }

// versionType returns external_gte: a repeated record is written again. A swept tombstone leaves a deleted
// document with a version that is one greater than its own. With external_gte a row with exactly that version can
// still come back. https://docs.opensearch.org/latest/api-reference/document-apis/index-document/
func (domainIndices) versionType() string { return "external_gte" }

// ofBulk reduces the answer to the members that this package reads.
func (domainIndices) ofBulk() string {
	return "&filter_path=items.*.status,items.*.error.type,items.*.error.reason,items.*.error.caused_by.reason"
}

func (d domainIndices) ofRows() string { return d.ofBulk() + "&require_alias=true" }

// make makes an index and its aliases in one step.
func (d domainIndices) make(ctx context.Context, c *client, e *entry, index, alias string) (complete bool, err error) {
	body := object{
		"mappings": mappings(e.Columns),
		"settings": object{"index": object{
			"number_of_shards": d.shards, "number_of_replicas": d.replicas,
			"mapping": object{"total_fields": object{"limit": fieldLimit}, "ignore_malformed": true},
		}},
	}
	aliases := object{written(index): object{}}
	if len(e.Epochs) == 1 {
		aliases[alias] = object{"filter": visible()}
	}
	body["aliases"] = aliases
	err = c.call(ctx, http.MethodPut, "/"+url.PathEscape(index), body, nil)
	switch {
	case err == nil:
		return true, nil
	case exists(err):
		return false, d.writable(ctx, c, index)
	}
	return false, fmt.Errorf("making the index %s: %w", index, err)
}

// exists reports whether an error means that the index exists already.
func exists(err error) bool {
	e := (*opensearch.Error)(nil)
	return errors.As(err, &e) && e.Status == http.StatusBadRequest && e.Type == "resource_already_exists_exception"
}

// writable adds the alias for writing to an existing index, because a restored index, for example, lacks it.
func (domainIndices) writable(ctx context.Context, c *client, index string) error {
	path := "/" + url.PathEscape(index) + "/_alias/" + url.PathEscape(written(index))
	if err := c.call(ctx, http.MethodPut, path, nil, nil); err != nil {
		return fmt.Errorf("making the index %s writable: %w", index, err)
	}
	return nil
}

func (domainIndices) lost(v *verdict) bool { return v.Status == http.StatusNotFound }

// check checks the alias for writing: it must lead to this index. OpenSearch answers a wrong alias with
// illegal_argument_exception, which it also returns for a document with too many fields.
func (domainIndices) check(ctx context.Context, c *client, index string) error {
	var behind map[string]struct {
		Aliases map[string]struct {
			IsWriteIndex *bool `json:"is_write_index"`
		} `json:"aliases"`
	}
	alias := written(index)
	// Without an index in the path the request asks for all indices of the domain, which the function's role may not read.
	path := "/" + url.PathEscape(alias) + "/_alias/" + url.PathEscape(alias)
	if err := c.call(ctx, http.MethodGet, path, nil, &behind); err != nil {
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

func (domainIndices) asked() string { return "seq_no_primary_term" }

// unchanged uses sequence numbers and no version, because a deletion with an external version makes a missing
// index.
func (domainIndices) unchanged(b []byte, t tombstone) []byte {
	return fmt.Appendf(b, `"if_seq_no":%d,"if_primary_term":%d`, t.SeqNo, t.PrimaryTerm)
}

func (domainIndices) formerRegistry() bool { return true }
