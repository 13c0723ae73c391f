package verify

import (
	"cdcpipeline/internal/change"
	"cdcpipeline/internal/operator/schema"
	"cdcpipeline/internal/table"
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// fakeSource imitates the table retail_trans. It maps trans_id to amount; event is always "cart".
type fakeSource struct {
	mu     sync.Mutex
	rows   map[int]int
	lookup int
	// broken maps tables that cannot be read to their errors.
	broken map[string]error
}

func row(id, amount int) []sql.NullString {
	valid := func(s string) sql.NullString { return sql.NullString{String: s, Valid: true} }
	return []sql.NullString{valid(strconv.Itoa(id)), valid("cart"), valid(strconv.Itoa(amount))}
}

func (f *fakeSource) Table(_ context.Context, n table.Name) (*schema.Table, error) {
	return retail().Table, f.broken[n.Table]
}

func (f *fakeSource) Rows(context.Context, table.Name) (int64, error) { return 7, nil }

func (f *fakeSource) Each(_ context.Context, _ *schema.Table, visit func([]sql.NullString) error) error {
	f.mu.Lock()
	view := maps.Clone(f.rows)
	f.mu.Unlock()
	for id, amount := range view { // in no order
		if err := visit(row(id, amount)); err != nil {
			return err
		}
	}
	return nil
}

// Find returns a row with another key if there is no exact match, as a collation may.
func (f *fakeSource) Find(_ context.Context, _ *schema.Table, key []sql.NullString) ([][]sql.NullString, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.lookup++
	id, err := strconv.Atoi(key[0].String)
	if amount, ok := f.rows[id]; ok {
		return [][]sql.NullString{row(id, amount)}, err
	}
	return [][]sql.NullString{row(id+1000, 1)}, err
}

func set(op change.Operation, at, id, amount int) []byte {
	return record(op, at, fmt.Sprintf(`{"trans_id":%d,"event":"cart","amount":%d}`, id, amount))
}

// compared compares a source with records in both sinks.
func compared(t *testing.T, source *fakeSource, w *world, wait time.Duration) (history, lake Count, found []Difference) {
	t.Helper()
	o := CompareOptions{Tables: []table.Name{retail().Name}, Wait: wait}
	result, err := Compare(t.Context(), source, w.pipeline(), o, func(d Difference) { found = append(found, d) })
	require.NoError(t, err)
	require.Empty(t, result.Uncompared)
	require.Len(t, result.Counts, 2)
	slices.SortFunc(found, func(a, b Difference) int {
		return cmp.Or(cmp.Compare(a.Sink, b.Sink), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Key, b.Key))
	})
	return result.Counts[0], result.Counts[1], found
}

// both puts records into both sinks.
func (w *world) both(records ...[]byte) {
	w.domain.put(records...)
	w.bucket.put(fmt.Sprintf("%d.gz", len(w.bucket.objects)), records...)
}

func TestEveryKindOfDifferenceIsNamed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		afterRecords()
		source, w := &fakeSource{rows: map[int]int{}}, newWorld()
		for id := 1; id <= 2*chunk; id++ { // exactly two chunks, so that the third one is empty
			source.rows[id] = id
			w.both(set(change.Load, 0, id, id))
		}
		delete(source.rows, 5)
		w.bucket.put("deleted.gz", set(change.Delete, 3, 5, 5)) // the history never got its delete
		source.rows[7] = 70
		w.domain.put(set(change.Update, 4, 7, 70)) // the lake never got its update
		source.rows[3000] = 1
		w.domain.put(set(change.Insert, 5, 3000, 1)) // the lake never got its insert
		source.rows[9] = 9
		w.bucket.put("wrong.gz", set(change.Delete, 6, 9, 9)) // the source never made this delete
		w.both(controlRecord)

		history, lake, found := compared(t, source, w, 0)
		require.Equal(t, []Difference{
			{Sink: HopHistory, Table: "testdb.retail_trans", Key: "trans_id=5", Kind: Extra, Record: "load of 2026-01-02T03:04:05Z"},
			{Sink: HopHistory, Table: "testdb.retail_trans", Key: "trans_id=5", Kind: Lost, Record: "bin.000001:3#1"},
			{Sink: HopHistory, Table: "testdb.retail_trans", Key: "trans_id=9", Kind: Lost, Record: "bin.000001:6#1"},
			{Sink: HopLake, Table: "testdb.retail_trans", Key: "trans_id=7", Kind: Differs, Record: "load of 2026-01-02T03:04:05Z", Columns: []ColumnDifference{{"amount", "70", "7"}}},
			{Sink: HopLake, Table: "testdb.retail_trans", Key: "trans_id=3000", Kind: Lost, Record: "bin.000001:5#1"},
			{Sink: HopLake, Table: "testdb.retail_trans", Key: "trans_id=7", Kind: Lost, Record: "bin.000001:4#1"},
			{Sink: HopLake, Table: "testdb.retail_trans", Key: "trans_id=3000", Kind: Missing},
			{Sink: HopLake, Table: "testdb.retail_trans", Key: "trans_id=9", Kind: Missing, Record: "bin.000001:6#1"},
		}, found)
		require.Equal(t, Count{Table: "testdb.retail_trans", Sink: HopHistory, Rows: 2000, Records: 2002, Same: 2000, Extra: 1, Changes: 2002, Lost: 2}, history)
		require.Equal(t, Count{Table: "testdb.retail_trans", Sink: HopLake, Rows: 2000, Records: 2002, Same: 1997, Missing: 2, Differs: 1, Changes: 2002, Lost: 2}, lake)
		require.Zero(t, source.lookup)
	})
}

