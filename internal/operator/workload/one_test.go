package workload

import (
	"bytes"
	"database/sql"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestOneRowIsInsertedDeletedAndJournaled(t *testing.T) {
	for _, table := range []*Table{retailTable(), ordersTable()} {
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

func TestPagesGoOnAfterTheWholeKey(t *testing.T) {
	table := ordersTable()
	where, args, err := table.beyond(nil)
	require.NoError(t, err)
	require.Empty(t, where)
	require.Empty(t, args)
	row := make([]sql.NullString, len(table.Columns))
	row[0], row[1] = sql.NullString{String: "acme", Valid: true}, sql.NullString{String: "18446744073709551615", Valid: true}
	where, args, err = table.beyond(row)
	require.NoError(t, err)
	require.Equal(t, " WHERE (`tenant` > ?) OR (`tenant` = ? AND `id` > ?)", where)
	require.Equal(t, []any{"acme", "acme", uint64(18446744073709551615)}, args)
}

func TestKeysThatOrderOtherwiseAreRefused(t *testing.T) {
	table := ordersTable()
	require.NoError(t, table.pageable())
	table.Columns[0].Kind = Enum
	_, err := table.Page(t.Context(), nil, nil, 10)
	require.ErrorContains(t, err, "testdb.orders: column tenant of the primary key is a FLOAT, ENUM or SET")
}
