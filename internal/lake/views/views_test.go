package views_test

import (
	"cdcpipeline/internal/lake/partition"
	"cdcpipeline/internal/lake/views"
	"encoding/base64"
	"encoding/json"
	"flag"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

var update = flag.Bool("update", false, "write the golden files")

var orders = views.Table{
	Database: "shop", Name: "Orders",
	Columns: []views.Column{
		{"tenant", "int(10) unsigned"},
		{"id", "bigint(20) unsigned"},
		{"Total", "decimal(12,2)"},
		{"placed-at", "datetime(6)"},
		{"due", "date"},
		{"paid", "bit(1)"},
		{`no"te's`, "varchar(200)"},
	},
	PrimaryKey: []string{"tenant", "id"},
}

func described(t *testing.T, table views.Table) views.Catalog {
	t.Helper()
	c, err := views.Describe(views.Names([][2]string{{table.Database, table.Name}})[0], table)
	require.NoError(t, err)
	return c
}

// The SQL is in files for people to read. The rehearsal's package catalog runs it.
func TestSQL(t *testing.T) {
	c := described(t, orders)
	files := map[string]string{"changes.sql": c.Changes.SQL, "rows.sql": c.Rows.SQL}
	for _, q := range append(c.Queries, views.Overview([]views.Name{"shop_orders", "shop_lines"}, [][2]string{{"shop", "Orders"}, {"shop", "lines"}})...) {
		_, name, _ := strings.Cut(q.Name, ": ")
		if strings.HasPrefix(q.Name, "all tables") {
			name = "all " + name
		}
		files[strings.ReplaceAll(name, " ", "_")+".sql"] = "-- " + q.Name + "\n-- " + q.Description + "\n" + q.SQL
	}
	anew := orders
	anew.Since = time.Date(2026, 11, 23, 0, 38, 10, 0, time.UTC)
	files["rows_since.sql"] = described(t, anew).Rows.SQL
	require.Equal(t, c.Changes, described(t, anew).Changes, "what was is not changed by it")
	require.Len(t, files, 3+len(views.TableQueries)+4)
	for name, got := range files {
		file := "testdata/" + name
		if *update {
			require.NoError(t, os.WriteFile(file, []byte(got), 0o644))
		}
		want, err := os.ReadFile(file)
		require.NoError(t, err)
		require.Equal(t, string(want), got, "%s: run go test ./athena -update after looking at the difference", file)
	}
}

func TestTypesHoldEveryValue(t *testing.T) {
	for mysql, want := range map[string][2]string{
		"tinyint(1)":                   {"int", "integer"},
		"smallint(5) unsigned":         {"int", "integer"},
		"mediumint(8) unsigned":        {"int", "integer"},
		"int(11)":                      {"int", "integer"},
		"int":                          {"int", "integer"},
		"int unsigned":                 {"bigint", "bigint"},
		"int(10) unsigned zerofill":    {"bigint", "bigint"},
		"bigint(20)":                   {"bigint", "bigint"},
		"bigint(20) unsigned":          {"decimal(20,0)", "decimal(20,0)"},
		"BIGINT(20) UNSIGNED ZEROFILL": {"decimal(20,0)", "decimal(20,0)"},
		"year(4)":                      {"int", "integer"},
		"decimal(10,2)":                {"decimal(10,2)", "decimal(10,2)"},
		"decimal(38,30) unsigned":      {"decimal(38,30)", "decimal(38,30)"},
		"decimal(39,0)":                {"string", "varchar"},
		"decimal(65,30)":               {"string", "varchar"},
		"float":                        {"float", "real"},
		"double(10,2)":                 {"double", "double"},
		"bit(1)":                       {"boolean", "boolean"},
		"bit(8)":                       {"string", "varchar"},
		"date":                         {"date", "date"},
		"datetime":                     {"timestamp", "timestamp(3)"},
		"timestamp(3)":                 {"timestamp", "timestamp(3)"},
		"datetime(6)":                  {"timestamp", "timestamp(6)"},
		"time(6)":                      {"string", "varchar"},
		"varchar(20)":                  {"string", "varchar"},
		"longtext":                     {"string", "varchar"},
		"json":                         {"string", "varchar"},
		"varbinary(16)":                {"string", "varchar"},
		"enum('bigint','b')":           {"string", "varchar"},
		"set('a,b','it''s')":           {"string", "varchar"},
		"geometry":                     {"string", "varchar"},
		"inet6":                        {"string", "varchar"},
	} {
		c := described(t, views.Table{Database: "d", Name: "t", Columns: []views.Column{{"k", "int"}, {"v", mysql}}, PrimaryKey: []string{"k"}})
		f := c.Rows.Fields[1]
		require.Equal(t, want, [2]string{f.Hive, f.SQL}, mysql)
	}
}

func TestNamesAreUniqueAndPlain(t *testing.T) {
	require.Equal(t, []views.Name{"shop_order_lines", "상점_t"}, views.Names([][2]string{{"Shop", "order-lines"}, {"상점", "T"}}))

	apart := views.Names([][2]string{{"a_b", "c"}, {"a", "b_c"}, {"x", "t"}, {"x", "t_changes"}, {"dms", "control"}})
	seen := map[string]bool{views.ControlRecords.Records(): true}
	for _, n := range apart {
		for _, name := range []string{n.Rows(), n.Changes(), n.Records()} {
			require.False(t, seen[name], name)
			seen[name] = true
		}
	}
}

func TestNamesOfDifferentTablesDiffer(t *testing.T) {
	part := rapid.StringMatching(`[abAB_$-]{1,4}(_changes|_records)?`)
	rapid.Check(t, func(t *rapid.T) {
		tables := rapid.SliceOfNDistinct(rapid.Custom(func(t *rapid.T) [2]string {
			return [2]string{part.Draw(t, "database"), part.Draw(t, "table")}
		}), 1, 12, func(t [2]string) [2]string { return t }).Draw(t, "tables")
		seen := map[string]bool{}
		for _, n := range views.Names(tables) {
			for _, name := range []string{n.Rows(), n.Changes(), n.Records()} {
				require.False(t, seen[name], "%s of %v", name, tables)
				require.LessOrEqual(t, len(name), 255)
				seen[name] = true
			}
		}
	})
}

// Names stay unique when each table also has a table of rows and its views. Without these, the names do not change.
func TestNamesWithTablesDifferTooAndOthersAreNotChangedByThem(t *testing.T) {
	tables := [][2]string{{"shop", "orders"}, {"shop", "orders_raw"}, {"shop", "lines"}, {"shop", "lines_table"}, {"shop", "returns"}}
	require.Equal(t, []views.Name{"shop_orders", "shop_orders_raw", "shop_lines", "shop_lines_table", "shop_returns"}, views.Names(tables))
	names := views.NamesWithTables(tables)
	require.Equal(t, views.Name("shop_returns"), names[4])
	seen := map[string]bool{}
	for _, n := range names {
		for _, name := range []string{n.Rows(), n.Changes(), n.Records(), n.Table(), n.Raw()} {
			require.False(t, seen[name], name)
			seen[name] = true
		}
	}
}

func TestFieldsAreThoseOfTheViews(t *testing.T) {
	fields, key, err := views.Fields(orders)
	require.NoError(t, err)
	rows := described(t, orders).Rows
	require.Len(t, fields, len(orders.Columns))
	for i, f := range fields {
		require.Equal(t, rows.Fields[i], f.Field)
		require.Equal(t, orders.Columns[i], f.Column)
	}
	require.Equal(t, fields[:2], key)
	_, _, err = views.Fields(views.Table{Database: "d", Name: "t"})
	require.EqualError(t, err, "describing d.t: it has no primary key")
}

func TestColumnsOfTheSourceKeepTheirNames(t *testing.T) {
	c := described(t, views.Table{
		Database: "d", Name: "t", PrimaryKey: []string{"id"},
		Columns: []views.Column{{"id", "int"}, {"cdc_operation", "text"}, {"a-b", "text"}, {"a_b", "text"}, {"dt", "text"}},
	})
	names := map[string]int{}
	for _, f := range c.Changes.Fields {
		names[f.Name]++
	}
	for name, n := range names {
		require.Equal(t, 1, n, name)
	}
	require.Contains(t, names, "cdc_operation")
	require.Contains(t, names, "cdc_cdc_operation")
	require.Contains(t, names, "a_b_4")
	require.Contains(t, names, "dt")
}

// Whatever the columns' names, their names in the catalog are unique and differ from those of the metadata.
func TestNamesOfColumnsAreUnique(t *testing.T) {
	part := rapid.StringMatching(`(cdc_)?(cdc_|[abAB._-]|İ|K)?(before_|key|unreadable|a_b|record|dt)?(_[2-5])?`)
	rapid.Check(t, func(t *rapid.T) {
		table := views.Table{Database: "d", Name: "t"}
		// MySQL's column names are not case-sensitive.
		for _, name := range rapid.SliceOfNDistinct(part, 1, 8, strings.ToLower).Draw(t, "columns") {
			table.Columns = append(table.Columns, views.Column{"x" + name, rapid.SampledFrom([]string{"int", "text"}).Draw(t, "type")}, views.Column{name + "y", "int"})
		}
		table.PrimaryKey = []string{table.Columns[0].Name, table.Columns[1].Name}
		c, err := views.Describe("d_t", table)
		require.NoError(t, err)
		for _, v := range []views.View{c.Changes, c.Rows} {
			seen := map[string]bool{}
			for _, f := range v.Fields {
				require.False(t, seen[f.Name], "%s of %v", f.Name, table.Columns)
				require.Equal(t, strings.ToLower(f.Name), f.Name)
				seen[f.Name] = true
			}
		}
	})
}

// The third column's generated name would be the first column's name.
func TestANameThatIsMadeUniqueIsTakenToo(t *testing.T) {
	c := described(t, views.Table{Database: "d", Name: "t", PrimaryKey: []string{"a_b_3"}, Columns: []views.Column{{"a_b_3", "int"}, {"a_b", "int"}, {"a.b", "int"}}})
	require.Equal(t, []string{"a_b_3", "a_b", "a_b_3_3"}, []string{c.Rows.Fields[0].Name, c.Rows.Fields[1].Name, c.Rows.Fields[2].Name})
}

func TestTableWithoutAKeyIsRefused(t *testing.T) {
	for want, table := range map[string]views.Table{
		"describing d.t: it has no primary key":                                 {Database: "d", Name: "t", Columns: []views.Column{{"id", "int"}}},
		"describing d.t: column id of the primary key is not among its columns": {Database: "d", Name: "t", PrimaryKey: []string{"id"}},
	} {
		_, err := views.Describe("d_t", table)
		require.EqualError(t, err, want)
	}
}

// The text is in Athena's format: see the link at View.Text.
func TestViewIsWrittenAsAthenaDoes(t *testing.T) {
	v := described(t, orders).Rows
	text, err := v.Text("shop_dev")
	require.NoError(t, err)
	encoded, ok := strings.CutPrefix(text, "/* Presto View: ")
	require.True(t, ok, text)
	encoded, ok = strings.CutSuffix(encoded, " */")
	require.True(t, ok, text)
	decoded, err := base64.StdEncoding.DecodeString(encoded)
	require.NoError(t, err)
	var got map[string]any
	require.NoError(t, json.Unmarshal(decoded, &got))
	require.Equal(t, v.SQL, got["originalSql"])
	require.Equal(t, "awsdatacatalog", got["catalog"])
	require.Equal(t, "shop_dev", got["schema"])
	require.Equal(t, map[string]any{"name": "id", "type": "decimal(20,0)"}, got["columns"].([]any)[1])
	require.Len(t, got["columns"], len(orders.Columns)+1, "and cdc_unreadable")
}

func TestRecordsAreWhereTheDeliveryPutsThem(t *testing.T) {
	location := partition.Folder("s3://lake/raw", "shop", "a$b-ü!")
	require.Equal(t, "s3://lake/raw/schema=shop/table=a%24b-%C3%BC!/", location)
	parameters := views.RecordParameters(location, "2026-01-01")
	require.Equal(t, location+"dt=${dt}/hour=${hour}/", parameters["storage.location.template"])
	require.Equal(t, "2026-01-01,NOW", parameters["projection.dt.range"])
}
