package verify

import (
	"cdcpipeline/internal/change"
	"cdcpipeline/internal/operator/schema"
	"database/sql"
	"encoding/json"
	"math/big"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestValuesAreComparedByMeaning(t *testing.T) {
	for _, c := range []struct {
		kind         schema.Kind
		source, sink string // source is the database's printed text, "-" for NULL; sink is JSON, "" if absent
		same         bool
	}{
		{schema.Integer, "18446744073709551615", `18446744073709551615`, true},
		{schema.Integer, "18446744073709551615", `18446744073709551614`, false},
		{schema.Integer, "12345678901234567", `1.2345678901234568E16`, false},
		{schema.Integer, "12345678901234568", `1.2345678901234568E16`, true},
		{schema.Integer, "1", `"1"`, true},
		{schema.Integer, "00000042", `42`, true},
		{schema.Integer, "0", `null`, false},
		{schema.Integer, "-", `0`, false},
		{schema.Integer, "-", ``, true},
		{schema.Integer, "-", `null`, true},
		{schema.Bool, "1", `true`, true},
		{schema.Bool, "0", `true`, false},
		{schema.Bit, "511", `"0x01FF"`, true},
		{schema.Bit, "1", `true`, true},
		{schema.Bit, "510", `"0x01FF"`, false},
		{schema.Decimal, "-12.3400", `-12.34`, true},
		{schema.Decimal, "0.0000000001", `1E-10`, true},
		{schema.Decimal, "99999999999999999999.9999999999", `99999999999999999999.9999999999`, true},
		{schema.Decimal, "99999999999999999999.9999999999", `1e20`, false},
		{schema.Decimal, "1.5", `"1.50"`, true},
		{schema.Float, "0.1", `0.1`, true},
		{schema.Float, "0.1", `0.10000000149011612`, true},
		{schema.Float, "0.1", `0.2`, false},
		{schema.Double, "1e+20", `100000000000000000000`, true},
		{schema.Double, "0.1", `0.10000000149011612`, false},
		{schema.Date, "2026-01-02", `"2026-01-02"`, true},
		{schema.Date, "2026-01-02", `"2026-01-02T00:00:00Z"`, true},
		{schema.Date, "2026-01-02", `"2026-01-02T10:00:00Z"`, false},
		{schema.Date, "0000-00-00", ``, true},
		{schema.DateTime, "2026-01-02 03:04:05.120", `"2026-01-02T03:04:05.120000Z"`, true},
		{schema.DateTime, "2026-01-02 03:04:05", `"2026-01-02T03:04:05Z"`, true},
		{schema.Timestamp, "2026-01-02 03:04:05", `"2026-01-02 03:04:05"`, true},
		{schema.DateTime, "2026-01-02 03:04:05.12", `"2026-01-02T03:04:05Z"`, false},
		{schema.Time, "-838:59:59.50", `"-838:59:59.500000"`, true},
		{schema.Year, "2155", `2155`, true},
		{schema.Text, "김 \"quoted\" 1.50", `"\uae40 \"quoted\" 1.50"`, true},
		{schema.Text, "1.50", `"1.5"`, false},
		{schema.Text, "a", ``, false},
		{schema.Text, "", ``, true},
		{schema.Text, "-", `""`, false},
		{schema.Enum, "x,y", `"x,y"`, true},
		{schema.Binary, "\x00\xff", `"0x00FF"`, true},
		{schema.Binary, "\x00\xff", `"0x00FE"`, false},
		{schema.JSON, `{"a": [1, {"b": null}], "id": 9007199254740993}`, `"{\"id\":9007199254740993,\"a\":[1.0,{\"b\":null}]}"`, true},
		{schema.JSON, `{"id": 9007199254740993}`, `"{\"id\":9007199254740992}"`, false},
		{schema.JSON, `{"a": 1}`, `{"a":1}`, true},
		{schema.UUID, "123e4567-e89b-12d3-a456-426614174000", `"123e4567-e89b-12d3-a456-426614174000"`, true},
		{schema.UUID, "123e4567-e89b-12d3-a456-426614174000", `"0x123E4567E89B12D3A4564266141740"`, true},
		{schema.Spatial, "\x00\x00\x00\x00\x01", `"0x0000000001"`, true},
		{schema.Spatial, "\x00\x00\x00\x00\x01", `"0x0000000002"`, false},
		{schema.Inet, "2001:db8::1", `"2001:0db8::0001"`, true},
		{schema.Inet, "2001:db8::", `"0x20010DB8"`, true},
		{schema.Inet, "2001:db8::1", `"2001:db8::2"`, false},
		{schema.Text, "", `null`, true},
		{schema.Unsupported, "-", `"0x00"`, true},
	} {
		column := schema.Column{Name: "c", Kind: c.kind, Length: 16}
		one := &sourceTable{Table: &schema.Table{Columns: []schema.Column{column}}}
		value, err := column.Canonical(sql.NullString{String: c.source, Valid: c.source != "-"})
		require.NoError(t, err)
		var row change.Row
		if c.sink != "" {
			row = change.Row{{Name: "c", JSON: c.sink}}
		}
		found := one.compare(map[string]any{"c": value}, row)
		require.Equal(t, c.same, len(found) == 0, "%v %q %s: %v", c.kind, c.source, c.sink, found)
		// Equal values have equal keys.
		if c.same && c.sink != "" && c.sink != "null" && c.kind != schema.Unsupported {
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
	one := &sourceTable{Table: &schema.Table{Key: []int{1, 0}, Columns: []schema.Column{{Name: "raw", Kind: schema.Binary}, {Name: "id", Kind: schema.Integer}}}}
	key := one.keyOfSource(map[string]any{"raw": "AP8=", "id": json.Number("7")})
	require.Equal(t, change.Key{"7", "00FF"}, key)
	require.Equal(t, "id=7 raw=00FF", one.describe(key))
	row, err := one.sourceKey(key)
	require.NoError(t, err)
	require.Equal(t, []sql.NullString{{String: "\x00\xff", Valid: true}, {String: "7", Valid: true}}, row)
}
