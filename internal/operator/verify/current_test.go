package verify

import (
	"cdcpipeline/internal/currentstate"
	"cdcpipeline/internal/opensearch"
	"cdcpipeline/internal/operator/schema"
	"cdcpipeline/internal/table"
	"cmp"
	"database/sql"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// fakeIndices imitates current indices: documents by index and id. It answers queries for ids, for rows, and for
// documents that were indexed since a time.
type fakeIndices struct {
	mu      sync.Mutex
	indices map[string]map[string]string
	status  int
	asked   []string // the requested paths
	lookups int
}

const shownIndex = "current-testdb-retail_trans"

func (f *fakeIndices) current() Current {
	return Current{Client: reached(f, "p")}
}

// put adds a document. An amount of -1 makes a tombstone.
func (f *fakeIndices) put(index string, id, amount int) {
	source := fmt.Sprintf(`{"trans_id":%d,"event":"cart","amount":%d,"_cdc":{"deleted":false,"position":"bin.000001:4#1","indexed":%q}}`, id, amount, time.Now().Format(time.RFC3339Nano))
	if amount < 0 {
		source = `{"_cdc":{"deleted":true,"position":"bin.000001:9#1"}}`
	}
	f.set(index, strconv.Itoa(id), source)
}

func (f *fakeIndices) set(index, id, source string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.indices == nil {
		f.indices = map[string]map[string]string{}
	}
	if f.indices[index] == nil {
		f.indices[index] = map[string]string{}
	}
	f.indices[index][id] = source
}

func (f *fakeIndices) RoundTrip(r *http.Request) (*http.Response, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	w := httptest.NewRecorder()
	body, _ := io.ReadAll(r.Body)
	f.asked = append(f.asked, r.URL.Path)
	if user, password, _ := r.BasicAuth(); user != "admin" || password != "p" {
		w.WriteHeader(http.StatusUnauthorized)
		return w.Result(), nil
	}
	if f.status != 0 {
		w.WriteHeader(f.status)
		return w.Result(), nil
	}
	if strings.HasSuffix(r.URL.Path, "/_refresh") {
		if len(body) > 0 { // OpenSearch refuses a body
			w.WriteHeader(http.StatusBadRequest)
		} else {
			_, _ = w.WriteString(`{}`)
		}
		return w.Result(), nil
	}
	if strings.HasPrefix(r.URL.Path, "/_alias/") {
		w.WriteHeader(http.StatusNotFound)
		return w.Result(), nil
	}
	if strings.HasSuffix(r.URL.Path, "/point_in_time") { // a request to an index by its name
		_ = json.NewEncoder(w).Encode(map[string]any{"pit_id": strings.Split(r.URL.Path, "/")[1]})
		return w.Result(), nil
	}
	var query struct {
		PIT   struct{ ID string }
		Size  int
		After []int `json:"search_after"`
		Query struct {
			Bool struct {
				Filter []struct {
					IDs   *struct{ Values []string }
					Range map[string]struct{ Gte int64 }
				}
				MustNot []any `json:"must_not"`
			}
		}
	}
	if json.Unmarshal(body, &query) != nil || len(query.Query.Bool.MustNot) != 1 {
		w.WriteHeader(http.StatusBadRequest)
		return w.Result(), nil
	}
	index := cmp.Or(query.PIT.ID, strings.Split(strings.TrimPrefix(r.URL.Path, "/"), "/")[0])
	hits := []any{}
	for n, id := range slices.Sorted(maps.Keys(f.indices[index])) {
		source := f.indices[index][id]
		wanted := !strings.Contains(source, `"deleted":true`)
		for _, filter := range query.Query.Bool.Filter {
			if filter.IDs != nil {
				f.lookups++
				wanted = wanted && slices.Contains(filter.IDs.Values, id)
			}
			for _, limit := range filter.Range {
				var d struct {
					Cdc struct{ Indexed time.Time } `json:"_cdc"`
				}
				wanted = wanted && json.Unmarshal([]byte(source), &d) == nil && d.Cdc.Indexed.UnixMilli() >= limit.Gte
			}
		}
		if wanted && (len(query.After) == 0 || n > query.After[0]) && (query.Size == 0 || len(hits) < query.Size) {
			hits = append(hits, map[string]any{"_index": index, "_id": id, "_source": json.RawMessage(source), "sort": []int{n}})
		}
	}
	if strings.HasSuffix(r.URL.Path, "/_count") {
		_, _ = fmt.Fprintf(w, `{"count":%d}`, len(hits))
	} else {
		_ = json.NewEncoder(w).Encode(map[string]any{"hits": map[string]any{"hits": hits}})
	}
	return w.Result(), nil
}

func comparedCurrent(t *testing.T, source *fakeSource, current Current, wait time.Duration) (Count, []Difference) {
	t.Helper()
	var found []Difference
	o := CompareOptions{Tables: []table.Name{retail().Name}, Wait: wait}
	result, err := CompareCurrent(t.Context(), source, current, o, func(d Difference) { found = append(found, d) })
	require.NoError(t, err)
	require.Empty(t, result.Uncompared)
	require.Len(t, result.Counts, 1)
	return result.Counts[0], found
}

func TestEveryKindOfDifferenceOfTheCurrentIndexIsNamed(t *testing.T) {
	source, f := &fakeSource{rows: map[int]int{}}, &fakeIndices{}
	for id := 10; id < 10+chunk+5; id++ {
		source.rows[id] = id
		f.put(shownIndex, id, id)
	}
	f.put(shownIndex, 11, -1)    // deleted only in the index
	source.rows[12] = 120        // changed only in the source
	source.rows[1] = 1           // inserted only in the source
	delete(source.rows, 13)      // deleted only in the source
	f.put(shownIndex, 99999, -1) // deleted in both
	count, found := comparedCurrent(t, source, f.current(), 0)
	require.ElementsMatch(t, []Difference{
		{Sink: HopCurrent, Table: "testdb.retail_trans", Key: "trans_id=1", Kind: Missing},
		{Sink: HopCurrent, Table: "testdb.retail_trans", Key: "trans_id=11", Kind: Missing},
		{Sink: HopCurrent, Table: "testdb.retail_trans", Key: "trans_id=12", Kind: Differs, Record: "bin.000001:4#1", Columns: []ColumnDifference{{"amount", "120", "12"}}},
		{Sink: HopCurrent, Table: "testdb.retail_trans", Key: "trans_id=13", Kind: Extra, Record: "bin.000001:4#1"},
	}, found)
	require.Equal(t, Count{Table: "testdb.retail_trans", Sink: HopCurrent, Rows: chunk + 5, Records: chunk + 4, Same: chunk + 2, Missing: 2, Extra: 1, Differs: 1}, count)
}

func TestTheAliasIsTheSourcesOwn(t *testing.T) {
	f := &fakeIndices{}
	f.put("current-orders-testdb-retail_trans", 1, 10)
	f.put(shownIndex, 1, 9)
	current := f.current()
	current.Source = "orders"
	count, _ := comparedCurrent(t, &fakeSource{rows: map[int]int{1: 10}}, current, 0)
	require.Equal(t, []int64{1, 0}, []int64{count.Same, count.Different()})
}

func TestTheIndexOfAnEpochIsComparedBeforeItIsShown(t *testing.T) {
	source, f := &fakeSource{rows: map[int]int{1: 10}}, &fakeIndices{}
	f.put(shownIndex, 1, 9)
	f.put(shownIndex+"-2", 1, 10)
	f.put(shownIndex+"-2", 2, -1)
	current := f.current()
	count, _ := comparedCurrent(t, source, current, 0)
	require.Equal(t, int64(1), count.Differs)
	current.Index = func(name table.Name) string {
		return currentstate.Source("").Index(name, 2)
	}
	count, _ = comparedCurrent(t, source, current, 0)
	require.Equal(t, []int64{1, 0}, []int64{count.Same, count.Different()})
	require.Equal(t, "/current-testdb-retail_trans-2/_count", f.asked[len(f.asked)-5])
}

func TestDocumentsOnTheirWayAreLookedAtAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source, f := &fakeSource{rows: map[int]int{1: 11, 2: 20, 3: 30, 5: 50, 6: 60}}, &fakeIndices{}
		f.put(shownIndex, 1, 10) // its update is on its way
		f.put(shownIndex, 4, 40) // its deletion is on its way
		f.put(shownIndex, 3, 31) // this row keeps changing; its document is newer than the value read
		f.put(shownIndex, 6, 61) // nothing will correct this document
		time.AfterFunc(12*time.Second, func() {
			f.put(shownIndex, 1, 11)
			f.put(shownIndex, 2, 20) // its insert was on its way
			f.put(shownIndex, 4, -1)
			source.mu.Lock()
			source.rows[3] = 31
			source.mu.Unlock()
		})
		began := time.Now()
		count, found := comparedCurrent(t, source, f.current(), time.Minute)
		require.Equal(t, []Difference{
			{Sink: HopCurrent, Table: "testdb.retail_trans", Key: "trans_id=5", Kind: Missing},
			{Sink: HopCurrent, Table: "testdb.retail_trans", Key: "trans_id=6", Kind: Differs, Record: "bin.000001:4#1", Columns: []ColumnDifference{{"amount", "60", "61"}}},
		}, found)
		require.Equal(t, []int64{3, 1, 1, 0}, []int64{count.Same, count.Missing, count.Differs, count.Extra})
		require.Equal(t, time.Minute, time.Since(began))
	})
}

