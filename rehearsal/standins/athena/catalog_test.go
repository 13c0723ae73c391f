package athena

import (
	"cdcpipeline/internal/lake/views"
	"cdcpipeline/rehearsal/stores/storestest"
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const (
	bucket   = "lake"
	database = "shops"
)

func TestMain(m *testing.M) { os.Exit(storestest.Run(m)) }

var orders = views.Table{
	Database: "shop", Name: "Orders",
	Columns: []views.Column{
		{Name: "id", Type: "bigint(20) unsigned"},
		{Name: "Customer", Type: "varchar(100)"},
		{Name: "total", Type: "decimal(38,10)"},
		{Name: "huge", Type: "decimal(65,30)"},
		{Name: "placed-at", Type: "datetime(6)"},
		{Name: "due", Type: "date"},
		{Name: "took", Type: "time"},
		{Name: "paid", Type: "bit(1)"},
		{Name: "weight", Type: "float"},
		{Name: "ratio", Type: "double"},
		{Name: "raw", Type: "varbinary(4)"},
	},
	PrimaryKey: []string{"id"},
}

// lake maps an object's key to its lines.
type lake map[string][]string

// catalogued has the resources that the program registers for a table.
type catalogued struct {
	Tables  []table
	Queries []query
}

func asked(t *testing.T, of ...views.Table) catalogued {
	t.Helper()
	tables, queries, err := described(database, bucket, "raw", "2026-11-01", of)
	require.NoError(t, err)
	return catalogued{tables, queries}
}

// answers runs everything over a lake.
func answers(t *testing.T, q catalogued, l lake) (Result, error) {
	t.Helper()
	python, err := storestest.Site(t).Python(t.Context())
	require.NoError(t, err)
	dir := t.TempDir()
	objects := map[string]string{}
	for key, lines := range l {
		file := fmt.Sprintf("%s/%d.gz", dir, len(objects))
		body, err := zipped(lines)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(file, body, 0o600))
		objects["s3://"+bucket+"/"+key] = file
	}
	engine, err := startDuckDB(t.Context(), python, dir, question{q.Tables, objects})
	if err != nil {
		return Result{}, err
	}
	defer engine.Close()
	return run(t.Context(), engine, q.Tables, q.Queries)
}

const (
	folder  = "raw/schema=shop/table=Orders/dt=2026-11-01/hour=07/"
	object  = folder + "a.gz"
	control = "raw/schema=_control/table=_control/dt=2026-11-01/hour=07/a.gz"
)

// load, and changed with a position in the binlog, are records as DMS writes them.
func load(second int, data string) string {
	return fmt.Sprintf(`{"data":%s,"metadata":{"timestamp":"2026-11-01T07:00:%02d.000000Z","record-type":"data","operation":"load","schema-name":"shop","table-name":"Orders"}}`, data, second)
}

func changed(operation string, file, offset, record int, data, before string) string {
	if before != "" {
		before = `"before-image":` + before + ","
	}
	return fmt.Sprintf(`{%s"data":%s,"metadata":{"timestamp":"2026-11-01T08:00:00.000000Z","record-type":"data","operation":%q,"schema-name":"shop","table-name":"Orders",`+
		`"commit-timestamp":"2026-11-01T07:30:00.000000Z","transaction-id":%d,"transaction-record-id":%d,"stream-position":"mysql-bin-changelog.%06d:%d:0:9"}}`,
		before, data, operation, offset, record, file, offset)
}

// customers are the remaining id and name of each row.
func customers(rows []Row) map[string]any {
	left := map[string]any{}
	for _, row := range rows {
		left[row["id"].(string)] = row["customer"]
	}
	return left
}

func TestEveryValueIsAsItWas(t *testing.T) {
	got, err := answers(t, asked(t, orders), lake{object: {load(1, `{"id":18446744073709551615,"Customer":"상점 \"Ü\" 😀\nzwei","total":1234567890123456789012345678.0123456789,`+
		`"huge":12345678901234567890123456789012345.000000000000000000000000000001,"placed-at":"2026-11-01T06:59:59.123456Z","due":"1000-01-01","took":"-838:59:59",`+
		`"paid":true,"weight":1.1,"ratio":0.1,"raw":"0x00FF"}`)}})
	require.NoError(t, err)
	require.Equal(t, []Row{{
		"id": "18446744073709551615", "customer": "상점 \"Ü\" 😀\nzwei", "total": "1234567890123456789012345678.0123456789",
		"huge": "12345678901234567890123456789012345.000000000000000000000000000001", "placed_at": "2026-11-01 06:59:59.123456",
		"due": "1000-01-01", "took": "-838:59:59", "paid": "true", "weight": "1.1", "ratio": "0.1", "raw": "0x00FF", "cdc_unreadable": nil,
	}}, got.Views["shop_orders"])
}

