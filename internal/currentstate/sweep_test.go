package currentstate

import (
	"cdcpipeline/internal/opensearch"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// inBoth runs a test with a domain and with a collection.
func inBoth(t *testing.T, test func(t *testing.T, r *rig)) {
	for _, service := range []opensearch.Service{opensearch.Domain, opensearch.Serverless} {
		t.Run(string(service), func(t *testing.T) {
			r := newRig(t, func(s *Settings) { s.Service = service })
			r.domain.collection = service == opensearch.Serverless
			test(t, r)
		})
	}
}

func deleted(id, place int) string {
	return strings.Replace(row(id, place, ""), `"insert"`, `"delete"`, 1)
}

// A search still finds tombstones that were just deleted. The sweep pages by the time of tombstones, and tries
// each one once.
func TestASweepGoesOnThroughItsPagesWithoutARefresh(t *testing.T) {
	inBoth(t, func(t *testing.T, r *rig) {
		require.Equal(t, -1, r.handle(t, row(1, 10, "")))
		docs := r.domain.indices[unnamed.Index(orders, 1)].docs
		const tombstones = 2*sweepAtOnce + 7
		for i := range tombstones {
			source := fmt.Appendf(nil, `{"_cdc":{"deleted":true,"indexed":%q}}`, stamp(began.Add(time.Duration(i)*time.Millisecond)))
			docs[fmt.Sprintf("eu,%d", 100+i)] = &doc{version: 5, seqNo: int64(1000 + i), source: source}
		}
		r.now = r.now.Add(60 * 24 * time.Hour)
		swept, err := r.f.Sweep(t.Context())
		require.NoError(t, err)
		require.Equal(t, tombstones, swept.Removed)
		require.Zero(t, r.domain.tombstones())
		require.Equal(t, 3, strings.Count(strings.Join(r.domain.calls, "\n"), "/_search"))
		require.Len(t, r.domain.shown(t, unnamed.Alias(orders)), 1)
	})
}

// Many tombstones from one millisecond may not fit into a page. The next sweep removes the rest.
func TestWhatASweepMissesIsTheNextOnes(t *testing.T) {
	inBoth(t, func(t *testing.T, r *rig) {
		require.Equal(t, -1, r.handle(t, row(1, 10, "")))
		docs := r.domain.indices[unnamed.Index(orders, 1)].docs
		for i := range sweepAtOnce + 7 {
			docs[fmt.Sprintf("eu,%d", 100+i)] = &doc{version: 5, seqNo: int64(1000 + i), source: fmt.Appendf(nil, `{"_cdc":{"deleted":true,"indexed":%q}}`, stamp(began))}
		}
		r.now = r.now.Add(60 * 24 * time.Hour)
		for _, want := range []int{sweepAtOnce, 7, 0} {
			swept, err := r.f.Sweep(t.Context())
			require.NoError(t, err)
			require.Equal(t, want, swept.Removed)
			r.now = r.now.Add(24 * time.Hour)
		}
	})
}

// A search may return an old state: the row has come back since.
func TestARowThatCameBackSinceTheSearchIsNotSwept(t *testing.T) {
	inBoth(t, func(t *testing.T, r *rig) {
		require.Equal(t, -1, r.handle(t, row(1, 10, ""), deleted(1, 20)))
		d := r.domain.indices[unnamed.Index(orders, 1)].docs["eu,1"]
		found := []tombstone{{ID: "eu,1", Version: d.version, SeqNo: d.seqNo, PrimaryTerm: 1}}
		require.Equal(t, -1, r.handle(t, row(1, 21, "")), "with the very next version")
		require.Equal(t, found[0].Version+1, r.domain.indices[unnamed.Index(orders, 1)].docs["eu,1"].version)
		removed, err := r.f.remove(t.Context(), unnamed.Index(orders, 1), found)
		require.NoError(t, err)
		require.Zero(t, removed)
		require.Len(t, r.domain.shown(t, unnamed.Alias(orders)), 1)
	})
}

// The deletion of a row whose tombstone was swept may be replayed. Replayed records from before it bring the row
// back only for a short time.
func TestWhatIsReplayedAfterASweepEndsWithTheDeletion(t *testing.T) {
	inBoth(t, func(t *testing.T, r *rig) {
		require.Equal(t, -1, r.handle(t, row(1, 10, ""), deleted(1, 20)))
		for _, later := range []time.Duration{time.Second, time.Hour} {
			r.now = r.now.Add(60 * 24 * time.Hour)
			_, err := r.f.Sweep(t.Context())
			require.NoError(t, err)
			require.Zero(t, r.domain.tombstones())
			r.now = r.now.Add(later)
			require.Equal(t, -1, r.handle(t, row(1, 10, ""), deleted(1, 20)))
			require.Empty(t, r.domain.shown(t, unnamed.Alias(orders)))
		}
	})
}

// The previous sweep was interrupted, and the search still finds its deleted tombstones. A page that has only
// these does not end the sweep.
func TestASweepPassesOverWhatTheOneBeforeHasDeleted(t *testing.T) {
	inBoth(t, func(t *testing.T, r *rig) {
		require.Equal(t, -1, r.handle(t, row(1, 10, "")))
		r.now = r.now.Add(60 * 24 * time.Hour)
		docs := r.domain.indices[unnamed.Index(orders, 1)].docs
		for i := range sweepAtOnce + 7 {
			source := fmt.Appendf(nil, `{"_cdc":{"deleted":true,"indexed":%q}}`, stamp(began.Add(time.Duration(i)*time.Millisecond)))
			one := &doc{version: 5, seqNo: int64(1000 + i), source: source}
			if i < sweepAtOnce {
				one.deleted, one.was, one.version = r.now, 5, 6
			}
			docs[fmt.Sprintf("eu,%d", 100+i)] = one
		}
		swept, err := r.f.Sweep(t.Context())
		require.NoError(t, err)
		require.Equal(t, 7, swept.Removed)
	})
}