// A search in a collection finds a document some time after its write. No request makes that faster.
func TestRowsOfACollectionAreLookedForAgainWithoutBeingTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source, f := &fakeSource{rows: map[int]int{1: 10, 2: 20}}, &fakeIndices{}
		f.put(shownIndex, 1, 10)
		time.AfterFunc(28*time.Second, func() { f.put(shownIndex, 2, 20) })
		current := f.current()
		current.FoundAfter = opensearch.FoundInCollection
		began := time.Now()
		_, found := comparedCurrent(t, source, current, 0)
		require.Empty(t, found)
		require.Equal(t, 30*time.Second, time.Since(began))
		require.NotContains(t, strings.Join(f.asked, " "), "_refresh")
		source.rows[3] = 30
		count, _ := comparedCurrent(t, source, current, 0)
		require.EqualValues(t, 1, count.Missing)
		require.Equal(t, 90*time.Second, time.Since(began), "a minute, and not for ever")
	})
}

// An index that is filling may lack more rows than are kept for a second look.
func TestAnIndexThatIsFillingIsComparedUntilItIsFull(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source, f := &fakeSource{rows: map[int]int{}}, &fakeIndices{}
		for id := range maxSuspects + 500 {
			source.rows[id] = id
		}
		count, found := comparedCurrent(t, source, f.current(), 0)
		require.Equal(t, int64(maxSuspects+500), count.Missing)
		require.Len(t, found, maxSuspects)
		time.AfterFunc(7*time.Second, func() {
			for id := range source.rows {
				f.put(shownIndex, id, id)
			}
		})
		began := time.Now()
		count, found = comparedCurrent(t, source, f.current(), time.Minute)
		require.Equal(t, Count{Table: "testdb.retail_trans", Sink: HopCurrent, Rows: maxSuspects + 500, Records: maxSuspects + 500, Same: maxSuspects + 500}, count)
		require.Empty(t, found)
		require.Equal(t, 10*time.Second, time.Since(began))
		source.rows[3] = 4
		_, found = comparedCurrent(t, source, f.current(), time.Minute)
		require.Len(t, found, 1)
	})
}

