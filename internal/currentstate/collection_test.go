package currentstate

import (
	"cdcpipeline/internal/opensearch"
	"cdcpipeline/internal/opensearch/opensearchtest"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// collectionsTake reports whether a collection accepts a request, by AWS's table of operations. It refuses the
// parameters and settings that this package uses only for a domain.
func collectionsTake(r opensearchtest.Request) bool {
	query := r.URL.Query()
	if r.Parts[0] == "_bulk" {
		query.Del("timeout")
	}
	if query.Del("ignore_unavailable"); len(query) > 0 || strings.Contains(string(r.Content), "number_of_") {
		return false
	}
	calls := []string{"POST _bulk", "POST _aliases", "GET _alias"}
	if len(r.Parts) > 1 && !strings.HasPrefix(r.Parts[0], "_") {
		calls = []string{"POST _search", "POST _count", "GET _mapping", "PUT _mapping"}
	}
	for _, call := range calls {
		if method, name, _ := strings.Cut(call, " "); method == r.Method && (name == r.Parts[0] || name == r.Last()) {
			return true
		}
	}
	return len(r.Parts) == 1 && (r.Method == http.MethodPut || r.Method == http.MethodDelete)
}

// newCollection returns a rig with indices in a collection.
func newCollection(t *testing.T) *rig {
	t.Helper()
	r := newRig(t, func(s *Settings) { s.Service = opensearch.Serverless })
	r.domain.collection = true
	return r
}

func TestACollectionsIndexIsMadeOpenWithItsFieldsAndAlias(t *testing.T) {
	r := newCollection(t)
	require.Equal(t, -1, r.handle(t, row(1, 10, "")), r.log.String())
	x := r.domain.indices[unnamed.Index(orders, 1)]
	require.Equal(t, "true", x.dynamic)
	require.Contains(t, x.fields, control)
	require.Equal(t, "long", x.fields["id"].(map[string]any)["type"])
	require.Len(t, r.domain.shown(t, unnamed.Alias(orders)), 1)
	require.Equal(t, []string{unnamed.Alias(orders)}, r.domain.aliasNames(), "there is none to write under")

	r.domain.calls = nil
	r.f = newFunction(t, r.f.settings, r.domain, r.s3)
	require.Equal(t, -1, r.handle(t, row(2, 20, "")))
	require.NotContains(t, r.domain.calls, "POST /_aliases", "an index that is open is left as it is")
	require.NotContains(t, r.domain.calls, "PUT /"+unnamed.Index(orders, 1)+"/_mapping")
}

func (d *domain) aliasNames() []string {
	var names []string
	for name, behind := range d.aliases {
		if len(behind) > 0 {
			names = append(names, name)
		}
	}
	return names
}

func TestAnIndexThatTheCollectionMadeByItselfIsOpened(t *testing.T) {
	r := newCollection(t)
	described := created("orders", `"region":{"type":"STRING"},"id":{"type":"INT64"},"n":{"type":"INT64"}`, `"region","id"`)
	require.Equal(t, -1, r.handle(t, described, row(1, 10, `,"n":1`)))
	fields := r.domain.indices[unnamed.Index(orders, 1)].fields

	r.domain.removeIndex(unnamed.Index(orders, 1))
	require.Equal(t, 0, r.handle(t, row(2, 20, `,"n":2`)), "the function learns that the index is not its own")
	require.Equal(t, "strict", r.domain.indices[unnamed.Index(orders, 1)].dynamic, "as the collection has made it")
	require.Empty(t, r.domain.indices[unnamed.Index(orders, 1)].docs)
	require.Empty(t, r.parked())

	require.Equal(t, -1, r.handle(t, row(2, 20, `,"n":2`)))
	require.Equal(t, fields, r.domain.indices[unnamed.Index(orders, 1)].fields)
	require.Len(t, r.domain.shown(t, unnamed.Alias(orders)), 1)
}

// Another invocation has opened the index, written to it and added a column. This one still believes that it is
// closed.
func TestAnIndexThatAnotherFunctionHasOpenedKeepsWhatItHas(t *testing.T) {
	r := newCollection(t)
	require.Equal(t, -1, r.handle(t, row(1, 10, "")))
	r.domain.removeIndex(unnamed.Index(orders, 1))
	require.Equal(t, 0, r.handle(t, row(2, 20, "")))

	other := newFunction(t, r.f.settings, r.domain, r.s3)
	answer, err := other.Handle(t.Context(), event(1, 0, []string{row(3, 30, "")}))
	require.NoError(t, err)
	require.Empty(t, answer.BatchItemFailures)
	require.Equal(t, -1, r.handle(t, row(2, 20, "")))
	require.Len(t, r.domain.shown(t, unnamed.Alias(orders)), 2)
}

// make adds the alias before the fields. So an open index always has its alias, and any invocation can finish a
// closed one.
func TestOpeningAnIndexIsGoneOnWith(t *testing.T) {
	for _, path := range []string{"/_aliases", "/" + unnamed.Index(orders, 1) + "/_mapping"} {
		r := newCollection(t)
		broken := true
		r.f.client.Transport = opensearchtest.Domain(func(request opensearchtest.Request) (int, any) {
			if broken && request.Method != http.MethodGet && request.URL.Path == path {
				return 403, object{"error": object{"type": "Forbidden"}}
			}
			return r.domain.answer(request)
		})
		require.Equal(t, 0, r.handle(t, row(1, 10, "")))
		require.Empty(t, r.domain.indices[unnamed.Index(orders, 1)].docs)
		broken = false
		require.Equal(t, -1, r.handle(t, row(1, 10, "")))
		require.Len(t, r.domain.shown(t, unnamed.Alias(orders)), 1, path)
	}
}

func TestInACollectionARecordThatComesAgainLeavesItsDocumentAsItIs(t *testing.T) {
	r := newCollection(t)
	require.Equal(t, -1, r.handle(t, row(1, 10, "")))
	require.Contains(t, r.metrics.String(), `"Applied":1`)
	before := *r.domain.indices[unnamed.Index(orders, 1)].docs["eu,1"]
	r.metrics.Reset()
	r.now = r.now.Add(time.Minute)
	require.Equal(t, -1, r.handle(t, row(1, 10, "")))
	require.Equal(t, before, *r.domain.indices[unnamed.Index(orders, 1)].docs["eu,1"])
	require.Contains(t, r.metrics.String(), `"Superseded":1`)
	require.NotContains(t, r.metrics.String(), `"Lag"`)

	// A second load into the same epoch is later than the first.
	load := func(at time.Time, n int) string {
		return fmt.Sprintf(`{"data":{"region":"eu","id":2,"n":%d},"metadata":{"timestamp":%q,"record-type":"data","operation":"load","schema-name":"shop","table-name":"orders"}}`, n, stamp(at))
	}
	require.Equal(t, -1, r.handle(t, load(began, 1), load(began.Add(time.Hour), 2)))
	require.Equal(t, 2.0, r.domain.shown(t, unnamed.Alias(orders))["eu,2"]["n"])
}

func TestAnEpochOfACollectionIsBegunFilledShownAndDropped(t *testing.T) {
	r := newCollection(t)
	require.Equal(t, -1, r.handle(t, row(1, 10, "")))
	e := r.epochs()
	epoch, err := e.Begin(t.Context(), orders)
	require.NoError(t, err)
	require.NoError(t, e.Switch(t.Context(), orders, epoch.Number), "its index is made for it")
	require.Equal(t, "true", r.domain.indices[unnamed.Index(orders, 2)].dynamic)
	current, err := e.Current(t.Context(), orders)
	require.NoError(t, err)
	require.Equal(t, 2, current.Current)
	rows, err := e.Rows(t.Context(), orders, 1)
	require.NoError(t, err)
	require.EqualValues(t, 1, rows)
	_, err = e.Rollback(t.Context(), orders)
	require.NoError(t, err)
	require.Len(t, r.domain.shown(t, unnamed.Alias(orders)), 1)
	require.NoError(t, e.Forget(t.Context(), orders))
	require.Empty(t, r.domain.names())
}

func TestNobodyLooksForAFormerRegistryInACollection(t *testing.T) {
	r := newCollection(t)
	listed, err := r.epochs().List(t.Context())
	require.NoError(t, err)
	require.Empty(t, listed)
	_, err = r.f.Sweep(t.Context())
	require.NoError(t, err)
	require.JSONEq(t, `{"since":"2026-11-23T06:00:01Z","copied":0}`, r.marker())
	require.Empty(t, r.domain.calls)
}

// Without the template a collection guesses fields. Their types cannot be changed, so they stay; make adds the
// others.
func TestAnIndexOfGuessedFieldsIsOpenedToo(t *testing.T) {
	r := newCollection(t)
	guessed := map[string]any{"type": "text"}
	r.domain.indices[unnamed.Index(orders, 1)] = &index{docs: map[string]*doc{}, fields: map[string]any{"id": guessed}}
	require.Equal(t, -1, r.handle(t, row(1, 10, "")), r.log.String())
	x := r.domain.indices[unnamed.Index(orders, 1)]
	require.Equal(t, "true", x.dynamic)
	require.Equal(t, guessed, x.fields["id"])
	require.Contains(t, x.fields, control)
	require.Len(t, r.domain.shown(t, unnamed.Alias(orders)), 1)
}
