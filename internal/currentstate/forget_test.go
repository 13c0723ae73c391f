package currentstate

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestATableThatIsForgottenLeavesNothingAndMayComeAgain(t *testing.T) {
	r := newRig(t, nil)
	e := r.epochs()
	require.NoError(t, e.Forget(t.Context(), orders), "nobody has heard of it")
	require.Equal(t, -1, r.handle(t, row(1, 10, "")))
	before := r.domain.names()
	epoch, err := e.Begin(t.Context(), orders)
	require.NoError(t, err)
	require.NoError(t, e.indices.prepare(t.Context(), mustEntry(t, e), epoch.Number))
	require.NotEqual(t, before, r.domain.names())

	require.NoError(t, e.Forget(t.Context(), orders))
	require.NotContains(t, r.domain.names(), unnamed.Index(orders, 1))
	require.NotContains(t, r.domain.names(), unnamed.Index(orders, 2))
	require.Empty(t, r.domain.aliases[unnamed.Alias(orders)])
	_, err = e.Current(t.Context(), orders)
	require.ErrorIs(t, err, ErrNoEpochs)
	require.Empty(t, r.s3.Objects("b", Place("").entries()))

	r.now = r.now.Add(2 * remembered) // until then the function remembers the table
	require.Equal(t, 0, r.handle(t, row(2, 30, "")), "its index is missed first")
	require.Equal(t, -1, r.handle(t, row(2, 30, "")))
	require.Len(t, r.domain.shown(t, unnamed.Alias(orders)), 1)
}

func mustEntry(t *testing.T, e *Epochs) *entry {
	t.Helper()
	s, err := e.registry.read(t.Context(), orders)
	require.NoError(t, err)
	require.NotNil(t, s.entry)
	return s.entry
}
