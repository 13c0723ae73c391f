package verify

import (
	"cdcpipeline/internal/change"
	"cdcpipeline/internal/operator/schema"
	"cdcpipeline/internal/table"
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// other is a second table with the columns of retail_trans.
var other = table.Name{Database: "testdb", Table: "other"}

func TestATableThatCannotBeComparedHoldsUpNoOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source, w := &fakeSource{rows: map[int]int{1: 10}, broken: map[string]error{"other": errors.New("it has no primary key")}}, newWorld()
		w.both(set(change.Insert, 1, 1, 10))
		result, err := Compare(t.Context(), source, w.pipeline(), CompareOptions{Tables: []table.Name{other, retail().Name}}, func(Difference) {})
		require.NoError(t, err)
		require.Len(t, result.Uncompared, 1)
		require.Equal(t, []string{"testdb.other", "it has no primary key"}, []string{result.Uncompared[0].Table, result.Uncompared[0].Problem})
		require.EqualError(t, result.Uncompared[0].Err, "comparing testdb.other: it has no primary key")
		require.Len(t, result.Counts, 2)
		require.Equal(t, []int64{1, 0}, []int64{result.Counts[0].Same, result.Counts[0].Different()})
	})
}

func TestASinkThatCannotBeReadIsNamed(t *testing.T) {
	w := newWorld()
	w.domain.status = 403
	compare := func() error {
		result, err := Compare(t.Context(), &fakeSource{}, w.pipeline(), CompareOptions{Tables: []table.Name{retail().Name}}, func(Difference) {})
		require.NoError(t, err)
		require.Empty(t, result.Counts)
		return result.Uncompared[0].Err
	}
	require.ErrorContains(t, compare(), "comparing testdb.retail_trans: history: the domain answered 403")
	w.domain.status = 0
	w.bucket.put("x.gz", []byte("garbage"))
	require.ErrorContains(t, compare(), "x.gz: reading a change record: it is not JSON")
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := Compare(ended, &fakeSource{}, w.pipeline(), CompareOptions{Tables: []table.Name{retail().Name}}, func(Difference) {})
	require.ErrorIs(t, err, context.Canceled)
}

func TestOneColumnOfAnUnknownTypeIsNamed(t *testing.T) {
	c := &comparison{source: unknownColumn{&fakeSource{}}, sides: []*side{{sink: &currentSink{Current: Current{Client: reached(&fakeIndices{}, "p")}}}}}
	require.NoError(t, c.run(t.Context(), retail().Name, nil))
	require.Equal(t, []string{"amount"}, c.sides[0].NotCompared)
}

// unknownColumn is a source without rows. Its table has a column of an unknown type.
type unknownColumn struct{ *fakeSource }

func (unknownColumn) Table(context.Context, table.Name) (*schema.Table, error) {
	t := retail().Table
	t.Columns[2].Kind = schema.Unsupported
	return t, nil
}

// uncompared returns the error of the only table.
func uncompared(t *testing.T, f *fakeIndices) error {
	result, err := CompareCurrent(t.Context(), &fakeSource{}, f.current(), CompareOptions{Tables: []table.Name{retail().Name}, Wait: time.Hour}, func(Difference) {})
	require.NoError(t, err)
	require.Len(t, result.Uncompared, 1)
	return result.Uncompared[0].Err
}

func TestWhatIsNoDocumentOfARowIsAnError(t *testing.T) {
	for message, documents := range map[string]map[string]string{
		"the document x: a row of testdb.retail_trans in the sink lacks column trans_id": {"x": `{"id":1,"_cdc":{"deleted":false}}`},
		"the document y: reading a document: its member _cdc":                            {"y": `{"trans_id":1}`},
		"the documents 1 and 1.0 are for the same row of testdb.retail_trans":            {"1": `{"trans_id":1,"_cdc":{}}`, "1.0": `{"trans_id":1.0,"_cdc":{}}`},
	} {
		f := &fakeIndices{}
		for id, source := range documents {
			f.set(shownIndex, id, source)
		}
		require.ErrorContains(t, uncompared(t, f), "comparing testdb.retail_trans: ")
		require.ErrorContains(t, uncompared(t, f), message)
	}
	require.ErrorContains(t, uncompared(t, &fakeIndices{status: 403}), "current: the domain answered 403 (the user has no permission to read the index)")
}
