package currentstate

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"
)

// beside returns a rig with a collection beside a domain. The bucket already has the domain's registry.
func beside(t *testing.T) *rig {
	r := newCollection(t)
	s := r.f.settings
	s.Registry, s.RegistryFrom = "collections", "current"
	r.f = newFunction(t, s, r.domain, r.s3)
	for key, body := range copies() {
		require.NoError(t, r.f.deps.Bucket.Put(t.Context(), key, []byte(body)))
	}
	require.NoError(t, r.f.deps.Bucket.Put(t.Context(), Place("current").marker(), []byte(`{"since":"2026-11-01T00:00:00Z"}`)))
	return r
}

func (r *rig) besideEpochs() *Epochs {
	return NewEpochs(EpochsOptions{Domain: r.f.deps.Domain, Service: r.f.settings.Service, Bucket: r.f.deps.Bucket, Registry: "collections", Copied: true})
}

func TestAPlaceBesideAnotherBeginsWithWhatThatKnows(t *testing.T) {
	r := beside(t)
	_, err := r.besideEpochs().List(t.Context())
	require.ErrorIs(t, err, errNotCopied)

	require.Equal(t, -1, r.handle(t, row(1, 10, "")))
	require.Equal(t, []string{unnamed.Index(orders, 2)}, r.domain.names(), "its rows go into the epoch they are in there")
	require.Contains(t, r.domain.aliasNames(), unnamed.Alias(orders), "which is the only one here, and is shown")
	tables, err := r.besideEpochs().List(t.Context())
	require.NoError(t, err)
	require.Len(t, tables, 2)
	require.Equal(t, 2, tables[1].Latest().Number)
	require.Equal(t, copies()[Place("").key(orders)], r.copied()[Place("").key(orders)], "the other place keeps its own")

	r.f = newFunction(t, r.f.settings, r.domain, r.s3)
	require.NoError(t, r.f.deps.Bucket.Delete(t.Context(), Place("current").key(clicks)))
	require.Equal(t, -1, r.handle(t, row(2, 20, "")))
	tables, err = r.besideEpochs().List(t.Context())
	require.NoError(t, err)
	require.Len(t, tables, 2, "it is copied once")
}

func TestWhatAnEarlierPlaceHasLeftIsOverwritten(t *testing.T) {
	r := beside(t)
	for key, body := range map[string]string{
		Place("collections").marker():    `{"since":"2026-11-01T00:00:00Z","of":"https://another"}`,
		Place("collections").key(orders): `{"schema":"shop","table":"orders","key":["id"],"columns":{},"epochs":[{"number":7,"since":"0001-01-01T00:00:00Z"}]}`,
	} {
		require.NoError(t, r.f.deps.Bucket.Put(t.Context(), key, []byte(body)))
	}
	_, err := r.besideEpochs().List(t.Context())
	require.ErrorIs(t, err, errNotCopied)
	require.Equal(t, -1, r.handle(t, row(1, 10, "")))
	require.Equal(t, []string{unnamed.Index(orders, 2)}, r.domain.names())
	var m marker
	require.NoError(t, json.Unmarshal([]byte(r.s3.Objects("b", "")[Place("collections").marker()]), &m))
	require.Equal(t, []any{2, "registry/current/", r.f.deps.Domain.URL}, []any{m.Copied, m.From, m.Of})
}

func TestNothingIsCopiedBeforeTheOtherPlaceHasItsRegistryInTheBucket(t *testing.T) {
	r := beside(t)
	require.NoError(t, r.f.deps.Bucket.Delete(t.Context(), Place("current").marker()))
	require.Equal(t, 0, r.handle(t, row(1, 10, "")), "the batch comes again")
	require.Empty(t, r.domain.names())
}

func TestWhoReplaysIntoANewPlaceNeedNotWaitForItsFunction(t *testing.T) {
	r := beside(t)
	require.NoError(t, r.f.Begin(t.Context()))
	tables, err := r.besideEpochs().List(t.Context())
	require.NoError(t, err)
	require.Len(t, tables, 2)
}
