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

// domainIndices are those of a domain. Each is written under an alias that only this package makes (require_alias): one that somebody has
// deleted is missed, and made again with its fields, where OpenSearch would make one that knows nothing of them.
type domainIndices struct{ shards, replicas int }

func (domainIndices) target(index string) string { return written(index) }

// versionType: with external_gte what comes again is written again, and a row whose tombstone was just swept, which leaves a
// deleted document one version above the tombstone's, can come back with the very next version.
// https://docs.opensearch.org/latest/api-reference/document-apis/index-document/
func (domainIndices) versionType() string { return "external_gte" }

// ofBulk: no more of an answer than is read.
func (domainIndices) ofBulk() string {
	return "&filter_path=items.*.status,items.*.error.type,items.*.error.reason,items.*.error.caused_by.reason"
}

func (d domainIndices) ofRows() string { return d.ofBulk() + "&require_alias=true" }

// make an index with its aliases in one step.
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

// exists is the answer to who makes an index that is there.
func exists(err error) bool {
	e := (*opensearch.Error)(nil)
	return errors.As(err, &e) && e.Status == http.StatusBadRequest && e.Type == "resource_already_exists_exception"
}

// writable gives an index that is there the alias under which it is written: one that was restored, say, lacks it.
func (domainIndices) writable(ctx context.Context, c *client, index string) error {
	path := "/" + url.PathEscape(index) + "/_alias/" + url.PathEscape(written(index))
	if err := c.call(ctx, http.MethodPut, path, nil, nil); err != nil {
		return fmt.Errorf("making the index %s writable: %w", index, err)
	}
	return nil
}

func (domainIndices) lost(v *verdict) bool { return v.Status == http.StatusNotFound }

// check the alias under which an index is written: it has to lead to this index alone, or to this one among others. OpenSearch calls
// the other cases an illegal argument, as it does a document with too many fields.
func (domainIndices) check(ctx context.Context, c *client, index string) error {
	var behind map[string]struct {
		Aliases map[string]struct {
			IsWriteIndex *bool `json:"is_write_index"`
		} `json:"aliases"`
	}
	alias := written(index)
	if err := c.call(ctx, http.MethodGet, "/_alias/"+url.PathEscape(alias), nil, &behind); err != nil {
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

// unchanged: no version, because a deletion with an external one makes an index that is not there.
func (domainIndices) unchanged(b []byte, t tombstone) []byte {
	return fmt.Appendf(b, `"if_seq_no":%d,"if_primary_term":%d`, t.SeqNo, t.PrimaryTerm)
}

func (domainIndices) formerRegistry() bool { return true }
