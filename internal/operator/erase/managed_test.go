package erase

import (
	"cdcpipeline/internal/opensearch"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// collections turns the scene's indices into those of collections. A search finds a write only after some time.
func (s *scene) collections() Erasure {
	e := s.erasure(true)
	e.Search.History.FoundAfter, e.Search.Current.FoundAfter, e.Search.Pause = opensearch.FoundInCollection, opensearch.FoundInCollection, 0
	return e
}

func TestDocumentsOfCollectionsAreDeletedOneByOneUntilNothingIsFound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScene(t)
		time.AfterFunc(15*time.Second, func() { // a search now finds an earlier write
			s.domain.mu.Lock()
			defer s.domain.mu.Unlock()
			s.history["late"] = record("update", "7", 5, marker, "7")
		})
		began := time.Now()
		report, err := s.collections().Run(t.Context())
		require.NoError(t, err)
		require.True(t, report.Erased)
		s.nothing(map[string]int{"1": 2, "2": 2, "7": 1})
		require.GreaterOrEqual(t, time.Since(began), opensearch.FoundInCollection)
		require.Less(t, time.Since(began), opensearch.FoundInCollection+5*time.Second)
		require.Empty(t, s.merged, "collections have no merges")
		require.Contains(t, s.deleted, daily+" ")
		require.Contains(t, s.deleted, "current-shop-orders-1 version=41&version_type=external", "a row that has come back meanwhile has a later one")
	})
}

func TestACollectionThatDeletesNoDocumentIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScene(t)
		s.refuses = http.StatusBadRequest
		report, err := s.collections().Run(t.Context())
		require.ErrorContains(t, err, "no ids here. The history deletes its documents when they are older than search.historyRetentionDays")
		require.ErrorContains(t, err, "DELETE /retail-trans, then `pulumi up`")
		require.False(t, report.Erased)
		s.refuses = http.StatusConflict
		_, err = s.collections().Run(t.Context())
		require.ErrorContains(t, err, "a document of the row in retail-trans-2026-11-28 changed during the erasure: run the same command again")
	})
}

func TestWhatCollectionsKeepIsNamed(t *testing.T) {
	left := Kept{Collections: []string{"a-history", "a-current"}}.Left(noon)
	require.Equal(t, "segments of the collections a-history, a-current", left[1].Where)
	require.Equal(t, "hourly snapshots of the collections a-history, a-current", left[2].Where)
	require.True(t, left[1].Until.IsZero())
}
