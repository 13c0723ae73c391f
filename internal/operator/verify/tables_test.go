package verify

import (
	"bytes"
	"cdcpipeline/config"
	"cdcpipeline/internal/awsapi"
	"cdcpipeline/internal/change"
	"cdcpipeline/internal/lake/athena"
	"cdcpipeline/internal/lake/objects"
	lake "cdcpipeline/internal/lake/tables"
	"cdcpipeline/internal/operator/schema"
	"cdcpipeline/internal/operator/tables"
	"cdcpipeline/internal/table"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// fakeTables imitates Athena and Glue's job. A run adds the delivered rows to the table.
type fakeTables struct {
	mu        sync.Mutex
	bucket    *fakeBucket
	spec      lake.Spec
	shown     map[int]int // amounts by id
	delivered map[int]int
	runs      int
	stops     string // why the next run stops the table
	fails     string // the action that is refused
	asked     []string
}

const (
	noteKey = "tables/_state/testdb_retail_trans_table.json"
	specKey = "jobs/tables/spec-1.json"
)

// newTables returns a table that the job has just filled.
func newTables(bucket *fakeBucket, format config.TableFormat) *fakeTables {
	f := &fakeTables{bucket: bucket, shown: map[int]int{}, delivered: map[int]int{}, spec: lake.Spec{Format: format, Tables: []lake.Table{{
		Name: "testdb_retail_trans_table", Next: "testdb_retail_trans_next", Schema: "testdb", Table: "retail_trans", Key: []string{"trans_id"}, Columns: []lake.Column{
			{Name: "trans_id", Member: "trans_id", Declared: "int(11)", Type: "int"},
			{Name: "event", Member: "event", Declared: "varchar(9)", Type: "string"},
			{Name: "amount", Member: "amount", Declared: "int(11)", Type: "int"},
			{Name: "gone", Member: "gone", Declared: "int(11)", Type: "int"},
		},
	}}}}
	f.note("")
	return f
}

func (f *fakeTables) note(stopped string) {
	f.put(noteKey, map[string]any{
		"table": "testdb_retail_trans_table", "source": "testdb.retail_trans", "at": time.Now(), "until": time.Now(), "rows": len(f.shown), "stopped": stopped,
	})
	f.put(specKey, f.spec)
}

func (f *fakeTables) put(key string, of any) {
	text, _ := json.Marshal(of)
	f.bucket.mu.Lock()
	defer f.bucket.mu.Unlock()
	f.bucket.set(key, text)
}

// deliver adds a row to the lake. The job's next run adds it to the table.
func (f *fakeTables) deliver(id, amount int) {
	f.bucket.put(fmt.Sprintf("%d-%d.gz", id, amount), set("insert", id, id, amount))
	f.mu.Lock()
	defer f.mu.Unlock()
	f.delivered[id] = amount
}

func (f *fakeTables) tables() *Tables {
	return &Tables{
		Athena: athena.Database{API: f, Name: "d", Workgroup: "w"}, Job: tables.Job{Glue: f, Name: "j"},
		State: objects.Lake{Client: f.bucket, Bucket: "b", Prefix: lake.State},
	}
}

var number42 = regexp.MustCompile(`TRY_CAST\('(\d+)' AS integer\)`)

func (f *fakeTables) JSON(_ context.Context, action string, request, answer any) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if action == f.fails {
		return &awsapi.Error{Action: action, Code: "AccessDeniedException"}
	}
	var out any = struct{}{}
	switch action {
	case "GetJob":
		out = map[string]any{"Job": map[string]any{"DefaultArguments": map[string]string{"--spec": "s3://b/" + specKey}}}
	case "StartJobRun":
		f.runs++
		f.asked = append(f.asked, "run "+request.(map[string]any)["Arguments"].(map[string]string)["--tables"])
		out = map[string]any{"JobRunId": "jr"}
	case "GetJobRun":
		state := "SUCCEEDED"
		if f.stops != "" {
			state = "FAILED"
		} else {
			maps.Copy(f.shown, f.delivered)
			maps.DeleteFunc(f.shown, func(_, amount int) bool { return amount < 0 })
		}
		f.note(f.stops)
		out = map[string]any{"JobRun": map[string]any{"JobRunState": state, "ErrorMessage": "exit 1"}}
	case "StartQueryExecution":
		statement := request.(map[string]any)["QueryString"].(string)
		f.asked = append(f.asked, statement)
		out = map[string]any{"QueryExecutionId": statement}
	case "GetQueryExecution":
		out = map[string]any{"QueryExecution": map[string]any{"Status": map[string]any{"State": "SUCCEEDED"}}}
	case "GetQueryResults":
		statement := request.(map[string]any)["QueryExecutionId"].(string)
		wanted := map[string]bool{}
		for _, m := range number42.FindAllStringSubmatch(statement, -1) {
			wanted[m[1]] = true
		}
		rows := []any{}
		for _, id := range slices.Sorted(maps.Keys(f.shown)) {
			if text := fmt.Sprint(id); !strings.Contains(statement, " IN (") || wanted[text] {
				rows = append(rows, map[string]any{"Data": []any{map[string]string{"VarCharValue": text}, map[string]string{"VarCharValue": "cart"}, map[string]string{"VarCharValue": fmt.Sprint(f.shown[id])}}})
			}
		}
		info := []any{map[string]string{"Name": "trans_id"}, map[string]string{"Name": "event"}, map[string]string{"Name": "amount"}}
		out = map[string]any{"ResultSet": map[string]any{"Rows": rows, "ResultSetMetadata": map[string]any{"ColumnInfo": info}}}
	}
	text, err := json.Marshal(out)
	if err != nil {
		return err
	}
	return json.Unmarshal(text, answer)
}

