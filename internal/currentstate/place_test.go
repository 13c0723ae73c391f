package currentstate

import (
	"cdcpipeline/internal/opensearch"
	"maps"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// While a stack changes from a domain to a collection, it has both, on one stream and one bucket.
func TestADomainAndACollectionBesideEachOtherHaveEpochsOfTheirOwn(t *testing.T) {
	r := newRig(t, nil)
	collection := newDomain(r.domain.now)
	collection.collection = true
	s := r.f.settings
	s.Service, s.Registry = opensearch.Serverless, "serverless"
	beside := newFunction(t, s, collection, r.s3)

	require.Equal(t, -1, r.handle(t, row(1, 10, "")))
	answer, err := beside.Handle(t.Context(), event(0, 0, []string{row(1, 10, "")}))
	require.NoError(t, err)
	require.Empty(t, answer.BatchItemFailures)
	require.Equal(t, []string{
		"registry/current.json", "registry/current/shop-orders.json", "registry/serverless.json", "registry/serverless/shop-orders.json",
	}, slices.Sorted(maps.Keys(r.s3.Objects("b", RegistryPrefix))))

	e := NewEpochs(EpochsOptions{Domain: opensearch.Client{URL: "https://c", Transport: collection}, Service: s.Service, Bucket: r.f.deps.Bucket, Registry: s.Registry})
	_, err = e.Begin(t.Context(), orders)
	require.NoError(t, err)
	for epochs, want := range map[*Epochs]int{e: 2, r.epochs(): 1} {
		listed, err := epochs.List(t.Context())
		require.NoError(t, err)
		require.Len(t, listed, 1)
		require.Len(t, listed[0].Epochs, want)
	}
}

func TestTheNameOfARegistryIsNoPath(t *testing.T) {
	for name, right := range map[Place]bool{"": true, "current": true, "serverless-2": true, "a/b": false, "..": false, "-a": false, "A": false, "a.json": false} {
		require.Equal(t, right, name.Validate() == nil, name)
	}
}
