package currentstate

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
)

// collectionIndices has the operations on indices of a collection. A collection has no require_alias. So if
// somebody deletes an index, OpenSearch makes it again when the next document comes. The index template keeps such
// an index closed ([Closed]): it refuses the document. From this refusal the function learns that it did not make
// the index, and opens it ([collectionIndices.make]).
//
// The service chooses the number of shards and the time of a refresh. The limit on fields, and the rule that an
// index keeps values which do not fit their field, are only in the template, because it also applies to indices
// that OpenSearch makes.
type collectionIndices struct{}

// Closed returns the mappings that the template for a collection's indices current-* must have. An index accepts
// no document (strict_dynamic_mapping_exception) until the function has added its fields.
func Closed() map[string]any { return object{"dynamic": "strict"} }

func (collectionIndices) target(index string) string { return index }

// versionType returns external, because collections do not support external_gte. A repeated record is then a
// conflict with itself and counts as overtaken; with external_gte it would be written again. No data is lost,
// because two documents of one row with equal versions have equal contents. For a change, the version is its
// position in the binlog, so an equal version means the same record, and within an epoch the key's columns do not
// change. For a load, the version is the microsecond in which DMS made it, and no second load makes the row in
// that microsecond. A table that is loaded again into the same epoch has later versions.
//
// In one case external could lose a row. A swept tombstone leaves a deleted document with a version that is one
// greater than its own, for a minute. In this minute OpenSearch refuses a record with exactly that version: the
// next change of the same row, in the same transaction as the deletion. But that record was in the stream together
// with the deletion, and a sweep removes only tombstones that are older than all records in the stream and all
// parked records ([Function.Sweep]). A record from before the deletion is refused in that minute and accepted
// later, as with external_gte.
func (collectionIndices) versionType() string { return "external" }

// ofBulk returns no parameter except the time-out. Collections are said to refuse a bulk request with any other
// parameter: https://github.com/opensearch-project/opensearch-spark/issues/634
func (collectionIndices) ofBulk() string { return "" }
func (collectionIndices) ofRows() string { return "" }

// make makes an index in steps, and the last step opens it. Until then the index accepts no document, so another
// invocation can continue. The steps are the same if this function makes the index, if another invocation has
// begun, or if OpenSearch has made it. make never deletes an existing index, because another invocation may have
// opened and filled it.
func (c collectionIndices) make(ctx context.Context, k *client, e *entry, index, alias string) (complete bool, err error) {
	err = k.call(ctx, http.MethodPut, "/"+url.PathEscape(index), object{"mappings": Closed()}, nil)
	if err != nil && !exists(err) {
		return false, fmt.Errorf("making the index %s: %w", index, err)
	}
	is, err := readMapping(ctx, k, index)
	if err != nil || is.Dynamic == "true" {
		return false, err
	}
	if len(e.Epochs) == 1 {
		show := object{"add": object{"index": index, "alias": alias, "filter": visible()}}
		if err := k.call(ctx, http.MethodPost, "/_aliases", object{"actions": []object{show}}, nil); err != nil {
			return false, fmt.Errorf("making the alias of %s: %w", index, err)
		}
	}
	opened := mappings(e.Columns)
	opened["dynamic"], opened["properties"] = true, is.without(opened["properties"].(object))
	if err := k.call(ctx, http.MethodPut, "/"+url.PathEscape(index)+"/_mapping", opened, nil); err != nil {
		return false, fmt.Errorf("opening the index %s: %w", index, err)
	}
	return true, nil
}

// lost reports whether the function must make the index again. That includes a closed index, which OpenSearch has
// made: an open index does not answer with this error.
func (collectionIndices) lost(v *verdict) bool {
	return v.Status == http.StatusNotFound || v.kind() == "strict_dynamic_mapping_exception"
}

// check does nothing, because the function writes to an index by its own name.
func (collectionIndices) check(context.Context, *client, string) error { return nil }

func (collectionIndices) asked() string { return "version" }

// unchanged adds a version that is one greater than the tombstone's. OpenSearch refuses the deletion if the row
// has a later document. Sequence numbers are not reliable here: collections sometimes answer writes with _seq_no
// and _primary_term 0, and OpenSearch accepts no condition with the term 0.
func (collectionIndices) unchanged(b []byte, t tombstone) []byte {
	return fmt.Appendf(b, `"version":%d,"version_type":"external"`, t.Version+1)
}

func (collectionIndices) formerRegistry() bool { return false }