// comparedTables runs a comparison and returns only the result for the table.
func comparedTables(t *testing.T, source *fakeSource, w *world, f *fakeTables, wait time.Duration) (Result, []Difference) {
	t.Helper()
	p := w.pipeline()
	p.Tables = f.tables()
	var found []Difference
	result, err := Compare(t.Context(), source, p, CompareOptions{Tables: []table.Name{retail().Name}, Wait: wait}, func(d Difference) {
		if d.Sink == HopTables {
			found = append(found, d)
		}
	})
	require.NoError(t, err)
	return result, found
}

func ofTables(t *testing.T, r Result) Count {
	t.Helper()
	i := slices.IndexFunc(r.Counts, func(c Count) bool { return c.Sink == HopTables })
	require.GreaterOrEqual(t, i, 0)
	return r.Counts[i]
}

func TestEveryKindOfDifferenceOfALakesTableIsNamed(t *testing.T) {
	source, w := &fakeSource{rows: map[int]int{}}, newWorld()
	f := newTables(w.bucket, config.FormatIceberg)
	for id := 10; id < 10+chunk+5; id++ {
		source.rows[id], f.shown[id] = id, id
	}
	delete(f.shown, 11)
	source.rows[12] = 120
	delete(source.rows, 13)
	f.note("")
	result, found := comparedTables(t, source, w, f, 0)
	require.ElementsMatch(t, []Difference{
		{Sink: HopTables, Table: "testdb.retail_trans", Key: "trans_id=11", Kind: Missing},
		{Sink: HopTables, Table: "testdb.retail_trans", Key: "trans_id=12", Kind: Differs, Columns: []ColumnDifference{{"amount", "120", "12"}}},
		{Sink: HopTables, Table: "testdb.retail_trans", Key: "trans_id=13", Kind: Extra},
	}, found)
	require.Equal(t, Count{Table: "testdb.retail_trans", Sink: HopTables, Rows: chunk + 4, Records: chunk + 4, Same: chunk + 2, Missing: 1, Extra: 1, Differs: 1}, ofTables(t, result))
	require.Equal(t, []string{`SELECT "trans_id", "event", "amount" FROM "testdb_retail_trans"`}, f.asked, "a column that the source has no more is none")
	require.Zero(t, f.runs)
}

