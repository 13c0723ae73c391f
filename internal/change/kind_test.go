package change

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// AWS publishes this position of a PostgreSQL source: a transaction with one row.
const published = "00000002/7C007178.3.00000002/7C007178"

func inLog(t require.TestingT, op Operation, position string, record int) *Record {
	r, err := PostgreSQL.Parse(fmt.Appendf(nil, `{"data":{"id":1},"metadata":{"record-type":"data","operation":%q,"schema-name":"s","table-name":"t","timestamp":"2026-01-02T03:04:05Z",`+
		`"commit-timestamp":"2026-01-02T03:04:05Z","transaction-id":7,"transaction-record-id":%d,"stream-position":%q}}`, op, record, position))
	require.NoError(t, err)
	return r
}

func TestAChangeOfPostgreSQLIsWhereItsOwnLSNSays(t *testing.T) {
	r := inLog(t, Update, published, 1)
	v, err := r.Version()
	require.NoError(t, err)
	require.Equal(t, int64(1<<62|0x2_7C007178), v)
	o, err := r.Order()
	require.NoError(t, err)
	require.Equal(t, "2/7C007178#1", o.String())
	require.Empty(t, o.Binlog())
}

func TestAnLSNThatCannotBeTheChangesOwnIsRefused(t *testing.T) {
	for _, op := range []Operation{Update, Delete} {
		_, err := inLog(t, op, published, 2).Order()
		require.ErrorContains(t, err, "where the transaction begins")
		require.ErrorContains(t, err, "s.t")
		_, err = inLog(t, op, published, 2).Version()
		require.ErrorContains(t, err, "where the transaction begins")
		_, err = inLog(t, op, "00000002/7C0071A0.3.00000002/7C007178", 2).Version()
		require.NoError(t, err)
	}
	_, err := inLog(t, Insert, published, 2).Version()
	require.NoError(t, err, "one record of the log may insert several rows")
}

func TestAPlaceThatIsNoneOfTheKindIsRefused(t *testing.T) {
	_, err := inLog(t, Update, "mysql-bin-changelog.157832:1975:0", 1).Order()
	require.ErrorContains(t, err, "is not of the form LSN.number.LSN")
	_, err = inLog(t, Update, "40000000/00000000.1.0/1", 1).Version()
	require.ErrorContains(t, err, "2^62-1")
	of, err := MySQL.Parse([]byte(inLog(t, Update, published, 1).Raw()))
	require.NoError(t, err)
	_, err = of.Order()
	require.ErrorContains(t, err, "binlog file")
	mysql, err := parsed(t, updated).Order()
	require.NoError(t, err)
	postgres, err := inLog(t, Update, published, 1).Order()
	require.NoError(t, err)
	_, err = mysql.Compare(postgres)
	require.ErrorContains(t, err, "different servers")
	require.Error(t, Kind("oracle").Validate())
	require.NoError(t, errorOf(Kind(""), MySQL, PostgreSQL))
}

func errorOf(kinds ...Kind) error {
	for _, k := range kinds {
		if err := k.Validate(); err != nil {
			return err
		}
	}
	return nil
}

// logged is a change in a server's log. Concurrent transactions write to one log, and DMS sends each transaction when
// it commits.
type logged struct {
	transaction, record int
	begin, own, row     uint64
	op                  Operation
}

