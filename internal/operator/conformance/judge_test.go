package conformance_test

import (
	"cdcpipeline/internal/operator/conformance"
	"cdcpipeline/internal/operator/conformance/conformancetest"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// outcome returns the outcome for one assumption.
func outcome(t *testing.T, id string, e *conformance.Evidence) conformance.Result {
	t.Helper()
	some, unknown := conformance.Named(id)
	require.Empty(t, unknown)
	return conformance.Judge(some, e)[0]
}

func TestEachJudgeTellsHeldNotHeldAndNotSeen(t *testing.T) {
	breaks := conformancetest.Breaks()
	for _, a := range conformance.Assumptions() {
		t.Run(a.ID, func(t *testing.T) {
			e := conformancetest.Evidence(t)
			held := outcome(t, a.ID, e)
			require.Equal(t, conformance.Held, held.Outcome, held.Says)
			require.Empty(t, held.Says)
			require.NotEmpty(t, held.Where)
			require.NotEmpty(t, held.Record)

			broken := outcome(t, a.ID, conformancetest.Apply(breaks[a.ID], e))
			require.Equal(t, conformance.NotHeld, broken.Outcome, broken.Says)
			require.NotEmpty(t, broken.Says)
			require.NotEmpty(t, broken.Where)
			require.NotEmpty(t, broken.Record)

			nothing := *e
			nothing.Stream, nothing.History, nothing.Lake = nil, nil, nil
			unseen := outcome(t, a.ID, &nothing)
			require.Equal(t, conformance.NotSeen, unseen.Outcome)
			require.NotEmpty(t, unseen.Says)
			require.Empty(t, unseen.Record)
		})
	}
}

// Shards are read at the same time, so the order between shards means nothing.
func TestShardsAreReadInAnyOrder(t *testing.T) {
	e := conformancetest.Evidence(t)
	shards := map[string]int{}
	for _, a := range e.Stream {
		if _, seen := shards[a.Shard]; !seen {
			shards[a.Shard] = len(shards)
		}
	}
	require.Greater(t, len(shards), 2)
	for turn := range len(shards) {
		for _, direction := range []int{1, -1} {
			slices.SortStableFunc(e.Stream, func(a, b conformance.Arrival) int {
				at := func(shard string) int { return (shards[shard] + turn) % len(shards) }
				return direction * (at(a.Shard) - at(b.Shard))
			})
			for _, r := range conformance.Judge(conformance.Assumptions(), e) {
				require.Equal(t, conformance.Held, r.Outcome, "%s: %s", r.ID, r.Says)
			}
		}
	}
}

// A break fails its own assumption and few others.
func TestABreakIsToldByFewLines(t *testing.T) {
	e := conformancetest.Evidence(t)
	for id, b := range conformancetest.Breaks() {
		var fallen []string
		for _, r := range conformance.Judge(conformance.Assumptions(), conformancetest.Apply(b, e)) {
			if r.Outcome == conformance.NotHeld {
				fallen = append(fallen, r.ID)
			}
		}
		require.Contains(t, fallen, id)
		// Documents and lines are compared with the stream's records. If a break changes only the stream, the
		// comparison finds no matching record, so two more assumptions fail.
		fallen = slices.DeleteFunc(fallen, func(other string) bool { return other == "history-document" || other == "lake-lines" })
		require.LessOrEqualf(t, len(fallen), 5, "%s: %v", id, fallen)
	}
}

// Results show values of the probe only. A record of another table may mention the probe.
func TestRecordsOfOtherTablesAreNoEvidence(t *testing.T) {
	e := conformancetest.Evidence(t)
	foreign := conformance.Arrival{Step: "rows", Shard: "s", Sequence: "0", Data: `{"data":{"secret":"hunter2","note":"` + e.Run + `"},"metadata":{"schema-name":"shop","table-name":"orders"}}`}
	require.False(t, conformance.About(e, foreign.Data))
	require.True(t, conformance.About(e, e.Stream[0].Data))
}