// A new epoch has no view. The job knows it by the table's name.
func TestWhatIsFilledIsComparedBeforeItIsShown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source, w := &fakeSource{rows: map[int]int{1: 10, 2: 20}}, newWorld()
		f := newTables(w.bucket, config.FormatIceberg)
		f.shown = map[int]int{1: 10}
		compare := func() (Result, error) {
			return CompareFilled(t.Context(), source, *f.tables(), w.pipeline().Lake, CompareOptions{Tables: []table.Name{retail().Name}, Wait: time.Minute}, func(Difference) {})
		}
		result, err := compare()
		require.NoError(t, err)
		require.ErrorContains(t, result.Uncompared[0].Err, "`cdc tables run`")
		f.put(strings.Replace(noteKey, "_table", "_next", 1), map[string]any{"table": "testdb_retail_trans_next", "source": "testdb.retail_trans", "at": time.Now(), "until": time.Now()})
		time.Sleep(time.Second)
		f.deliver(2, 20)
		result, err = compare()
		require.NoError(t, err)
		require.Empty(t, result.Uncompared)
		require.EqualValues(t, 2, result.Counts[0].Same)
		const rows = "SELECT \"trans_id\", \"event\", \"amount\" FROM (SELECT\n  \"trans_id\",\n  \"event\",\n  \"amount\",\n  \"gone\"\nFROM \"testdb_retail_trans_next\"\nWHERE NOT \"cdc_gone\"\n)"
		require.Equal(t, []string{rows, "run testdb_retail_trans_table", rows + " WHERE \"trans_id\" IN (TRY_CAST('2' AS integer))"}, f.asked)
	})
}

func TestRowsThatDifferAreReadAgainOnceTheJobHasRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source, w := &fakeSource{rows: map[int]int{1: 11, 2: 20, 5: 50}}, newWorld()
		f := newTables(w.bucket, config.FormatIceberg)
		f.shown = map[int]int{1: 10, 4: 40, 5: 51}
		time.Sleep(time.Second)
		f.deliver(1, 11)
		f.deliver(2, 20)
		f.deliver(4, -1)
		result, found := comparedTables(t, source, w, f, time.Minute)
		require.Equal(t, []Difference{{Sink: HopTables, Table: "testdb.retail_trans", Key: "trans_id=5", Kind: Differs, Columns: []ColumnDifference{{"amount", "50", "51"}}}}, found)
		count := ofTables(t, result)
		require.Equal(t, []int64{2, 0, 0, 1, 0}, []int64{count.Same, count.Missing, count.Extra, count.Differs, count.Behind})
		require.Equal(t, 1, f.runs, "nothing came after the first")
		require.Equal(t, []string{
			"run testdb_retail_trans_table",
			`SELECT "trans_id", "event", "amount" FROM "testdb_retail_trans" WHERE "trans_id" IN (TRY_CAST('1' AS integer), TRY_CAST('2' AS integer), TRY_CAST('4' AS integer), TRY_CAST('5' AS integer))`,
			`SELECT "trans_id", "event", "amount" FROM "testdb_retail_trans" WHERE "trans_id" IN (TRY_CAST('5' AS integer))`,
		}, f.asked[1:4])
	})
}

// If rows are not read again, the job is not started. A row that may be only out of date is not called different.
func TestRowsOfATableThatLacksDeliveredRecordsAreBehind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source, w := &fakeSource{rows: map[int]int{}}, newWorld()
		f := newTables(w.bucket, config.FormatIceberg)
		for id := range maxSuspects + 10 {
			source.rows[id] = id
		}
		time.Sleep(time.Second)
		f.deliver(1, 1)
		result, found := comparedTables(t, source, w, f, 0)
		require.Equal(t, Difference{Sink: HopTables, Table: "testdb.retail_trans", Key: "trans_id=0", Kind: Behind}, found[0])
		count := ofTables(t, result)
		require.Equal(t, []int64{0, maxSuspects + 10, 0}, []int64{count.Missing, count.Behind, count.Different()})
		require.Zero(t, f.runs)
	})
}