func TestAbsentAndNullAreNullAndEmptyIsNot(t *testing.T) {
	got, err := answers(t, asked(t, orders), lake{object: {load(1, `{"id":1}`), load(1, `{"id":2,"Customer":null,"total":null,"paid":null}`), load(1, `{"id":3,"Customer":""}`)}})
	require.NoError(t, err)
	require.Equal(t, map[string]any{"1": nil, "2": nil, "3": ""}, customers(got.Views["shop_orders"]))
	require.Nil(t, got.Views["shop_orders"][0]["total"])
}

func TestRowsAreTheLatestChange(t *testing.T) {
	cases := map[string]struct {
		lines []string
		want  map[string]any
	}{
		"a load alone":                      {[]string{load(1, `{"id":1,"Customer":"a"}`)}, map[string]any{"1": "a"}},
		"a later load":                      {[]string{load(2, `{"id":1,"Customer":"b"}`), load(1, `{"id":1,"Customer":"a"}`)}, map[string]any{"1": "b"}},
		"a change is above any load":        {[]string{changed("update", 1, 4, 1, `{"id":1,"Customer":"b"}`, `{"id":1}`), load(59, `{"id":1,"Customer":"a"}`)}, map[string]any{"1": "b"}},
		"a later offset":                    {[]string{changed("update", 1, 1000, 1, `{"id":1,"Customer":"b"}`, ""), changed("update", 1, 999, 9, `{"id":1,"Customer":"a"}`, "")}, map[string]any{"1": "b"}},
		"a later file":                      {[]string{changed("update", 10, 4, 1, `{"id":1,"Customer":"b"}`, ""), changed("update", 9, 999, 9, `{"id":1,"Customer":"a"}`, "")}, map[string]any{"1": "b"}},
		"a file of more digits":             {[]string{changed("update", 1000000, 4, 1, `{"id":1,"Customer":"b"}`, ""), changed("update", 999999, 4, 1, `{"id":1,"Customer":"a"}`, "")}, map[string]any{"1": "b"}},
		"a later record of one transaction": {[]string{changed("update", 1, 4, 10, `{"id":1,"Customer":"b"}`, ""), changed("update", 1, 4, 9, `{"id":1,"Customer":"a"}`, "")}, map[string]any{"1": "b"}},
		"a delete":                          {[]string{load(1, `{"id":1,"Customer":"a"}`), load(1, `{"id":2,"Customer":"x"}`), changed("delete", 1, 4, 1, `{"id":1,"Customer":"a"}`, "")}, map[string]any{"2": "x"}},
		"inserted again":                    {[]string{changed("delete", 1, 5, 1, `{"id":1}`, ""), changed("insert", 1, 6, 1, `{"id":1,"Customer":"c"}`, ""), changed("insert", 1, 4, 1, `{"id":1,"Customer":"a"}`, "")}, map[string]any{"1": "c"}},
		"delivered twice":                   {[]string{changed("insert", 1, 4, 1, `{"id":1,"Customer":"a"}`, ""), changed("insert", 1, 4, 1, `{"id":1,"Customer":"a"}`, "")}, map[string]any{"1": "a"}},
		"a changed key":                     {[]string{load(1, `{"id":1,"Customer":"a"}`), changed("update", 1, 4, 1, `{"id":2,"Customer":"a"}`, `{"id":1}`)}, map[string]any{"2": "a"}},
		"keys that changed places": {
			[]string{
				load(1, `{"id":1,"Customer":"a"}`), load(1, `{"id":2,"Customer":"b"}`),
				changed("update", 1, 4, 1, `{"id":3,"Customer":"a"}`, `{"id":1}`), changed("update", 1, 5, 1, `{"id":1,"Customer":"b"}`, `{"id":2}`),
				changed("update", 1, 6, 1, `{"id":2,"Customer":"a"}`, `{"id":3}`),
			},
			map[string]any{"1": "b", "2": "a"},
		},
		"blank lines and others":   {[]string{"", load(1, `{"id":1,"Customer":"a"}`), "  ", "not JSON", `{"control":{},"metadata":{"record-type":"control","operation":"create-table"}}`}, map[string]any{"1": "a"}},
		"columns that nobody knew": {[]string{load(1, `{"id":1,"Customer":"a","new":7}`)}, map[string]any{"1": "a"}},
	}
	// All cases share one lake with separate ids, so that one engine run is enough.
	names := slices.Sorted(maps.Keys(cases))
	id := regexp.MustCompile(`"id":(\d)`)
	var lines []string
	for i, name := range names {
		for _, line := range cases[name].lines {
			lines = append(lines, id.ReplaceAllString(line, fmt.Sprintf(`"id":%d$1`, i+1)))
		}
	}
	got, err := answers(t, asked(t, orders), lake{object: lines})
	require.NoError(t, err)
	left := customers(got.Views["shop_orders"])
	for i, name := range names {
		t.Run(name, func(t *testing.T) {
			of := map[string]any{}
			for id, customer := range left {
				if own, found := strings.CutPrefix(id, strconv.Itoa(i+1)); found && len(own) == 1 {
					of[own] = customer
				}
			}
			require.Equal(t, cases[name].want, of)
		})
	}
}

