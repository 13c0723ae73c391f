package schema

import (
	"database/sql"
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestCanonicalForms(t *testing.T) {
	for _, test := range []struct {
		column Column
		text   string
		want   any
	}{
		{Column{Kind: Integer, Bits: 64, Unsigned: true}, "18446744073709551615", json.Number("18446744073709551615")},
		{Column{Kind: Integer, Bits: 64}, "-9223372036854775808", json.Number("-9223372036854775808")},
		{Column{Kind: Integer, Bits: 32}, "00042", json.Number("42")},
		{Column{Kind: Bool}, "1", json.Number("1")},
		{Column{Kind: Float}, "0.10", json.Number("0.1")},
		{Column{Kind: Decimal}, "1.5000000000", "1.5000000000"},
		{Column{Kind: Date}, "9999-12-31", "9999-12-31"},
		{Column{Kind: DateTime, Precision: 6}, "2026-01-02 03:04:05.000006", "2026-01-02T03:04:05.000006Z"},
		{Column{Kind: Timestamp}, "2026-01-02 03:04:05", "2026-01-02T03:04:05Z"},
		{Column{Kind: Time}, "-838:59:59", "-838:59:59"},
		{Column{Kind: Binary}, "\x00\xff", "AP8="},
		{Column{Kind: Spatial}, "\x00\xff", "AP8="},
		{Column{Kind: Inet}, "::1", "::1"},
		{Column{Kind: JSON}, `{"a": 1}`, `{"a": 1}`},
		{Column{Kind: Text}, "김서연", "김서연"},
	} {
		got, err := test.column.Canonical(sql.NullString{String: test.text, Valid: true})
		require.NoError(t, err)
		require.Equal(t, test.want, got)
	}
	got, err := Column{Kind: Integer}.Canonical(sql.NullString{})
	require.NoError(t, err)
	require.Nil(t, got)
	_, err = Column{Kind: Integer, Name: "n"}.Canonical(sql.NullString{String: "x", Valid: true})
	require.ErrorContains(t, err, "column n")
}
