package athena

import (
	"cdcpipeline/internal/lake/views"
	"cdcpipeline/rehearsal/stores"
	"cdcpipeline/rehearsal/stores/storestest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// The source formats its values differently, but its row must equal the view's row of the same record.
func TestSourceAndViewAreCompared(t *testing.T) {
	ctx := t.Context()
	server, err := storestest.Site(t).StartMariaDB(ctx, stores.MariaDBOptions{})
	require.NoError(t, err)
	defer server.Stop()
	db := server.Root()
	for _, statement := range []string{
		"CREATE DATABASE shop",
		"CREATE TABLE shop.Orders (id bigint unsigned, `Customer` varchar(100), total decimal(38,10), huge decimal(65,30), `placed-at` datetime(6), due date, took time," +
			" paid bit(1), weight float, ratio double, raw varbinary(4), flags bit(10), zero datetime, PRIMARY KEY (id))",
		"INSERT INTO shop.Orders VALUES (18446744073709551615, '상점 \"Ü\"', 1234567890123456789012345678.0123456789, 12345678901234567890123456789012345.000000000000000000000000000001," +
			" '2026-11-01 06:59:59.120000', '1000-01-01', '-838:59:59', b'1', 16777217, 0.00001, x'00FF', b'1000000001', NULL)",
		"INSERT INTO shop.Orders (id, Customer, paid) VALUES (2, '', b'0')",
		"SET SESSION sql_mode = ''",
		"INSERT INTO shop.Orders (id, zero) VALUES (3, '0000-00-00 00:00:00')",
	} {
		_, err := db.ExecContext(ctx, statement)
		require.NoError(t, err, statement)
	}
	table := orders
	table.Columns = append(table.Columns[:len(table.Columns):len(table.Columns)], views.Column{Name: "flags", Type: "bit(10)"}, views.Column{Name: "zero", Type: "datetime"})
	lines := []string{
		load(1, `{"id":18446744073709551615,"Customer":"상점 \"Ü\"","total":1234567890123456789012345678.0123456789,"huge":12345678901234567890123456789012345.000000000000000000000000000001,`+
			`"placed-at":"2026-11-01T06:59:59.120000Z","due":"1000-01-01","took":"-838:59:59","paid":true,"weight":1.6777216e+07,"ratio":1e-05,"raw":"0x00FF","flags":"0x0201"}`),
		load(1, `{"id":2,"Customer":"","paid":false}`), load(1, `{"id":3}`),
	}
	got, err := answers(t, asked(t, table), lake{object: lines})
	require.NoError(t, err)

	differences, rows, err := Compare(ctx, db, "shop", "Orders", got.Views["shop_orders"])
	require.NoError(t, err)
	require.Empty(t, differences)
	require.Equal(t, 3, rows)

	_, err = db.ExecContext(ctx, "UPDATE shop.Orders SET Customer = NULL WHERE id = 2")
	require.NoError(t, err)
	differences, _, err = Compare(ctx, db, "shop", "Orders", got.Views["shop_orders"])
	require.NoError(t, err)
	require.Len(t, differences, 2)
	require.Contains(t, differences[0], "only in the lake: ")
	require.Contains(t, differences[1], "only in the source: ")
}

func TestTimesAreComparedToTheMillisecondOnDemand(t *testing.T) {
	table := sourceTable{
		Table:  views.Table{Columns: []views.Column{{Name: "id"}, {Name: "at"}}, PrimaryKey: []string{"id"}},
		fields: []views.Field{{Name: "id", Hive: "int"}, {Name: "at", Hive: "timestamp"}},
	}
	source := []Row{{"id": "1", "at": "2026-11-28 10:00:00.123456"}, {"id": "2", "at": "2026-11-28 10:00:00.999999"}, {"id": "3", "at": nil}}
	cut := []Row{{"id": "1", "at": "2026-11-28 10:00:00.123"}, {"id": "2", "at": "2026-11-28 10:00:01"}, {"id": "3", "at": nil}}
	require.Equal(t, source, table.snapped(cut, source, time.Millisecond))
	wrong := []Row{{"id": "1", "at": "2026-11-28 10:00:00.122"}, {"id": "4", "at": "2026-11-28 10:00:00.123"}, {"id": "3", "at": "2026-11-28 10:00:00"}}
	require.Equal(t, wrong, table.snapped(wrong, source, time.Millisecond))
}
