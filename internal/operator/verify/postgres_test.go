package verify

import (
	"bytes"
	"cdcpipeline/internal/change"
	"cdcpipeline/internal/table"
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// logged returns a change of retail_trans at a position in PostgreSQL's log.
func logged(op change.Operation, lsn int, data string, before ...string) []byte {
	return bytes.Replace(record(op, lsn, data, before...), fmt.Appendf(nil, "bin.000001:%d:0", lsn), fmt.Appendf(nil, "00000001/%08X.1.00000001/%08X", lsn, lsn), 1)
}

func TestAllSinksOfPostgreSQLAreComparedByTheWholeRow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		afterRecords()
		source, w := &fakeSource{rows: map[int]int{1: 20, 3: 5}}, newWorld()
		w.both(
			logged(change.Update, 20, `{"trans_id":1,"amount":20}`, `{"trans_id":1,"event":"cart","amount":10}`), logged(change.Insert, 10, `{"trans_id":1,"event":"cart","amount":10}`),
			logged(change.Update, 40, `{"trans_id":3,"amount":5}`, `{"trans_id":2,"event":"cart","amount":5}`), logged(change.Insert, 30, `{"trans_id":2,"event":"cart","amount":5}`),
			logged(change.Insert, 0xA0, `{"trans_id":4,"event":"cart","amount":5}`), logged(change.Delete, 0xB0, `{"trans_id":4}`), logged(change.Update, 0xA8, `{"trans_id":4,"amount":6,"event":"x"}`, `{}`),
		)
		p := w.pipeline()
		var found []Difference
		compare := func() Result {
			found = nil
			result, err := Compare(t.Context(), source, p, CompareOptions{Tables: []table.Name{retail().Name}}, func(d Difference) { found = append(found, d) })
			require.NoError(t, err)
			return result
		}
		p.Kind = change.PostgreSQL
		result := compare()
		require.Empty(t, result.Uncompared)
		require.Empty(t, found)
		require.EqualValues(t, 2, result.Counts[0].Same)
		p.Kind = change.MySQL
		require.NotEmpty(t, compare().Uncompared, "no binlog has such a place")
	})
}

func TestARowOfPostgreSQLIsFollowed(t *testing.T) {
	m := &marker{sourceTable: retail(), key: change.Key{"7"}}
	m.kind = change.PostgreSQL
	r, ok := m.parse(logged(change.Insert, 9, `{"trans_id":7,"event":"cart","amount":5}`))
	require.True(t, ok)
	require.Equal(t, change.PostgreSQL, r.Kind)
}

func TestAnUpdateOfPostgreSQLIsWatchedWithWhatItDidNotChange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		since := time.Now()
		w.stream.put(0, logged(change.Update, 9, `{"trans_id":7,"amount":6}`, `{"trans_id":7,"event":"cart","amount":5}`))
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		var out bytes.Buffer
		require.NoError(t, Watch(ctx, Stream{w.stream, "s"}, WatchOptions{Kind: change.PostgreSQL, Since: since}, &out))
		require.Equal(t, "2026-01-02T03:04:05.000000Z update testdb.retail_trans 9 trans_id=7 amount=6 event=cart (amount was 5)", strings.TrimSpace(out.String()))
	})
}
