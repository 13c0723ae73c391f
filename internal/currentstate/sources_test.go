package currentstate

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const other = Source("other")

// another returns the function of another source that has the same table, in the same place and bucket.
func (r *rig) another(t *testing.T) *rig {
	t.Helper()
	s := r.f.settings
	s.Source, s.Registry, s.Prefix = other, "current-other", "errors/source=other/"
	o := &rig{now: r.now, domain: r.domain, s3: r.s3}
	o.f = newFunction(t, s, r.domain, r.s3)
	return o
}

func TestTwoSourcesKeepTheSameTableApart(t *testing.T) {
	inBoth(t, func(t *testing.T, r *rig) {
		o := r.another(t)
		require.Equal(t, -1, r.handle(t, row(1, 10, ""), row(2, 20, ""), deleted(3, 30)))
		require.Equal(t, -1, o.handle(t, rowOf("orders", "elsewhere", 1, 5, `,"n":7`), "no record"))
		require.Equal(t, []string{other.Index(orders, 1), unnamed.Index(orders, 1)}, r.domain.names())
		require.Len(t, r.domain.shown(t, unnamed.Alias(orders)), 2)
		require.Equal(t, map[string]map[string]any{"eu,1": {"region": "eu", "id": 1.0, "n": 7.0}}, r.domain.shown(t, other.Alias(orders)))
		require.Empty(t, r.parked())
		require.Len(t, o.parked(), 1)

		kept, of := r.epochs(), o.epochs()
		epoch, err := of.Begin(t.Context(), orders)
		require.NoError(t, err)
		require.NoError(t, of.Switch(t.Context(), orders, epoch.Number))
		rows, err := of.Rows(t.Context(), orders, 1)
		require.NoError(t, err)
		require.EqualValues(t, 1, rows)
		current, err := kept.Current(t.Context(), orders)
		require.NoError(t, err)
		require.Equal(t, []int{1, 1}, []int{current.Current, len(current.Epochs)}, "the other source's epoch is not this one's")
		require.Equal(t, "bin", current.Epochs[0].Binlog)

		r.now = r.now.Add(60 * 24 * time.Hour)
		o.now = r.now
		swept, err := o.f.Sweep(t.Context())
		require.NoError(t, err)
		require.Equal(t, Swept{Removed: 0, Indices: 2}, swept, "the tombstone is the other source's")
		require.Equal(t, 1, r.domain.tombstones())
		require.NoError(t, of.Forget(t.Context(), orders))
		require.Equal(t, []string{unnamed.Index(orders, 1)}, r.domain.names())
		require.Len(t, r.domain.shown(t, unnamed.Alias(orders)), 2)
		_, err = of.Current(t.Context(), orders)
		require.ErrorIs(t, err, ErrNoEpochs)
		_, err = kept.Current(t.Context(), orders)
		require.NoError(t, err)
	})
}

// A former release had only the unnamed source, so its registry belongs to that.
func TestANamedSourceTakesNoFormerRegistryOver(t *testing.T) {
	r := ofAFormerRelease(t)
	o := r.another(t)
	require.Equal(t, -1, o.handle(t, row(1, 10, "")))
	require.Equal(t, []string{other.Index(orders, 1)}, r.domain.names(), "its table is in its first epoch")
	require.False(t, r.domain.former.blocked)
	_, err := o.epochs().List(t.Context())
	require.NoError(t, err)
	require.Empty(t, r.copied())
	_, err = r.epochs().List(t.Context())
	require.ErrorIs(t, err, errElsewhere)
}
