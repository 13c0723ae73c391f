package verify

import (
	"bytes"
	"cdcpipeline/internal/change"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// TestLatestStateDoesNotDependOnTheOrderOfArrival delivers records in any order and any number of times, and writes
// memory to the file at any time. The resulting rows must be those that the operations leave.
func TestLatestStateDoesNotDependOnTheOrderOfArrival(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		model := map[int]int{} // maps each row to its value
		var records [][]byte
		for at := 10; at < 10+rapid.IntRange(0, 40).Draw(t, "changes"); at++ {
			id := rapid.IntRange(1, 5).Draw(t, "row")
			row := func(id, value int) string { return fmt.Sprintf(`{"trans_id":%d,"amount":%d}`, id, value) }
			value, alive := model[id]
			other := rapid.IntRange(1, 5).Draw(t, "other")
			_, taken := model[other]
			switch {
			case !alive && rapid.Bool().Draw(t, "loaded") && len(records) == 0:
				records = append(records, record(change.Load, at, row(id, at)))
				model[id] = at
			case !alive:
				records = append(records, record(change.Insert, at, row(id, at)))
				model[id] = at
			case rapid.Bool().Draw(t, "deleted"):
				records = append(records, record(change.Delete, at, row(id, value)))
				delete(model, id)
			case !taken:
				records = append(records, record(change.Update, at, row(other, at), row(id, value)))
				delete(model, id)
				model[other] = at
			default:
				records = append(records, record(change.Update, at, row(id, at), row(id, value)))
				model[id] = at
			}
		}
		arriving := rapid.Permutation(append(records, records...)).Draw(t, "arriving")
		arriving = append(arriving, controlRecord)

		s, err := newStates(retail())
		require.NoError(t, err)
		defer s.close()
		s.limit = rapid.SampledFrom([]int{1, 500, pendingBytes}).Draw(t, "memory")
		for _, raw := range arriving {
			require.NoError(t, s.table.unfold(raw, s.add))
		}
		found, err := s.take([]string{"1", "2"})
		require.NoError(t, err)
		rest := map[string]state{}
		require.NoError(t, s.rest(func(id string, of state) error { rest[id] = of; return nil }))
		require.NotContains(t, rest, "1")
		for id, of := range found {
			if !of.gone {
				rest[id] = of
			}
		}
		require.Len(t, rest, len(model))
		for id, value := range model {
			amount, _ := rest[fmt.Sprint(id)].row.Get("amount")
			require.Equal(t, fmt.Sprint(value), amount, "row %d", id)
		}
	})
}

func TestWhatCannotBeOrderedIsAnErrorAndNoGuess(t *testing.T) {
	s, err := newStates(retail())
	require.NoError(t, err)
	defer s.close()
	require.NoError(t, s.table.unfold(record(change.Insert, 1, `{"trans_id":1}`), s.add))
	for message, raw := range map[string]string{
		"stream-position":              `{"data":{"trans_id":1},"metadata":{"record-type":"data","operation":"insert","schema-name":"testdb","table-name":"retail_trans"}}`,
		"lacks column trans_id":        string(record(change.Insert, 1, `{"id":1}`)),
		"not JSON":                     "x",
		"are of different servers":     `{"data":{"trans_id":1},"metadata":{"record-type":"data","operation":"insert","schema-name":"testdb","table-name":"retail_trans","stream-position":"other.1:1","transaction-record-id":1,"commit-timestamp":"2026-01-02T03:04:05Z"}}`,
		"a row of testdb.retail_trans": string(record(change.Update, 1, `{"trans_id":1}`, `{"amount":1}`)),
	} {
		require.ErrorContains(t, s.table.unfold([]byte(raw), s.add), message)
	}
}

func TestWhatAnotherServerRecordedDoesNotCount(t *testing.T) {
	s, err := newStates(retail())
	require.NoError(t, err)
	defer s.close()
	s.table.since = time.Date(2026, 1, 2, 3, 4, 6, 0, time.UTC)
	former := bytes.ReplaceAll(record(change.Update, 900, `{"trans_id":1,"amount":1}`), []byte("bin.000001"), []byte("former.000009"))
	load := bytes.ReplaceAll(record(change.Load, 0, `{"trans_id":1,"amount":2}`), []byte("03:04:05"), []byte("03:04:06"))
	for _, raw := range [][]byte{former, load} {
		require.NoError(t, s.table.unfold(raw, s.add))
	}
	require.EqualValues(t, 1, s.records)
	found, err := s.take([]string{"1"})
	require.NoError(t, err)
	amount, _ := found["1"].row.Get("amount")
	require.Equal(t, "2", amount)
}

func TestTheTemporaryFileGoesAway(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	s, err := newStates(retail())
	require.NoError(t, err)
	info, err := os.Stat(s.dir + "/rows")
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	s.close()
	left, err := os.ReadDir(os.Getenv("TMPDIR"))
	require.NoError(t, err)
	require.Empty(t, left)
}
