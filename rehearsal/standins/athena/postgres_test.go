package athena

import (
	"cdcpipeline/internal/change"
	"cdcpipeline/internal/lake/views"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// ofPostgres is shop.Orders in PostgreSQL.
var ofPostgres = views.Table{
	Kind: change.PostgreSQL, Database: "shop", Name: "Orders", PrimaryKey: []string{"id"},
	Columns: []views.Column{{Name: "id", Type: "bigint"}, {Name: "Customer", Type: "text"}, {Name: "n", Type: "integer"}, {Name: "price", Type: "numeric(12,2)"}},
}

// logged is a change at a position in PostgreSQL's log.
func logged(operation string, lsn, record int, data, before string) string {
	if before != "" {
		before = `"before-image":` + before + ","
	}
	return fmt.Sprintf(`{%s"data":%s,"metadata":{"timestamp":"2026-11-01T08:00:00.000000Z","record-type":"data","operation":%q,"schema-name":"shop","table-name":"Orders",`+
		`"commit-timestamp":"2026-11-01T07:%02d:00.000000Z","transaction-id":%d,"transaction-record-id":%d,"stream-position":"00000002/%08X.%d.00000001/00000001"}}`,
		before, data, operation, lsn%60, 9999-lsn, record, lsn, record)
}

func TestTheOrderIsThatOfTheVectorsOfPostgreSQL(t *testing.T) {
	inOrder(t, "vectors_postgresql.json", ofPostgres)
}

// Package change and the view must compute the same rows, for any PostgreSQL records in any order, whatever values
// the updates omit.
func TestRowsOfPostgreSQLAreThoseOfPackageChange(t *testing.T) {
	for seed := range uint64(3) {
		random := rand.New(rand.NewPCG(seed, 9))
		lines := loggedHistories(random)
		random.Shuffle(len(lines), func(i, j int) { lines[i], lines[j] = lines[j], lines[i] })
		got, err := answers(t, asked(t, ofPostgres), lake{object: lines[:len(lines)/2], folder + "b.gz": lines[len(lines)/2:]})
		require.NoError(t, err)
		have := map[string]any{}
		for _, row := range got.Views["shop_orders"] {
			require.Nil(t, row["cdc_unreadable"])
			have[row["id"].(string)] = fmt.Sprint(row["customer"], " ", row["n"])
		}
		require.Equal(t, wholeRows(t, lines), have, "seed %d", seed)
	}
}

// loggedHistories are changes of a few rows that omit unchanged texts.
func loggedHistories(random *rand.Rand) []string {
	type row struct{ customer, n string }
	image := func(id int, r row, whole bool) string {
		if !whole {
			return fmt.Sprintf(`{"id":%d,"n":%s,"price":1.50}`, id, r.n)
		}
		return fmt.Sprintf(`{"id":%d,"n":%s,"price":1.50,"Customer":%s}`, id, r.n, r.customer)
	}
	rows := map[int]row{}
	var lines []string
	for lsn := 1; lsn < 4000; lsn += 1 + random.IntN(5) {
		id, record := random.IntN(150), 1+random.IntN(9)
		was, ok := rows[id]
		now := row{fmt.Sprintf(`"long %d"`, lsn), fmt.Sprint(lsn)}
		switch what := random.IntN(8); {
		case !ok:
			rows[id] = now
			lines = append(lines, logged("insert", lsn, record, image(id, now, true), ""))
		case what == 0:
			delete(rows, id)
			lines = append(lines, logged("delete", lsn, record, fmt.Sprintf(`{"id":%d}`, id), ""))
		case what == 1:
			now.customer = "null"
			rows[id] = now
			lines = append(lines, logged("update", lsn, record, image(id, now, true), image(id, was, true)))
		default:
			other := id
			if free := random.IntN(150); what == 2 && rows[free] == (row{}) {
				other = free
			}
			now.customer = was.customer
			delete(rows, id)
			rows[other] = now
			lines = append(lines, logged("update", lsn, record, image(other, now, was.customer == "null"), image(id, was, true)))
		}
	}
	return lines
}

// wholeRows are the rows according to package change.
func wholeRows(t *testing.T, lines []string) map[string]any {
	t.Helper()
	versions, rows := map[string]int64{}, map[string]any{}
	for _, line := range lines {
		r, err := change.PostgreSQL.Parse([]byte(line))
		require.NoError(t, err)
		version, err := r.Version()
		require.NoError(t, err)
		columns := change.KeyColumns{Names: []string{"id"}, Types: []string{"bigint"}}
		key, err := r.Key(columns)
		require.NoError(t, err)
		before, moved, err := r.PreviousKey(columns)
		require.NoError(t, err)
		if moved && version > versions[before.ID()] {
			versions[before.ID()] = version
			delete(rows, before.ID())
		}
		if version <= versions[key.ID()] {
			continue
		}
		versions[key.ID()] = version
		delete(rows, key.ID())
		if r.Operation != change.Delete {
			customer, _ := r.Row().Get("Customer")
			n, _ := r.Row().Get("n")
			rows[key.ID()] = strings.ReplaceAll(strings.Trim(customer, `"`), "null", "<nil>") + " " + n
		}
	}
	return rows
}

func TestAnUpdateThatMayLackAValueSaysSo(t *testing.T) {
	got, err := answers(t, asked(t, ofPostgres), lake{object: {
		logged("update", 1, 1, `{"id":1,"n":1,"price":1}`, ""), logged("update", 2, 1, `{"id":2,"n":1,"price":1}`, `{}`), logged("update", 3, 1, `{"id":3,"n":1}`, `{"id":4}`),
		logged("update", 4, 1, `{"id":5,"n":1,"price":1}`, `{"id":5,"n":0}`), logged("update", 5, 1, `{"id":6,"n":1,"price":1,"Customer":null}`, ""), logged("insert", 6, 1, `{"id":7}`, ""),
		logged("update", 7, 1, `{"id":8,"price":1,"Customer":null}`, ""), logged("delete", 8, 1, `{"id":9}`, ""),
	}})
	require.NoError(t, err)
	said := map[string]any{}
	for _, row := range got.Views["shop_orders"] {
		said[row["id"].(string)] = row["cdc_unreadable"]
	}
	require.Equal(t, map[string]any{"1": "customer: not told", "2": "customer: not told", "3": "customer: not told; price: not told", "5": nil, "6": nil, "7": nil, "8": nil}, said)
}

func TestAPlaceInTheLogThatIsNoneCountsAfterAllOthersAndIsSaid(t *testing.T) {
	begin := strings.Replace(logged("update", 99, 2, `{"id":1,"Customer":"begin","n":1,"price":1}`, ""), ".2.00000001/00000001", ".2.00000002/00000063", 1)
	got, err := answers(t, asked(t, ofPostgres), lake{object: {
		logged("update", 5, 1, `{"id":1,"Customer":"own","n":1,"price":1}`, ""), begin, strings.Replace(begin, "00000002/00000063.", "mysql-bin.000002:4", 1),
		load(1, `{"id":2,"Customer":"loaded"}`), strings.ReplaceAll(begin, `"id":1`, `"id":3`),
		strings.Replace(strings.ReplaceAll(begin, `"id":1`, `"id":4`), `"update"`, `"insert"`, 1),
		strings.Replace(logged("insert", 6, 1, `{"id":5,"Customer":"far"}`, ""), "00000002/00000006", "40000000/00000000", 1),
	}})
	require.NoError(t, err)
	require.Equal(t, map[string]any{"1": "own", "2": "loaded", "3": "begin", "4": "begin", "5": "far"}, customers(got.Views["shop_orders"]))
	said := map[string]any{}
	for _, row := range got.Views["shop_orders"] {
		said[row["id"].(string)] = row["cdc_unreadable"]
	}
	require.Equal(t, "a change without a place in the log: update at mysql-bin.000002:42.00000002/00000063", said["1"])
	require.Equal(t, "a change without a place in the log: update at 00000002/00000063.2.00000002/00000063", said["3"])
	require.Contains(t, said["5"], "a change without a place in the log", "it has more bits than a version")
	require.Nil(t, said["4"], "rows that one record of the log inserts share its place")
}

func TestEveryValueOfPostgreSQLIsAsItWas(t *testing.T) {
	types := views.Table{Kind: change.PostgreSQL, Database: "shop", Name: "Orders", PrimaryKey: []string{"id"}, Columns: []views.Column{
		{Name: "id", Type: "uuid"},
		{Name: "small", Type: "smallint"},
		{Name: "big", Type: "bigint"},
		{Name: "exact", Type: "numeric(38,10)"},
		{Name: "any", Type: "numeric"},
		{Name: "r", Type: "real"},
		{Name: "d", Type: "double precision"},
		{Name: "yes", Type: "boolean"},
		{Name: "no", Type: "boolean"},
		{Name: "doc", Type: "jsonb"},
		{Name: "local", Type: "timestamp without time zone"},
		{Name: "at", Type: "timestamp(3) with time zone"},
		{Name: "day", Type: "date"},
		{Name: "clock", Type: "time with time zone"},
		{Name: "took", Type: "interval"},
		{Name: "raw", Type: "bytea"},
		{Name: "list", Type: "integer[]"},
		{Name: "mood", Type: "mood"},
		{Name: "cost", Type: "money"},
		{Name: "never", Type: "timestamp with time zone"},
	}}
	got, err := answers(t, asked(t, types), lake{object: {load(1, `{"id":"123E4567-e89b-12d3-a456-426614174000","small":-32768,"big":9223372036854775807,"exact":1234567890123456789012345678.0123456789,`+
		`"any":123456789012345678901234567890123456789.12300,"r":1.1,"d":0.1,"yes":true,"no":"f","doc":"{\"a\": 1.10}","local":"2026-11-01T06:59:59.123456Z","at":"2026-11-01 06:59:59.5+00","day":"1000-01-01",`+
		`"clock":"04:05:06.50-03:30","took":"1 YEAR, 2 MONTHS","raw":"\\xcafe","list":"{1,NULL}","mood":"sad","cost":12.3400,"never":"4713-01-01 00:00:00 BC"}`)}})
	require.NoError(t, err)
	require.Equal(t, []Row{{
		"id": "123e4567-e89b-12d3-a456-426614174000", "small": "-32768", "big": "9223372036854775807", "exact": "1234567890123456789012345678.0123456789", "any": "123456789012345678901234567890123456789.12300",
		"r": "1.1", "d": "0.1", "yes": "true", "no": "false", "doc": `{"a": 1.10}`, "local": "2026-11-01 06:59:59.123456", "at": "2026-11-01 06:59:59.5", "day": "1000-01-01", "clock": "04:05:06.50-03:30",
		"took": "1 YEAR, 2 MONTHS", "raw": `\xcafe`, "list": "{1,NULL}", "mood": "sad", "cost": "12.3400", "never": nil, "cdc_unreadable": "never: 4713-01-01 00:00:00 BC",
	}}, got.Views["shop_orders"])
}

// A row appears once in the view, however its key is spelled, as in package change.
func TestRowsOfPostgreSQLAreOneHoweverTheirKeysAreWritten(t *testing.T) {
	for declared, keys := range map[string][][]string{
		"bigint":                      {{"1", `"1"`}, {"9223372036854775807"}},
		"numeric(30,6)":               {{"12.340000", "12.34", `"12.3400"`}, {"12.341"}},
		"numeric":                     {{"12.340000", "12.34", `"12.3400"`}, {"123456789012345678901234567890123456789.1"}, {"10", "10.0"}},
		"boolean":                     {{"true", `"t"`, "1", `"true"`}, {"false", `"f"`, "0"}},
		"uuid":                        {{`"123E4567-e89b-12d3-a456-426614174000"`, `"123e4567-e89b-12d3-a456-426614174000"`}},
		"timestamp(3) with time zone": {{`"2026-02-03T04:05:06.070Z"`, `"2026-02-03 04:05:06.07+00"`, `"2026-02-03 04:05:06.07+00:00"`, `"2026-02-03 04:05:06.07"`}, {`"2026-02-03T04:05:06Z"`}},
		"timestamp without time zone": {{`"2026-02-03T04:05:06Z"`, `"2026-02-03 04:05:06.000000"`}, {`"infinity"`}},
		"date":                        {{`"2026-02-03"`, `"2026-02-03T00:00:00Z"`}, {`"2026-02-04"`}},
		"time with time zone":         {{`"04:05:06.500+10"`, `"04:05:06.5+10"`}, {`"04:05:06.500+01"`}, {`"04:05:06+00"`, `"04:05:06.000+00"`}},
		"time without time zone":      {{`"04:05:06.500"`, `"04:05:06.5"`}, {`"04:05:00"`, `"04:05:00.000"`}},
		"bytea":                       {{`"\\xcafe"`, `"0xCAFE"`}, {`""`, "null", `"\\x"`, `"0x"`}, {`"\\xcafe00"`}},
		"character(5)":                {{`"ab   "`, `"ab"`}, {`" ab"`}, {`""`, `"     "`, "null"}},
		"inet":                        {{`"192.0.2.1/32"`, `"192.0.2.1"`}, {`"192.0.2.1/24"`}, {`"2001:DB8::1/128"`, `"2001:db8::1"`}},
		"text":                        {{`""`, "null"}, {`"a "`}, {`"a"`}},
		"real":                        {{"0.1", "0.10000000149011612"}, {"0.2"}},
		"character(2)[]":              {{`"{a }"`}, {`"{a}"`}},
	} {
		table := views.Table{Kind: change.PostgreSQL, Database: "shop", Name: "Orders", PrimaryKey: []string{"k"}, Columns: []views.Column{{Name: "k", Type: declared}, {Name: "v", Type: "integer"}}}
		var lines []string
		ids := map[string]bool{}
		for _, same := range keys {
			for i, value := range same {
				line := logged("update", i+1, 1, fmt.Sprintf(`{"k":%s,"v":%d}`, value, i), fmt.Sprintf(`{"k":%s,"v":0}`, same[0]))
				r, err := change.PostgreSQL.Parse([]byte(line))
				require.NoError(t, err)
				key, err := r.Key(change.KeyColumns{Names: []string{"k"}, Types: []string{declared}})
				require.NoError(t, err)
				lines, ids[key.ID()] = append(lines, line), true
			}
		}
		require.Len(t, ids, len(keys), declared)
		got, err := answers(t, asked(t, table), lake{object: lines})
		require.NoError(t, err, declared)
		require.Len(t, got.Views["shop_orders"], len(keys), declared)
	}
}