func TestATableThatCannotBeReadIsSetAside(t *testing.T) {
	for want, broken := range map[string]func(*fakeTables){
		"its lake table has stopped: column x": func(f *fakeTables) { f.note("column x") },
		"`cdc tables run`":                     func(f *fakeTables) { delete(f.bucket.objects, noteKey) },
		"name the table in source.tables":      func(f *fakeTables) { f.spec.Tables = nil; f.note("") },
		"raise source.schemaRevision": func(f *fakeTables) {
			f.spec.Tables[0].Columns[0].Member = "id"
			f.spec.Tables[0].Key[0] = "id"
			f.note("")
		},
		"starting a query":                      func(f *fakeTables) { f.fails = "StartQueryExecution" },
		"asking for the arguments of the job j": func(f *fakeTables) { f.fails = "GetJob" },
	} {
		source, w := &fakeSource{rows: map[int]int{1: 10}}, newWorld()
		w.both(set("insert", 1, 1, 10))
		f := newTables(w.bucket, config.FormatIceberg)
		broken(f)
		result, found := comparedTables(t, source, w, f, 0)
		require.Empty(t, found)
		require.Len(t, result.Counts, 2, "the others are compared")
		require.Len(t, result.Uncompared, 1)
		require.Equal(t, []any{"testdb.retail_trans", HopTables}, []any{result.Uncompared[0].Table, result.Uncompared[0].Sink})
		require.Contains(t, result.Uncompared[0].Problem, want)
		require.ErrorContains(t, result.Uncompared[0].Err, "comparing testdb.retail_trans with the lake's table: ")
	}
}

func TestATableThatStopsWhileItIsComparedIsSetAside(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source, w := &fakeSource{rows: map[int]int{1: 10}}, newWorld()
		f := newTables(w.bucket, config.FormatIceberg)
		time.Sleep(time.Second)
		f.deliver(1, 10)
		w.both(set("insert", 1, 1, 10))
		f.stops = "records have a column colour"
		result, found := comparedTables(t, source, w, f, time.Minute)
		require.Empty(t, found)
		require.Len(t, result.Counts, 2)
		require.Equal(t, "its lake table has stopped: records have a column colour", result.Uncompared[0].Problem)
	})
}

// typed returns a table with a column of each kind, and Athena's values of one row.
func typed(key ...int) (*sourceTable, []lake.Column, []sql.NullString, []string) {
	t := &sourceTable{Table: &schema.Table{Name: retail().Name, Key: key}}
	var columns []lake.Column
	var source []sql.NullString
	var shown []string
	for _, c := range []struct {
		kind                  schema.Column
		declared, inDB, shown string
	}{
		{schema.Column{Kind: schema.Integer}, "bigint(20) unsigned", "18446744073709551615", "18446744073709551615"},
		{schema.Column{Kind: schema.Decimal}, "decimal(12,2)", "1.50", "1.50"},
		{schema.Column{Kind: schema.Float}, "float", "0.1", "0.1"},
		{schema.Column{Kind: schema.Double}, "double", "1e300", "1.0E300"},
		{schema.Column{Kind: schema.Bool}, "tinyint(1)", "1", "1"},
		{schema.Column{Kind: schema.Bit, Bits: 1}, "bit(1)", "1", "true"},
		{schema.Column{Kind: schema.Bit, Bits: 9}, "bit(9)", "5", "0x0005"},
		{schema.Column{Kind: schema.Date}, "date", "2026-02-28", "2026-02-28"},
		{schema.Column{Kind: schema.DateTime, Precision: 6}, "datetime(6)", "2026-01-02 03:04:05.120000", "2026-01-02 03:04:05.120000"},
		{schema.Column{Kind: schema.Timestamp}, "timestamp", "2026-01-02 03:04:05", "2026-01-02 03:04:05.000"},
		{schema.Column{Kind: schema.Time, Precision: 6}, "time(6)", "-838:59:59.500000", "-838:59:59.5"},
		{schema.Column{Kind: schema.Year}, "year(4)", "2026", "2026"},
		{schema.Column{Kind: schema.Text}, "varchar(9)", "O'<é>", "O'<é>"},
		{schema.Column{Kind: schema.Binary, Fixed: true, Length: 4}, "binary(4)", "\xca\xfe\x00\x00", "0xCAFE0000"},
		{schema.Column{Kind: schema.Binary, Length: 4}, "varbinary(4)", "", "0x"},
		{schema.Column{Kind: schema.JSON}, "json", `{"b": 1, "a": 2.50}`, `{"a":2.5,"b":1}`},
		{schema.Column{Kind: schema.UUID}, "uuid", "123e4567-e89b-12d3-a456-426655440000", "123e4567-e89b-12d3-a456-426655440000"},
		{schema.Column{Kind: schema.Inet, Length: 16}, "inet6", "::ffff:1.2.3.4", "::ffff:1.2.3.4"},
		{schema.Column{Kind: schema.Text, Nullable: true}, "text", "\x00", "\x00"},
	} {
		c.kind.Name = fmt.Sprintf("c-%d", len(columns))
		c.kind.Key = slices.Contains(key, len(columns))
		t.Columns = append(t.Columns, c.kind)
		columns = append(columns, lake.Column{Name: strings.Replace(c.kind.Name, "-", "_", 1), Member: c.kind.Name, Declared: c.declared})
		source, shown = append(source, sql.NullString{String: c.inDB, Valid: c.inDB != "\x00"}), append(shown, c.shown)
	}
	return t, columns, source, shown
}