// Row locks separate the changes of one row. The last change has the greatest version, even if its transaction
// began first, committed first or has the smaller id.
func TestInterleavedTransactionsAreInTheOrderOfTheLog(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		changes := interleaved(t)
		arrived := slices.Clone(changes)
		slices.SortStableFunc(arrived, func(a, b logged) int { return cmp.Compare(a.transaction, b.transaction) }) // in commit order
		if rapid.Bool().Draw(t, "shuffled") {
			arrived = rapid.Permutation(arrived).Draw(t, "arrived")
		}
		have, last := map[uint64]int64{}, map[uint64]uint64{}
		for _, c := range arrived {
			r := inLog(t, c.op, fmt.Sprintf("%08X/%08X.%d.%08X/%08X", c.own>>32, uint32(c.own), c.record, c.begin>>32, uint32(c.begin)), c.record)
			v, err := r.Version()
			require.NoError(t, err)
			if v > have[c.row] {
				have[c.row], last[c.row] = v, c.own
			}
			load, err := loadedAt(t, "2262-04-11T23:47:16.854775Z").Version()
			require.NoError(t, err)
			require.Less(t, load, v, "a load is below every change")
		}
		want := map[uint64]uint64{}
		for _, c := range changes {
			want[c.row] = c.own
		}
		require.Equal(t, want, last)
	})
}

// interleaved generates changes in the order of the log.
func interleaved(t *rapid.T) []logged {
	at := rapid.Uint64Range(1, maxLSN-1<<20).Draw(t, "at")
	begins, records := map[int]uint64{}, map[int]int{}
	var all []logged
	for range rapid.IntRange(1, 40).Draw(t, "changes") {
		c := logged{transaction: rapid.IntRange(1, 4).Draw(t, "transaction"), own: at, row: rapid.Uint64Range(1, 3).Draw(t, "row"), op: Update}
		if records[c.transaction]++; records[c.transaction] == 1 {
			begins[c.transaction] = at
		}
		c.record, c.begin = records[c.transaction], begins[c.transaction]
		all = append(all, c)
		at += rapid.Uint64Range(1, 8192).Draw(t, "bytes")
	}
	return all
}

// Whichever unchanged values an update omits, the row is complete.
func TestWhatTOASTLeavesOutComesFromBefore(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		values := rapid.SampledFrom([]string{"null", "1", `"x"`, "12.340", `""`})
		before, after, data := map[string]string{}, map[string]string{}, map[string]string{}
		for _, column := range rapid.SliceOfNDistinct(rapid.StringMatching(`[a-z]{1,3}`), 0, 6, rapid.ID).Draw(t, "columns") {
			before[column] = values.Draw(t, "before")
			after[column] = before[column]
			if rapid.Bool().Draw(t, "changed") {
				after[column] = values.Draw(t, "after")
			}
			if after[column] != before[column] || after[column] == "null" || rapid.Bool().Draw(t, "told") {
				data[column] = after[column]
			}
		}
		before["id"], after["id"], data["id"] = "1", "1", "1"
		r, err := PostgreSQL.Parse(fmt.Appendf(nil, `{"data":{%s},"before-image":{%s},"metadata":{"record-type":"data","operation":"update","schema-name":"s","table-name":"t"}}`, members(data), members(before)))
		require.NoError(t, err)
		have := map[string]string{}
		for _, c := range r.Row() {
			have[c.Name] = c.JSON
		}
		require.Equal(t, after, have)
		require.Len(t, r.Row(), len(after))
		require.Equal(t, len(before) == 1, r.Untold([]string{"id"}))
	})
}

func members(row map[string]string) string {
	var all []string
	for name, value := range row {
		all = append(all, fmt.Sprintf("%q:%s", name, value))
	}
	return strings.Join(all, ",")
}

func TestARowOfMySQLIsItsData(t *testing.T) {
	r := parsed(t, `{"data":{"id":1},"before-image":{"id":1,"note":"x"},"metadata":{"record-type":"data","operation":"update","schema-name":"s","table-name":"t"}}`)
	require.Equal(t, Row{{"id", "1"}}, r.Row())
	require.False(t, r.Untold([]string{"id"}))
	require.Equal(t, MySQL, r.Kind)
}

