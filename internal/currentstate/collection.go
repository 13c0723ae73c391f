package currentstate

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
)

// collectionIndices are those of a collection. There is no require_alias there, so OpenSearch itself makes an index that somebody has
// deleted, with the next document. The template keeps such an index closed ([Closed]): it refuses the document, and the function, which
// learns so that the index is not its own, opens it ([collectionIndices.make]).
//
// How many shards an index has, and when a document is found, are the service's. How many fields an index takes, and that a value
// which does not fit its field is kept, are in the template alone: OpenSearch makes indices by it too.
type collectionIndices struct{}

// Closed are the mappings that the template of a collection's indices current-* needs to have: no index takes a document
// (strict_dynamic_mapping_exception) before the function has given it its fields.
func Closed() map[string]any { return object{"dynamic": "strict"} }

func (collectionIndices) target(index string) string { return index }

// versionType: a collection has external_gte not. So what comes again is a conflict with itself, and counts as overtaken, while with
// external_gte it is written again. Nothing is lost by it, because two documents of a row in an index that have one version have one
// content: a change's version is its place in the binlog, so that it is the same record, and an epoch keeps the columns of its key; a load's
// version is the microsecond it was made in, in which no second load makes the row. That a table which is loaded again goes into the same
// epoch changes nothing: its load is later.
//
// There is one row that external would lose. A swept tombstone leaves a deleted document one version above its own, for a minute. In
// this minute a record of that very version is refused: the change of the same row that comes next after its deletion, in the same
// transaction. But it was in the stream with the deletion, and the stream and the parked records are over before a tombstone is swept
// ([Function.Sweep]). What is older than the deletion is refused in that minute, and taken later, as with external_gte.
func (collectionIndices) versionType() string { return "external" }

// ofBulk: nothing but the time-out, which is said to be all that collections take of a bulk request's parameters; with another one it
// would be refused as a whole. https://github.com/opensearch-project/opensearch-spark/issues/634
func (collectionIndices) ofBulk() string { return "" }
func (collectionIndices) ofRows() string { return "" }

// make an index in steps, of which the last one opens it: until then it takes no document, and whoever comes to it goes on. So it is
// the same whether this function makes the index, another one has begun to, or OpenSearch has made it. An index that is there is never
// deleted: another function may have opened and filled it since.
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

// lost is also an index that OpenSearch has made: no document of a row is refused by one that is open for being strict.
func (collectionIndices) lost(v *verdict) bool {
	return v.Status == http.StatusNotFound || v.kind() == "strict_dynamic_mapping_exception"
}

// check nothing: an index is written by its own name.
func (collectionIndices) check(context.Context, *client, string) error { return nil }

func (collectionIndices) asked() string { return "version" }

// unchanged: a deletion of the version above a tombstone's is refused where there is a later document of the row. By sequence numbers
// it cannot be told for certain: collections have been seen to answer writes with _seq_no and _primary_term 0, and OpenSearch takes no
// condition with the term 0.
func (collectionIndices) unchanged(b []byte, t tombstone) []byte {
	return fmt.Appendf(b, `"version":%d,"version_type":"external"`, t.Version+1)
}

func (collectionIndices) formerRegistry() bool { return false }