func TestADocumentThatComesAndGoesIsSeenAsItIsNow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source, f := &fakeSource{rows: map[int]int{1: 12}}, &fakeIndices{}
		f.put(shownIndex, 1, 10)
		time.AfterFunc(3*time.Second, func() { f.put(shownIndex, 1, -1) })
		time.AfterFunc(8*time.Second, func() { f.put(shownIndex, 1, 12) })
		began := time.Now()
		_, found := comparedCurrent(t, source, f.current(), time.Hour)
		require.Empty(t, found)
		require.Equal(t, 10*time.Second, time.Since(began))
		require.Equal(t, 2, f.lookups, "a known document is looked up")
	})
}

func TestTheCurrentIndexIsThirdOfTheSinks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source, w, f := &fakeSource{rows: map[int]int{1: 10, 2: 20}}, newWorld(), &fakeIndices{}
		w.both(set("insert", 1, 1, 10))
		f.put(shownIndex, 2, 20)
		w.domain.indices = []string{"retail-trans-2026-02-02"} // the earlier index has reached the end of its retention
		p := w.pipeline()
		current := f.current()
		p.Current = &current
		result, err := Compare(t.Context(), source, p, CompareOptions{Tables: []table.Name{retail().Name}}, func(Difference) {})
		require.NoError(t, err)
		counts := result.Counts
		require.Len(t, counts, 3)
		require.Equal(t, []int64{0, 1, 1}, []int64{counts[0].Expired, counts[0].Missing, counts[0].Same}, "a document tells nothing of records")
		require.Equal(t, Count{Table: "testdb.retail_trans", Sink: HopCurrent, Rows: 2, Records: 1, Same: 1, Missing: 1}, counts[2], "nothing expires there")
	})
}

// Documents escape column names that begin with _ or contain a dot. A NULL column has no field.
func TestFieldsAreComparedUnderTheirColumnsNames(t *testing.T) {
	odd := &sourceTable{Table: &schema.Table{Name: retail().Name, Key: []int{0}, Columns: []schema.Column{
		{Name: "_cdc", Kind: schema.Integer, Key: true}, {Name: "a.b%", Kind: schema.JSON, Nullable: true}, {Name: "c", Kind: schema.Text, Nullable: true},
	}}}
	h := hit{"i", "7", json.RawMessage(`{"%5Fcdc":7,"a%2Eb%25":"{\"k\": 1}","_cdc":{"deleted":false}}`)}
	var ids []string
	require.NoError(t, odd.document(h, func(id string, of state) error {
		ids = append(ids, id)
		_, columns, err := odd.Canonical([]sql.NullString{{String: "7", Valid: true}, {String: `{"k":1}`, Valid: true}, {}})
		require.NoError(t, err)
		require.True(t, odd.equal(columns, of))
		return nil
	}))
	require.Equal(t, []string{"7"}, ids)
}