func TestTypesThatMayBeStoredOutsideOfTheirRow(t *testing.T) {
	for _, declared := range []string{
		"text", "character varying(20)", "character(5)", "bytea", "json", "jsonb", "xml", "numeric", "numeric(12,2)", "integer[]", "timestamp(3) without time zone[]", "hstore", "tsvector", "path", "polygon", "bit varying(9)",
		"mood", "shop.mood", "int4range", "citext", "geometry(Point,4326)", "",
	} {
		require.True(t, Outside(declared), declared)
	}
	for _, declared := range []string{
		"smallint", "INTEGER", "bigint", "real", "double precision", "boolean", "uuid", "date", "timestamp(3) with time zone", "timestamp without time zone", "time(6) without time zone", "interval", "interval day to second(3)", "interval(3)",
		"money", "inet", `"char"`, "point", "oid",
	} {
		require.False(t, Outside(declared), declared)
	}
}

func TestEqualValuesOfPostgreSQLHaveOneText(t *testing.T) {
	for declared, same := range map[string][]string{
		"bigint":                      {"9223372036854775807", `"9223372036854775807"`},
		"numeric(30,6)":               {"12.340000", "12.34", `"12.3400"`},
		"boolean":                     {"true", `"t"`, "1", `"true"`},
		"uuid":                        {`"123E4567-e89b-12d3-a456-426614174000"`, `"123e4567-e89b-12d3-a456-426614174000"`},
		"timestamp(3) with time zone": {`"2026-02-03T04:05:06.070Z"`, `"2026-02-03 04:05:06.07+00"`, `"2026-02-03 04:05:06.07"`},
		"time with time zone":         {`"04:05:06.500+10"`, `"04:05:06.5+10"`},
		"bytea":                       {`"\\xcafe"`, `"0xCAFE"`},
		"character(5)":                {`"ab   "`, `"ab"`},
		"inet":                        {`"192.0.2.1/32"`, `"192.0.2.1"`},
		"text":                        {`""`, "null"},
		"real":                        {"0.1", "0.10000000149011612"},
	} {
		for _, value := range same {
			key, err := (&Record{Kind: PostgreSQL, Operation: Insert, Data: Row{{"k", value}, {"v", "1"}}}).Key(KeyColumns{[]string{"k"}, []string{declared}})
			require.NoError(t, err)
			first, err := (&Record{Kind: PostgreSQL, Operation: Insert, Data: Row{{"k", same[0]}, {"v", "1"}}}).Key(KeyColumns{[]string{"k"}, []string{declared}})
			require.NoError(t, err)
			require.Equal(t, first, key, "%s %s", declared, value)
		}
	}
}

func TestAKeyThatAnUpdateOfPostgreSQLDoesNotTellIsNotEmpty(t *testing.T) {
	columns := KeyColumns{[]string{"k"}, []string{"text"}}
	_, err := (&Record{Kind: PostgreSQL, Operation: Update, Data: Row{{"v", "1"}}}).Key(columns)
	require.ErrorContains(t, err, "column k is missing")
	key, err := (&Record{Kind: PostgreSQL, Operation: Update, Data: Row{{"v", "1"}}, Before: Row{{"k", `"long"`}}}).Key(columns)
	require.NoError(t, err)
	require.Equal(t, Key{"long"}, key)
	_, moved, err := (&Record{Kind: PostgreSQL, Operation: Update, Data: Row{{"k", "1"}}, Before: Row{}}).PreviousKey(columns)
	require.NoError(t, err)
	require.False(t, moved, "an empty before-image tells of no other key")
}

func FuzzParsePostgreSQL(f *testing.F) {
	for _, seed := range []string{loaded, updated, `{"data":{"id":1},"metadata":{"record-type":"data","operation":"update","schema-name":"s","table-name":"t","commit-timestamp":"2026-01-02T03:04:05Z","transaction-record-id":1,"stream-position":"2/1.3.2/1"}}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		r, err := PostgreSQL.Parse(raw)
		if err != nil {
			return
		}
		if v, err := r.Version(); err == nil {
			require.Positive(t, v)
			require.Equal(t, r.Operation == Load, v < changed)
		}
		for _, c := range r.Data {
			have, ok := r.Row().Get(c.Name)
			require.True(t, ok)
			require.Equal(t, c.JSON, have)
		}
	})
}
