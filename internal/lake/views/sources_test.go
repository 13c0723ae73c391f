package views_test

import (
	"cdcpipeline/internal/lake/views"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestNamesOfASourceBeginWithItsOwn(t *testing.T) {
	tables := [][2]string{{"shop", "Order-Lines"}, {"shop", "order_lines"}, {"dms", "control"}, {"shop", "orders"}}
	unnamed, orders := views.Names(tables), views.Source("orders").Names(tables)
	for i, name := range orders {
		require.Equal(t, "orders_"+string(unnamed[i]), string(name), "apart from each other as they are without a name")
	}
	require.Equal(t, "dms_control_records", views.Source("").ControlRecords().Records())
	require.Equal(t, "orders_dms_control_records", views.Source("orders").ControlRecords().Records())
}

func TestALongNameKeepsItsSource(t *testing.T) {
	name := string(views.Source("orders").Names([][2]string{{"shop", strings.Repeat("x", 300)}})[0])
	require.True(t, strings.HasPrefix(name, "orders_shop_xxx"))
	require.LessOrEqual(t, len(name+"_changes"), 255)
}

func TestASourcesQueriesAreOfItsOwnRecords(t *testing.T) {
	for _, q := range views.Source("orders").Overview([]views.Name{"orders_shop_lines"}, [][2]string{{"shop", "lines"}}) {
		require.True(t, strings.HasPrefix(q.Name, "orders: all tables: "), q.Name)
		require.Contains(t, q.SQL, `"orders_`)
		require.NotContains(t, q.SQL, `"dms_control_records"`)
	}
}

func TestRowsOfAllSourcesAreCounted(t *testing.T) {
	queries := views.AllSources([]views.OfSource{
		{Names: []views.Name{"shop_lines"}, Tables: [][2]string{{"shop", "lines"}}},
		{Source: "orders", Names: []views.Name{"orders_shop_lines"}, Tables: [][2]string{{"shop", "lines"}}},
	})
	require.Len(t, queries, 1)
	require.Equal(t, `SELECT 'unnamed' AS "source", 'shop.lines' AS "table", count(*) AS "rows" FROM "shop_lines"
UNION ALL
SELECT 'orders' AS "source", 'shop.lines' AS "table", count(*) AS "rows" FROM "orders_shop_lines"
ORDER BY 1, 2
`, queries[0].SQL)
}

func TestTablesOfOneNameAreJoinedFirst(t *testing.T) {
	of := func(tables ...string) (all views.OfSource) {
		for _, name := range tables {
			database, table, _ := strings.Cut(name, ".")
			all.Tables = append(all.Tables, [2]string{database, table})
		}
		return all
	}
	for name, c := range map[string]struct {
		a, b views.OfSource
		want [2]int
		ok   bool
	}{
		"of one name":          {of("shop.a", "shop.b"), of("shop.c", "shop.b"), [2]int{1, 1}, true},
		"of one name, outside": {of("shop.a", "shop.b"), of("crm.c", "crm.b"), [2]int{1, 1}, true},
		"of none":              {of("shop.a"), of("shop.c", "shop.b"), [2]int{0, 0}, true},
		"without tables":       {of("shop.a"), of(), [2]int{0, 0}, false},
	} {
		i, j, ok := views.Pair(c.a, c.b)
		require.Equal(t, c.ok, ok, name)
		if ok {
			require.Equal(t, c.want, [2]int{i, j}, name)
		}
	}
}

func joined(t *testing.T, left, right views.Table) string {
	t.Helper()
	q, err := views.Join(views.Joined{Name: "shop_orders", Table: left}, views.Joined{Source: "crm", Name: "crm_shop_orders", Table: right})
	require.NoError(t, err)
	require.Equal(t, "two sources: unnamed and crm", q.Name)
	require.Equal(t, views.JoinName("", "crm"), q.Name)
	return q.SQL
}

func TestRowsOfTwoSourcesAreJoinedByTheirKeys(t *testing.T) {
	left := views.Table{Columns: []views.Column{{"crm_id", "int"}, {"id", "bigint unsigned"}}, PrimaryKey: []string{"id", "crm_id"}}
	right := views.Table{Columns: []views.Column{{"id", "int"}, {"no", "decimal(9,2)"}}, PrimaryKey: []string{"no", "id"}}
	require.Equal(t, `SELECT
  a."crm_id" AS "crm_id",
  a."id" AS "id",
  b."id" AS "crm_id_2",
  b."no" AS "crm_no"
FROM "shop_orders" a
JOIN "crm_shop_orders" b ON a."id" = b."no" AND a."crm_id" = b."id"
`, joined(t, left, right))
}

func TestKeysOfDifferentTypesCompare(t *testing.T) {
	of := func(typ string) views.Table {
		return views.Table{Columns: []views.Column{{"k", typ}}, PrimaryKey: []string{"k"}}
	}
	for types, want := range map[[2]string]string{
		{"int", "bigint unsigned"}:     `a."k" = b."k"`,
		{"decimal(9,2)", "double"}:     `a."k" = b."k"`,
		{"date", "datetime(6)"}:        `a."k" = b."k"`,
		{"varchar(9)", "char(4)"}:      `a."k" = b."k"`,
		{"varchar(9)", "decimal(9,2)"}: `TRY_CAST(a."k" AS decimal(9,2)) = b."k"`,
		{"bigint", "text"}:             `a."k" = TRY_CAST(b."k" AS bigint)`,
		{"datetime(6)", "varchar(40)"}: `a."k" = TRY_CAST(b."k" AS timestamp(6))`,
		{"bit(1)", "int"}:              `CAST(a."k" AS varchar) = CAST(b."k" AS varchar)`,
		{"date", "int"}:                `CAST(a."k" AS varchar) = CAST(b."k" AS varchar)`,
	} {
		require.Contains(t, joined(t, of(types[0]), of(types[1])), " ON "+want+"\n", types)
	}
}

func TestTablesWithoutAKeyAreNotJoined(t *testing.T) {
	keyed := views.Table{Columns: []views.Column{{"k", "int"}}, PrimaryKey: []string{"k"}}
	for _, pair := range [][2]views.Table{{{}, keyed}, {keyed, {}}} {
		_, err := views.Join(views.Joined{Table: pair[0]}, views.Joined{Table: pair[1]})
		require.ErrorContains(t, err, "it has no primary key")
	}
}