func viewOf(t *testing.T, of *sourceTable, columns []lake.Column, format config.TableFormat) (*rowsView, error) {
	t.Helper()
	described := lake.Table{Schema: "testdb", Table: "retail_trans", Columns: columns}
	for _, i := range of.Key {
		described.Key = append(described.Key, columns[i].Member)
	}
	fields, err := described.Shown()
	require.NoError(t, err)
	return newRowsView(of, "t_table", "t", fields, format)
}

func asRow(shown []string) []sql.NullString {
	row := make([]sql.NullString, len(shown))
	for i, text := range shown {
		row[i] = sql.NullString{String: text, Valid: text != "\x00"}
	}
	return row
}

// stateAndKey returns the state and the key that are derived from Athena's row.
func stateAndKey(t *testing.T, of *sourceTable, v *rowsView, shown []string) (id string, found state) {
	t.Helper()
	require.NoError(t, v.row(of, asRow(shown), func(key string, s state) error {
		id, found = key, s
		return nil
	}))
	return id, found
}

func TestValuesOfAthenaAreComparedByMeaning(t *testing.T) {
	of, columns, source, shown := typed(0, 8, 13)
	v, err := viewOf(t, of, columns, config.FormatIceberg)
	require.NoError(t, err)
	_, row, err := of.Canonical(source)
	require.NoError(t, err)
	id, found := stateAndKey(t, of, v, shown)
	require.Empty(t, of.differences(row, found))
	require.Equal(t, of.keyOfSource(row).ID(), id)

	kept, ok, err := (&states{table: of}).decode(found.encode())
	require.NoError(t, err)
	require.True(t, ok)
	require.Equal(t, found, kept, "as it comes from the temporary file")

	for i := range shown[1:] {
		if i++; slices.Contains(of.Key, i) {
			continue
		}
		other := slices.Clone(shown)
		other[i] = "7" + strings.TrimPrefix(shown[i], "0x")
		_, found := stateAndKey(t, of, v, other)
		require.Len(t, of.differences(row, found), 1, of.Columns[i].Name)
	}
}