// The second server's binlog starts again: its records are later, although every position in it is earlier. A row
// that only the first server had is gone.
func TestRowsOfAnotherSourceAreItsRecordsAlone(t *testing.T) {
	l := lake{object: {
		changed("update", 9, 900, 1, `{"id":1,"Customer":"old"}`, ""), changed("insert", 9, 901, 1, `{"id":2,"Customer":"old"}`, ""), load(59, `{"id":3,"Customer":"old"}`),
		strings.ReplaceAll(load(0, `{"id":1,"Customer":"loaded"}`), "T07:00", "T09:00"), strings.ReplaceAll(load(1, `{"id":4,"Customer":"loaded"}`), "T07:00", "T09:00"),
		strings.ReplaceAll(changed("update", 1, 4, 1, `{"id":4,"Customer":"new"}`, ""), "T08:00", "T09:01"),
	}}
	anew := orders
	anew.Since = time.Date(2026, 11, 1, 9, 0, 0, 0, time.UTC)
	got, err := answers(t, asked(t, anew), l)
	require.NoError(t, err)
	require.Equal(t, map[string]any{"1": "loaded", "4": "new"}, customers(got.Views["shop_orders"]))
	require.Len(t, got.Views["shop_orders_changes"], 6, "what was is all there")
}

func TestKeyOfSeveralColumns(t *testing.T) {
	table := views.Table{
		Database: "shop", Name: "Orders", PrimaryKey: []string{"day", "id"},
		Columns: []views.Column{{Name: "id", Type: "int"}, {Name: "day", Type: "date"}, {Name: "Customer", Type: "text"}},
	}
	got, err := answers(t, asked(t, table), lake{object: {
		load(1, `{"id":1,"day":"2026-11-01","Customer":"a"}`), load(1, `{"id":1,"day":"2026-11-02","Customer":"b"}`),
		changed("update", 1, 4, 1, `{"id":2,"day":"2026-11-01","Customer":"a"}`, `{"id":1,"day":"2026-11-01"}`),
	}})
	require.NoError(t, err)
	require.ElementsMatch(t, []Row{
		{"id": "2", "day": "2026-11-01", "customer": "a", "cdc_unreadable": nil}, {"id": "1", "day": "2026-11-02", "customer": "b", "cdc_unreadable": nil},
	}, got.Views["shop_orders"])
}

