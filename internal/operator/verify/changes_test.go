package verify

import (
	"bytes"
	"cdcpipeline/internal/change"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// afterRecords moves the clock to a month after these tests' records.
func afterRecords() { time.Sleep(time.Until(time.Date(2026, 2, 3, 0, 0, 0, 0, time.UTC))) }

// A record that OpenSearch refused is reported as lost, even if a later change has made its row equal again.
func TestALostChangeIsNamedThoughItsRowIsTheSame(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		afterRecords()
		source, w := &fakeSource{rows: map[int]int{1: 12, 4: 30}}, newWorld()
		w.both(set(change.Insert, 1, 1, 10), set(change.Update, 3, 1, 12), set(change.Update, 3, 1, 12), set(change.Load, 0, 4, 30))
		w.bucket.put("refused.gz", set(change.Update, 2, 1, 11))
		w.domain.put(record(change.Update, 4, `{"trans_id":4,"event":"cart","amount":30}`, `{"trans_id":3}`)) // two rows read, one change read
		time.AfterFunc(12*time.Second, func() {
			w.bucket.put("late.gz", record(change.Update, 4, `{"trans_id":4,"event":"cart","amount":30}`, `{"trans_id":3}`))
		})
		history, lake, found := compared(t, source, w, time.Minute)
		require.Equal(t, []Difference{{Sink: HopHistory, Table: "testdb.retail_trans", Key: "trans_id=1", Kind: Lost, Record: "bin.000001:2#1"}}, found)
		require.Equal(t, []int64{2, 5, 1, 1}, []int64{history.Same, history.Changes, history.Lost, history.Different()})
		require.Equal(t, []int64{2, 4, 0, 0}, []int64{lake.Same, lake.Changes, lake.Lost, lake.Different()})
	})
}

// One sink may already have changes that were made after the comparison began. The next comparison covers them.
func TestChangesMadeSinceAreNotCompared(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		afterRecords()
		source, w := &fakeSource{rows: map[int]int{1: 11}}, newWorld()
		w.both(set(change.Insert, 1, 1, 10))
		young := bytes.ReplaceAll(set(change.Update, 2, 1, 11), []byte(`"timestamp":"2026-01-02`), []byte(`"timestamp":"2026-02-04`))
		w.both(young)
		w.bucket.put("young.gz", bytes.ReplaceAll(young, []byte("bin.000001:2:"), []byte("bin.000001:3:")))
		history, lake, found := compared(t, source, w, time.Minute)
		require.Empty(t, found)
		require.Equal(t, []int64{1, 1, 0, 0}, []int64{history.Changes, lake.Changes, history.Lost, lake.Lost})
	})
}

func TestLostChangesBeyondThoseThatAreRememberedAreCounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		afterRecords()
		source, w := &fakeSource{rows: map[int]int{}}, newWorld()
		var records [][]byte
		for at := range maxSuspects + 500 {
			records = append(records, set(change.Delete, at+1, 1, 1))
		}
		w.bucket.put("all.gz", records...)
		history, lake, found := compared(t, source, w, 0)
		require.Equal(t, []int64{maxSuspects + 500, maxSuspects + 500, 0}, []int64{history.Changes, history.Lost, lake.Lost})
		require.Len(t, found, maxSuspects)
	})
}