// A query finds a key of each kind by the text or number that the table holds.
func TestAKeyIsAskedForAsTheTableHasIt(t *testing.T) {
	for i, want := range []string{
		"TRY_CAST('18446744073709551615' AS decimal(20,0))", "TRY_CAST('1.5' AS decimal(12,2))", "TRY_CAST('0.1' AS real)", "TRY_CAST('1e+300' AS double)", "TRY_CAST('1' AS integer)",
		"TRY_CAST('true' AS boolean)", "'0x0005'", "TRY_CAST('2026-02-28' AS date)", "TRY_CAST('2026-01-02 03:04:05.12' AS timestamp(6))", "TRY_CAST('2026-01-02 03:04:05' AS timestamp(3))",
		"'-838:59:59.5'", "TRY_CAST('2026' AS integer)", "'O''<é>'", "'0xCAFE0000'", "'0x'", "", "'123e4567-e89b-12d3-a456-426655440000'", "'::ffff:1.2.3.4'",
	} {
		if want == "" { // JSON cannot be a key
			continue
		}
		of, columns, source, _ := typed(i)
		v, err := viewOf(t, of, columns, config.FormatIceberg)
		require.NoError(t, err)
		_, row, err := of.Canonical(source)
		require.NoError(t, err)
		for some := range v.chunks(of, map[string]*suspect{"a": {key: of.keyOfSource(row)}}) {
			require.Equal(t, fmt.Sprintf(` WHERE "c_%d" IN (%s)`, i, want), some.where)
		}
	}
}

func TestKeysOfSeveralColumnsAreCutIntoStatementsThatAthenaTakes(t *testing.T) {
	of, columns, _, _ := typed(4, 12)
	v, err := viewOf(t, of, columns, config.FormatIceberg)
	require.NoError(t, err)
	suspects := map[string]*suspect{}
	for n := range 1300 {
		key := change.Key{fmt.Sprint(n), strings.Repeat("x", n)}
		suspects[key.ID()] = &suspect{key: key}
	}
	seen := map[string]bool{}
	statements := 0
	for some := range v.chunks(of, suspects) {
		statements++
		require.True(t, strings.HasPrefix(some.where, ` WHERE ("c_4", "c_12") IN ((TRY_CAST(`))
		require.Less(t, len(v.statement(some.where)), athena.MaxStatement)
		require.LessOrEqual(t, len(some.ids), keyRows)
		for _, id := range some.ids {
			seen[id] = true
		}
	}
	require.Len(t, seen, len(suspects))
	require.Greater(t, statements, 3)
}

func TestTimesAreComparedAsFinelyAsTheFormatShowsThem(t *testing.T) {
	of, columns, source, shown := typed(0)
	source[8].String = "2026-01-02 03:04:05.123999"
	for _, c := range []struct {
		format config.TableFormat
		shown  string
		same   bool
	}{
		{config.FormatIceberg, "05.123999", true},
		{config.FormatIceberg, "05.123", false},
		{config.FormatDelta, "05.123", true},
		{config.FormatHudi, "05.124000", true},
		{config.FormatHudi, "05.122", false},
		{config.FormatDelta, "06.123", false},
	} {
		v, err := viewOf(t, of, columns, c.format)
		require.NoError(t, err)
		_, row, err := of.Canonical(source)
		require.NoError(t, err)
		shown[8] = "2026-01-02 03:04:" + c.shown
		_, found := stateAndKey(t, of, v, shown)
		require.Equal(t, c.same, of.equal(row, found), "%s %s", c.format, c.shown)
		require.Equal(t, map[bool][]string{false: {"c-8"}}[c.format == config.FormatIceberg], v.cut(), "and says so")
	}
	key, columns, _, _ := typed(8)
	_, err := viewOf(t, key, columns, config.FormatDelta)
	require.ErrorContains(t, err, "column c-8 of its primary key has times finer than milliseconds, which Athena does not show for delta")
}

func TestNULLIsNoValue(t *testing.T) {
	of, columns, _, shown := typed(0)
	v, err := viewOf(t, of, columns, config.FormatIceberg)
	require.NoError(t, err)
	shown[12] = ""
	_, found := stateAndKey(t, of, v, shown)
	raw, ok := found.row.Get("c-12")
	require.True(t, ok)
	require.Equal(t, `""`, raw)
	_, ok = found.row.Get("c-18")
	require.False(t, ok)
	require.False(t, bytes.Contains([]byte(found.raw), []byte("c-18")))
}
