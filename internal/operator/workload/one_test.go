package workload

import (
	"bytes"
	"cdcpipeline/internal/operator/schema"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestOneRowIsInsertedDeletedAndJournaled(t *testing.T) {
	for _, table := range []*schema.Table{retailTable(), ordersTable()} {
		var journal bytes.Buffer
		m := &memory{next: 6}
		row, err := insertOne(t.Context(), m, table, 42, &journal)
		require.NoError(t, err)
		require.Equal(t, []int{1}, m.sizes)
		require.NoError(t, row.Delete(t.Context()))
		row.Close()
		entries := journaled(t, &journal)
		require.Len(t, entries, 2)
		for i, e := range entries {
			require.Equal(t, []any{int64(i + 1), int64(i + 1), []Op{Insert, Delete}[i], table.Name.String()}, []any{e.N, e.Tx, e.Op, e.Table})
			require.Len(t, e.Key, len(table.Key))
			require.Len(t, e.Row, len(table.Columns))
		}
		require.Equal(t, entries[0].Row, entries[1].Row)
		require.Equal(t, row.Row, entries[0].Row)
		require.Equal(t, row.Key, entries[0].Key)
		require.False(t, row.Committed.IsZero())
	}
}
