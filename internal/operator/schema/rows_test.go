package schema

import (
	"database/sql"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestKeysAreFoundByWhatTheyAre(t *testing.T) {
	for _, test := range []struct {
		column Column
		text   string
		want   any
	}{
		{Column{Kind: Integer, Unsigned: true}, "18446744073709551615", uint64(18446744073709551615)},
		{Column{Kind: Bit}, "5", int64(5)},
		{Column{Kind: Float}, "0.1", float64(float32(0.1))}, // the double 0.1 equals no FLOAT
		{Column{Kind: Double}, "0.1", 0.1},
		{Column{Kind: Binary}, "\x00\xff", []byte{0, 255}},
		{Column{Kind: Enum}, "b", "b"},
		{Column{Kind: Inet}, "::1", "::1"},
	} {
		got, err := (&Table{}).Argument(test.column, sql.NullString{String: test.text, Valid: true})
		require.NoError(t, err)
		require.Equal(t, test.want, got, "%+v", test.column)
	}
	require.Equal(t, "`n` = CAST(? AS DECIMAL(12,2))", (&Table{}).Equals(Column{Name: "n", Kind: Decimal, Precision: 12, Scale: 2}, 1))
	for _, kind := range []Kind{Integer, Float} {
		_, err := (&Table{}).Argument(Column{Kind: kind}, sql.NullString{String: "x", Valid: true})
		require.Error(t, err)
	}
}