func TestNothingDiffersWhereEverythingArrived(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source, w := &fakeSource{rows: map[int]int{1: 10, 3: 31}}, newWorld()
		w.both(set(change.Insert, 4, 2, 20), set(change.Update, 9, 3, 31), set(change.Insert, 1, 1, 10), set(change.Delete, 8, 2, 20), set(change.Load, 0, 3, 30))
		history, lake, found := compared(t, source, w, time.Hour)
		require.Empty(t, found)
		require.Equal(t, int64(2), history.Same)
		require.Equal(t, int64(2), lake.Same)
		require.Equal(t, int64(5), lake.Records)
	})
}

func TestRowsOnTheirWayAreLookedAtAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source, w := &fakeSource{rows: map[int]int{1: 11, 2: 20, 4: 40, 6: 61}}, newWorld()
		w.both(set(change.Insert, 1, 1, 10), set(change.Insert, 3, 3, 30), set(change.Insert, 4, 6, 60))
		time.AfterFunc(12*time.Second, func() {
			source.mu.Lock()
			delete(source.rows, 3) // row 3 is extra: its delete was on its way
			source.rows[1] = 12    // this row keeps changing, ahead of the sinks
			source.rows[6] = 62    // this row has changed again, and so have the sinks
			source.mu.Unlock()
			w.both(set(change.Update, 8, 6, 61), set(change.Update, 9, 6, 62), set(change.Update, 5, 1, 11), set(change.Insert, 6, 2, 20), set(change.Delete, 7, 3, 30))
		})
		began := time.Now()
		history, lake, found := compared(t, source, w, time.Minute)
		require.Equal(t, []Difference{
			{Sink: HopHistory, Table: "testdb.retail_trans", Key: "trans_id=4", Kind: Missing},
			{Sink: HopLake, Table: "testdb.retail_trans", Key: "trans_id=4", Kind: Missing},
		}, found)
		require.Equal(t, time.Minute, time.Since(began), "the missing one is waited for")
		for _, c := range []Count{history, lake} {
			require.Equal(t, []int64{3, 1, 1}, []int64{c.Same, c.Missing, c.Different()})
		}
	})
}

func TestLookingAgainEndsWhenNothingDiffers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source, w := &fakeSource{rows: map[int]int{1: 10}}, newWorld()
		time.AfterFunc(7*time.Second, func() { w.both(set(change.Insert, 1, 1, 10)) })
		began := time.Now()
		_, _, found := compared(t, source, w, time.Hour)
		require.Empty(t, found)
		require.Equal(t, 10*time.Second, time.Since(began))
	})
}

func TestRowsThatRetentionDeletedAreExpired(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		afterRecords()
		source, w := &fakeSource{rows: map[int]int{1: 10, 2: 20}}, newWorld()
		w.bucket.put("old.gz", set(change.Insert, 1, 1, 10)) // made on 2026-01-02; no sink has row 2
		w.domain.indices = []string{"retail-trans-2026-02-02", "retail-trans-2026-02-01", "retail-trans-x"}
		history, lake, found := compared(t, source, w, 0)
		require.Equal(t, []int64{1, 1, 0}, []int64{history.Expired, history.Missing, history.Same})
		require.Equal(t, []int64{0, 1, 1}, []int64{lake.Expired, lake.Missing, lake.Same})
		require.Len(t, found, 2)
		w.domain.indices = []string{"retail-trans-2026-01-02"}
		history, _, _ = compared(t, source, w, 0)
		require.Equal(t, []int64{0, 2}, []int64{history.Expired, history.Missing})
		require.Equal(t, []int64{1, 1}, []int64{history.Changes, history.Lost}, "a change that the history keeps")
	})
}

func TestACollectionKeepsDocumentsForAsLongAsItsRetention(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		now := time.Now()
		for _, c := range []struct {
			retention time.Duration
			want      time.Time
		}{{0, time.Date(2026, 2, 1, 0, 0, 0, 0, time.UTC)}, {48 * time.Hour, now.Add(-48 * time.Hour)}} {
			f := &fakeDomain{indices: []string{"retail-trans-2026-02-01"}}
			s := f.search()
			s.Retention = c.retention
			kept, err := (&historySink{Search: s}).kept(t.Context())
			require.NoError(t, err)
			require.Equal(t, c.want, kept)
		}
	})
}

func TestMoreDifferencesThanAreRememberedAreCounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source := &fakeSource{rows: map[int]int{}}
		for id := range maxSuspects + 500 {
			source.rows[id] = id
		}
		history, _, found := compared(t, source, newWorld(), 0)
		require.Equal(t, int64(maxSuspects+500), history.Missing)
		require.Len(t, found, 2*maxSuspects)
	})
}

func TestAnObjectIsReadOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source, w := &fakeSource{rows: map[int]int{1: 10, 2: 20}}, newWorld()
		w.bucket.put("a.gz", set(change.Insert, 1, 1, 10))
		time.AfterFunc(8*time.Second, func() { w.bucket.put("b.gz", set(change.Insert, 2, 2, 20)) })
		_, lake, _ := compared(t, source, w, 30*time.Second)
		require.Equal(t, int64(2), lake.Same)
		require.Equal(t, 2, w.bucket.gets)
	})
}
