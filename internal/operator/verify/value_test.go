package verify

import (
	"cdcpipeline/internal/change"
	"cdcpipeline/internal/operator/workload"
	"database/sql"
	"encoding/json"
	"math/big"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestValuesAreComparedByMeaning(t *testing.T) {
	for _, c := range []struct {
		kind         workload.Kind
		source, sink string // the source as the database prints it, "-" for NULL; the sink as JSON, "" when absent
		same         bool
	}{
		{workload.Integer, "18446744073709551615", `18446744073709551615`, true},
		{workload.Integer, "18446744073709551615", `18446744073709551614`, false},
		{workload.Integer, "12345678901234567", `1.2345678901234568E16`, false},
		{workload.Integer, "12345678901234568", `1.2345678901234568E16`, true},
		{workload.Integer, "1", `"1"`, true},
		{workload.Integer, "00000042", `42`, true},
		{workload.Integer, "0", `null`, false},
		{workload.Integer, "-", `0`, false},
		{workload.Integer, "-", ``, true},
		{workload.Integer, "-", `null`, true},
		{workload.Bool, "1", `true`, true},
		{workload.Bool, "0", `true`, false},
		{workload.Bit, "511", `"0x01FF"`, true},
		{workload.Bit, "1", `true`, true},
		{workload.Bit, "510", `"0x01FF"`, false},
		{workload.Decimal, "-12.3400", `-12.34`, true},
		{workload.Decimal, "0.0000000001", `1E-10`, true},
		{workload.Decimal, "99999999999999999999.9999999999", `99999999999999999999.9999999999`, true},
		{workload.Decimal, "99999999999999999999.9999999999", `1e20`, false},
		{workload.Decimal, "1.5", `"1.50"`, true},
		{workload.Float, "0.1", `0.1`, true},
		{workload.Float, "0.1", `0.10000000149011612`, true},
		{workload.Float, "0.1", `0.2`, false},
		{workload.Double, "1e+20", `100000000000000000000`, true},
		{workload.Double, "0.1", `0.10000000149011612`, false},
		{workload.Date, "2026-01-02", `"2026-01-02"`, true},
		{workload.Date, "2026-01-02", `"2026-01-02T00:00:00Z"`, true},
		{workload.Date, "2026-01-02", `"2026-01-02T10:00:00Z"`, false},
		{workload.Date, "0000-00-00", ``, true},
		{workload.DateTime, "2026-01-02 03:04:05.120", `"2026-01-02T03:04:05.120000Z"`, true},
		{workload.DateTime, "2026-01-02 03:04:05", `"2026-01-02T03:04:05Z"`, true},
		{workload.Timestamp, "2026-01-02 03:04:05", `"2026-01-02 03:04:05"`, true},
		{workload.DateTime, "2026-01-02 03:04:05.12", `"2026-01-02T03:04:05Z"`, false},
		{workload.Time, "-838:59:59.50", `"-838:59:59.500000"`, true},
		{workload.Year, "2155", `2155`, true},
		{workload.Text, "김 \"quoted\" 1.50", `"\uae40 \"quoted\" 1.50"`, true},
		{workload.Text, "1.50", `"1.5"`, false},
		{workload.Text, "a", ``, false},
		{workload.Text, "", ``, true},
		{workload.Text, "-", `""`, false},
		{workload.Enum, "x,y", `"x,y"`, true},
		{workload.Binary, "\x00\xff", `"0x00FF"`, true},
		{workload.Binary, "\x00\xff", `"0x00FE"`, false},
		{workload.JSON, `{"a": [1, {"b": null}], "id": 9007199254740993}`, `"{\"id\":9007199254740993,\"a\":[1.0,{\"b\":null}]}"`, true},
		{workload.JSON, `{"id": 9007199254740993}`, `"{\"id\":9007199254740992}"`, false},
		{workload.JSON, `{"a": 1}`, `{"a":1}`, true},
		{workload.UUID, "123e4567-e89b-12d3-a456-426614174000", `"123e4567-e89b-12d3-a456-426614174000"`, true},
		{workload.Unsupported, "-", `"0x00"`, true},
	} {
		column := workload.Column{Name: "c", Kind: c.kind}
		one := &sourceTable{Table: &workload.Table{Columns: []workload.Column{column}}}
		value, err := column.Canonical(sql.NullString{String: c.source, Valid: c.source != "-"})
		require.NoError(t, err)
		var row change.Row
		if c.sink != "" {
			row = change.Row{{Name: "c", JSON: c.sink}}
		}
		found := one.compare(map[string]any{"c": value}, row)
		require.Equal(t, c.same, len(found) == 0, "%v %q %s: %v", c.kind, c.source, c.sink, found)
		// What is the same has the same key.
		if c.same && c.sink != "" && c.sink != "null" && c.kind != workload.Unsupported {
			one.Key = []int{0}
			key, err := one.keyOfSink(row)
			require.NoError(t, err)
			require.Equal(t, one.keyOfSource(map[string]any{"c": value}), key)
		}
	}
}

func TestIgnoredColumnsAreNotCompared(t *testing.T) {
	one := retail()
	row := map[string]any{"trans_id": json.Number("1"), "event": "cart", "amount": json.Number("5")}
	record := change.Row{{Name: "trans_id", JSON: "1"}, {Name: "amount", JSON: "5"}, {Name: "dropped_since", JSON: "1"}}
	require.Len(t, one.compare(row, record), 1)
	one.ignored = map[string]bool{"event": true}
	require.Empty(t, one.compare(row, record))
}

func TestDecimalsAreEqualExactlyWhenTheirNumbersAre(t *testing.T) {
	number := rapid.OneOf(rapid.StringMatching(`-?(0|[1-9][0-9]{0,5})(\.[0-9]{1,6})?([eE][+-]?[0-9]{1,2})?`),
		rapid.SampledFrom([]string{"0", "-0", "0.0", "1", "1.0", "10", "1e1", "0.1e2", "100e-1", "-1"}))
	rapid.Check(t, func(t *rapid.T) {
		a, b := number.Draw(t, "a"), number.Draw(t, "b")
		x, okX := new(big.Rat).SetString(a)
		y, okY := new(big.Rat).SetString(b)
		require.True(t, okX && okY)
		require.Equal(t, x.Cmp(y) == 0, decimal(a) == decimal(b), "%s as %s, %s as %s", a, decimal(a), b, decimal(b))
		require.NotContains(t, decimal(a), "e")
	})
}

func TestKeysGoBackToTheDatabase(t *testing.T) {
	one := &sourceTable{Table: &workload.Table{Key: []int{1, 0}, Columns: []workload.Column{{Name: "raw", Kind: workload.Binary}, {Name: "id", Kind: workload.Integer}}}}
	key := one.keyOfSource(map[string]any{"raw": "AP8=", "id": json.Number("7")})
	require.Equal(t, change.Key{"7", "00FF"}, key)
	require.Equal(t, "id=7 raw=00FF", one.describe(key))
	row, err := one.sourceKey(key)
	require.NoError(t, err)
	require.Equal(t, []sql.NullString{{String: "\x00\xff", Valid: true}, {String: "7", Valid: true}}, row)
}