func TestOnlyProjectedPartitionsAreRead(t *testing.T) {
	tomorrow := time.Now().UTC().AddDate(0, 0, 2).Format(time.DateOnly)
	got, err := answers(t, asked(t, orders), lake{
		object: {load(1, `{"id":1}`)},
		"raw/schema=shop/table=Orders/dt=2026-10-31/hour=07/a.gz":        {load(1, `{"id":2}`)},
		"raw/schema=shop/table=Orders/dt=" + tomorrow + "/hour=07/a.gz":  {load(1, `{"id":3}`)},
		"raw/schema=shop/table=Orders/dt=2026-11-01/hour=7/a.gz":         {load(1, `{"id":4}`)},
		"raw/schema=shop/table=Orders/dt=2026-11-01/hour=24/a.gz":        {load(1, `{"id":5}`)},
		"raw/schema=shop/table=Orders2/dt=2026-11-01/hour=07/a.gz":       {load(1, `{"id":6}`)},
		"raw/schema=shop/table=Orders/dt=2026-11-01/hour=07/more/a.gz":   {load(1, `{"id":7}`)},
		"raw/schema=_control/table=_control/dt=2026-11-01/hour=07/a.gz":  {load(1, `{"id":8}`)},
		"raw/schema=shop/table=Orders/dt=2026-11-01/hour=00/another.gz":  {load(1, `{"id":9}`)},
		"errors/lake/processing-failed/dt=2026-11-01/schema=shop/a.json": {load(1, `{"id":10}`)},
	})
	require.NoError(t, err)
	require.Equal(t, map[string]any{"1": nil, "9": nil}, customers(got.Views["shop_orders"]))
}

func TestSavedQueriesAnswer(t *testing.T) {
	now := time.Now().UTC()
	recent := strings.NewReplacer("2026-11-01T07:30:00.000000Z", now.Format("2006-01-02T15:04:05.000000Z")).Replace(changed("update", 2, 4, 1, `{"id":2,"Customer":"now"}`, `{"id":1}`))
	got, err := answers(t, asked(t, orders), lake{
		object: {
			load(1, `{"id":1,"Customer":"a"}`), load(1, `{"id":7,"Customer":"seven"}`), "", "broken {",
			changed("update", 1, 4, 1, `{"id":1,"Customer":"b"}`, `{"id":1}`), changed("delete", 1, 5, 1, `{"id":7,"Customer":"seven"}`, ""),
		},
		"raw/schema=shop/table=Orders/dt=" + now.Format("2006-01-02/hour=15/") + "b.gz": {recent},
		control: {`{"control":{"table-def":{}},"metadata":{"timestamp":"2026-11-01T07:00:00Z","record-type":"control","operation":"create-table","schema-name":"shop","table-name":"Orders"}}`},
	})
	require.NoError(t, err)
	q := got.Queries
	require.Len(t, q, len(views.TableQueries)+4)

	require.Equal(t, map[string]any{"2": "now"}, customers(q["shop_orders: changed in the last hour"]))
	require.Equal(t, map[string]any{"2": "now"}, customers(q["shop_orders: as it was"]), "as far as the last change")
	require.Equal(t, map[string]any{"7": "seven"}, customers(q["shop_orders: deleted rows"]))
	require.Equal(t, Row{"day": "2026-11-01", "inserts": "0", "updates": "1", "deletes": "1"}, q["shop_orders: changes per day"][1])
	require.Equal(t, "1", q["shop_orders: changed most often"][0]["id"])
	require.Equal(t, "2", q["shop_orders: changed most often"][0]["changes"])
	require.Equal(t, []Row{{"table": "shop.Orders", "rows": "1"}}, q["all tables: rows"])
	require.Equal(t, Row{"table": "shop.Orders", "day": "2026-11-01", "changes": "2"}, q["all tables: changes per day"][1])
	require.Equal(t, []Row{{"table": "shop.Orders", "dt": "2026-11-01", "hour": "07", "record": "broken {"}}, q["all tables: records that nobody can place"])
	require.Equal(t, "create-table", q["all tables: definitions"][0]["operation"])

	// The parameter is the key of the first row.
	history := q["shop_orders: history of a row"]
	require.NotEmpty(t, history)
	require.Equal(t, "load", history[0]["cdc_operation"])
}

func TestEmptyLakeHasNoRows(t *testing.T) {
	got, err := answers(t, asked(t, orders), lake{})
	require.NoError(t, err)
	require.Empty(t, got.Views["shop_orders"])
}

func TestViewMustHaveTheTypesItDeclares(t *testing.T) {
	catalog, err := views.Describe("shop_orders", orders)
	require.NoError(t, err)
	catalog.Rows.Fields[0].SQL = "bigint"
	q := asked(t, orders)
	q.Tables[3], err = viewOf(catalog.Rows, database)
	require.NoError(t, err)
	_, err = answers(t, q, lake{})
	require.ErrorContains(t, err, "view shop_orders declares")
}
