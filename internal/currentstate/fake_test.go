package currentstate

import (
	"cdcpipeline/internal/opensearch/opensearchtest"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// domain is a fake of OpenSearch. It has external versions, and forgets versions of deleted documents after a
// minute.
type domain struct {
	mu      sync.Mutex
	now     func() time.Time
	indices map[string]*index
	aliases map[string]map[string]bool // alias, index, whether it is filtered
	seqNo   int64
	// fault decides before each request and each document whether it fails. Nil means no faults.
	fault func(what string) int
	// refuse returns the error type and reason with which a document is refused.
	refuse func(source map[string]any) string
	// plain means that it expects requests without compression.
	plain bool
	// out has the indices that accept no document, by name.
	out   map[string]outOfOrder
	bulks []int // number of documents in each bulk request
	sizes []int // bytes of each bulk request
	made  []string
	calls []string
	// former is nil if no former release has run.
	former *former
	// collection is true if the fake is a collection and not a domain.
	collection bool
}

// outOfOrder is the answer to each document of a broken index.
type outOfOrder struct {
	status int
	kind   string
}

type index struct {
	docs   map[string]*doc
	fields map[string]any
	// dynamic is "strict" if the index accepts no unknown field.
	dynamic string
}

type doc struct {
	version int64
	seqNo   int64
	source  json.RawMessage
	deleted time.Time
	// was is the version before the deletion, which a search still finds.
	was int64
}

const (
	faultNone = iota
	faultBusy
	faultBroken
	faultLost   // the request succeeds, but its answer is lost
	faultUnsent // the request is not executed, and there is no answer
)

func newDomain(now func() time.Time) *domain {
	return &domain{now: now, indices: map[string]*index{}, aliases: map[string]map[string]bool{}}
}

func (d *domain) ask(what string) int {
	if d.fault == nil {
		return faultNone
	}
	return d.fault(what)
}

// RoundTrip answers like a domain.
func (d *domain) RoundTrip(r *http.Request) (*http.Response, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return opensearchtest.Domain(d.answer).RoundTrip(r)
}

func (d *domain) answer(r opensearchtest.Request) (int, any) {
	d.calls = append(d.calls, r.Method+" "+r.URL.Path)
	switch d.ask("request") {
	case faultBusy:
		return 429, object{"error": "busy"}
	case faultBroken:
		return 503, object{"error": "broken"}
	case faultUnsent:
		return 0, errors.New("connection refused")
	case faultLost:
		d.serve(r)
		return 0, errors.New("connection reset")
	}
	return d.serve(r)
}

func (d *domain) serve(r opensearchtest.Request) (int, any) {
	path, last, content := r.Parts, r.Last(), r.Content
	switch {
	case len(content) > 0 && r.Compressed == d.plain:
		return 0, fmt.Errorf("a body is compressed: %t", r.Compressed)
	case d.collection && !collectionsTake(r):
		return 400, object{"error": object{"type": "not_of_collections", "reason": r.Method + " " + r.URL.String()}}
	case path[0] == "_bulk":
		return d.bulk(r)
	case path[0] == "_aliases":
		return d.switchAliases(content)
	case path[0] == "_alias":
		return d.readAlias(path[1])
	case r.Method == http.MethodGet && len(path) == 3 && path[1] == "_alias" && path[0] == path[2]:
		return d.readAlias(path[2])
	case path[0] == FormerRegistry:
		return d.registry(r)
	case last == "_count":
		return d.count(path[0], content)
	case last == "_search":
		return d.sweepSearch(path[0], content)
	case last == "_mapping":
		return d.mapping(r.Method, path[0], content)
	case r.Method == http.MethodPut && len(path) == 3 && path[1] == "_alias":
		d.alias(path[2])[path[0]] = false
		return 200, object{}
	case r.Method == http.MethodPut:
		return d.makeIndex(path[0], content)
	case r.Method == http.MethodDelete:
		d.removeIndex(path[0])
		return 200, object{}
	}
	return 400, object{"error": "no such call"}
}

func (d *domain) makeIndex(name string, content []byte) (int, any) {
	if d.indices[name] != nil {
		return 400, object{"error": object{"type": "resource_already_exists_exception"}}
	}
	var body struct {
		Aliases  map[string]map[string]any `json:"aliases"`
		Mappings struct {
			Dynamic    string         `json:"dynamic"`
			Properties map[string]any `json:"properties"`
		} `json:"mappings"`
	}
	if json.Unmarshal(content, &body) != nil {
		return 400, object{"error": "parsing"}
	}
	d.indices[name] = &index{docs: map[string]*doc{}, fields: body.Mappings.Properties, dynamic: body.Mappings.Dynamic}
	d.made = append(d.made, name)
	for alias, settings := range body.Aliases {
		d.alias(alias)[name] = settings["filter"] != nil
	}
	return 200, object{}
}

func (d *domain) alias(name string) map[string]bool {
	if d.aliases[name] == nil {
		d.aliases[name] = map[string]bool{}
	}
	return d.aliases[name]
}

func (d *domain) mapping(method, name string, content []byte) (int, any) {
	x := d.indices[name]
	if x == nil {
		return 404, object{"error": "index_not_found_exception"}
	}
	if method == http.MethodGet {
		return 200, object{name: object{"mappings": object{"properties": x.fields, "dynamic": x.dynamic}}}
	}
	var body struct {
		Dynamic    *bool          `json:"dynamic"`
		Properties map[string]any `json:"properties"`
	}
	if json.Unmarshal(content, &body) != nil {
		return 400, nil
	}
	if body.Dynamic != nil {
		x.dynamic = fmt.Sprint(*body.Dynamic)
	}
	for field, m := range body.Properties {
		if x.fields == nil {
			x.fields = map[string]any{}
		}
		if had, ok := x.fields[field]; ok && fmt.Sprint(had) != fmt.Sprint(m) {
			return 400, object{"error": "cannot be changed"}
		}
		x.fields[field] = m
	}
	return 200, object{}
}

// former is the registry of a former release. Its documents are searchable after a refresh.
type former struct {
	docs, unseen map[string]json.RawMessage
	blocked      bool
}

// formerly gives the domain the registry of a former release, with these entries by document id.
func (d *domain) formerly(entries map[string]string) {
	d.former = &former{docs: map[string]json.RawMessage{}, unseen: map[string]json.RawMessage{}}
	for id, source := range entries {
		d.former.unseen[id] = json.RawMessage(source)
	}
}

// registry answers requests to the alias of a former release's registry.
func (d *domain) registry(r opensearchtest.Request) (int, any) {
	switch path := strings.Join(r.Parts[1:], "/"); {
	case d.former == nil:
		return 404, object{"error": object{"type": "index_not_found_exception"}}
	case path == "_block/write":
		before := d.former.blocked
		d.former.blocked = true
		return 200, object{"acknowledged": true, "shards_acknowledged": !before}
	case path == "_mapping":
	case path == "_refresh":
		maps.Copy(d.former.docs, d.former.unseen)
	case path == "_search":
		hits := []object{}
		for _, source := range d.former.docs {
			hits = append(hits, object{"_source": source})
		}
		return 200, object{"hits": object{"hits": hits}}
	case d.former.blocked:
		return 403, object{"error": object{"type": "cluster_block_exception"}}
	default: // a request for a document
		d.former.unseen[r.Last()] = r.Content
	}
	return 200, object{}
}

// count counts the documents that are rows.
func (d *domain) count(name string, content []byte) (int, any) {
	if !strings.Contains(string(content), `"must_not":[{"term":{"_cdc.deleted":true}}]`) {
		return 400, object{"error": "query"}
	}
	n := 0
	if x := d.indices[name]; x != nil {
		for _, had := range x.docs {
			if had.deleted.IsZero() && !isTombstone(had.source) {
				n++
			}
		}
	}
	return 200, object{"count": n}
}

func (d *domain) readAlias(name string) (int, any) {
	if len(d.aliases[name]) == 0 {
		return 404, object{"error": "missing"}
	}
	out := object{}
	for index := range d.aliases[name] {
		out[index] = object{}
	}
	return 200, out
}

func (d *domain) switchAliases(content []byte) (int, any) {
	var body struct {
		Actions []map[string]struct {
			Index, Alias string
			Filter       any
		}
	}
	if json.Unmarshal(content, &body) != nil {
		return 400, nil
	}
	for _, a := range body.Actions {
		if add, ok := a["add"]; ok {
			d.alias(add.Alias)[add.Index] = add.Filter != nil
		}
		if remove, ok := a["remove"]; ok {
			delete(d.alias(remove.Alias), remove.Index)
		}
	}
	return 200, object{}
}

// shown returns the rows behind an alias by document id, without their origin.
func (d *domain) shown(t require.TestingT, alias string) map[string]map[string]any {
	rows := map[string]map[string]any{}
	require.LessOrEqual(t, len(d.aliases[alias]), 1)
	for name, filtered := range d.aliases[alias] {
		require.True(t, filtered)
		for id, had := range d.indices[name].docs {
			if !had.deleted.IsZero() || isTombstone(had.source) {
				continue
			}
			var s map[string]any
			require.NoError(t, json.Unmarshal(had.source, &s))
			delete(s, control)
			rows[id] = s
		}
	}
	return rows
}

func (d *domain) tombstones() int {
	n := 0
	for name, x := range d.indices {
		for _, had := range x.docs {
			if strings.HasPrefix(name, indexPrefix) && had.deleted.IsZero() && isTombstone(had.source) {
				n++
			}
		}
	}
	return n
}

// removeIndex removes an index, also from its aliases.
func (d *domain) removeIndex(name string) {
	delete(d.indices, name)
	for alias := range d.aliases {
		delete(d.aliases[alias], name)
	}
}

func (d *domain) names() []string { return slices.Sorted(maps.Keys(d.indices)) }

// lines returns the parked records.
func (r *rig) lines(t testing.TB) []Parked {
	objects := r.s3.Objects(r.f.settings.Bucket, r.f.settings.Prefix)
	var all []Parked
	for _, key := range slices.Sorted(maps.Keys(objects)) {
		for line := range strings.Lines(objects[key]) {
			var p Parked
			require.NoError(t, json.Unmarshal([]byte(line), &p))
			all = append(all, p)
		}
	}
	return all
}

// parked returns the objects of parked records.
func (r *rig) parked() map[string]string {
	return r.s3.Objects(r.f.settings.Bucket, r.f.settings.Prefix)
}
