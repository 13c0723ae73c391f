package tables_test

import (
	"cdcpipeline/internal/lake/tables"
	"cdcpipeline/internal/lake/views"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTheSpecificationTellsWhatTheViewShows(t *testing.T) {
	spec, err := tables.Parse([]byte(written(t)))
	require.NoError(t, err)
	table, ok := spec.Find("shop", "Order-Lines")
	require.True(t, ok)
	require.Equal(t, "shop_order_lines", table.View())
	shown, err := table.Shown()
	require.NoError(t, err)
	view, err := tables.Rows("shop_order_lines", orders)
	require.NoError(t, err)
	var fields []views.Field
	for i, f := range shown {
		fields = append(fields, f.Field)
		require.Equal(t, orders.Columns[i], f.Column)
	}
	require.Equal(t, view.Fields, fields)

	_, ok = spec.Find("shop", "order-lines")
	require.False(t, ok, "names are the source's own")
	_, err = tables.Parse([]byte("{"))
	require.ErrorContains(t, err, "reading the specification")
}
