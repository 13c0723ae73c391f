package dms

import (
	"encoding/json"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestValues(t *testing.T) {
	integer := func(bits int, unsigned bool) column { return column{kind: kindInteger, bits: bits, unsigned: unsigned} }
	plain, large := &format{fromBinlog: true}, &format{fromBinlog: true, largeIntegers: true, lobLimit: 4, truncation: logError}
	for name, c := range map[string]struct {
		column column
		value  any
		format *format
		want   string // "" is NULL
	}{
		"tinyint":                              {integer(8, false), int8(-1), plain, "-1"},
		"unsigned tinyint":                     {integer(8, true), int8(-1), plain, "255"},
		"unsigned mediumint":                   {integer(24, true), int32(-1), plain, "16777215"},
		"unsigned int":                         {integer(32, true), int32(-1), plain, "4294967295"},
		"unsigned bigint":                      {integer(64, true), int64(-1), large, "18446744073709551615"},
		"unsigned bigint of a query":           {integer(64, true), uint64(1 << 63), large, "9223372036854775808"},
		"unsigned bigint as text":              {integer(64, true), []byte("18446744073709551615"), large, "18446744073709551615"},
		"16 digits":                            {integer(64, false), int64(1234567890123456), plain, "1234567890123456"},
		"17 digits":                            {integer(64, false), int64(-12345678901234567), plain, "-1.2345678901234568e+16"},
		"17 digits, large integers":            {integer(64, false), int64(-12345678901234567), large, "-12345678901234567"},
		"decimal":                              {column{kind: kindDecimal}, []byte("-0.50"), plain, "-0.50"},
		"float":                                {column{kind: kindFloat}, float32(3.14), plain, "3.14"},
		"double":                               {column{kind: kindFloat}, 1e300, plain, "1e+300"},
		"date":                                 {column{kind: kindDate}, "2026-11-23", plain, `"2026-11-23"`},
		"zero date":                            {column{kind: kindDate}, "0000-00-00", plain, ""},
		"date with a zero day":                 {column{kind: kindDate}, "2026-11-00", plain, ""},
		"datetime":                             {column{kind: kindDateTime}, "2024-07-29 00:57:35", plain, `"2024-07-29T00:57:35Z"`},
		"datetime with microseconds":           {column{kind: kindDateTime}, []byte("2024-07-29 00:57:35.000120"), plain, `"2024-07-29T00:57:35.000120Z"`},
		"time":                                 {column{kind: kindTime}, "-838:59:59", plain, `"-838:59:59"`},
		"year":                                 {column{kind: kindYear}, 2026, plain, "2026"},
		"bit(1)":                               {column{kind: kindBoolean, length: 1}, int64(1), plain, "true"},
		"bit(9)":                               {column{kind: kindBits, length: 9}, []byte{1, 2}, plain, `"0x0102"`},
		"bytes":                                {column{kind: kindBytes, length: 9}, "\x00\xff", plain, `"0x00FF"`},
		"binary without its trailing zeros":    {column{kind: kindBytes, length: 4, padded: true}, "\x01", plain, `"0x01000000"`},
		"text":                                 {column{kind: kindText}, []byte("é\"\\\n\x01<&>🎉"), plain, `"é\"\\\n\u0001<&>🎉"`},
		"latin1":                               {column{kind: kindText, latin1: true}, "caf\xe9 \x80", plain, `"café €"`},
		"latin1 of a query is utf8 already":    {column{kind: kindText, latin1: true}, "café", &format{}, `"café"`},
		"broken utf8":                          {column{kind: kindText}, "a\xffb", plain, `"a�b"`},
		"a long LOB is cut between characters": {column{kind: kindText, lob: true}, "abcé", large, `"abc"`},
		"enum":                                 {column{kind: kindEnum, members: []string{"x", "y"}}, int64(2), plain, `"y"`},
		"enum of a wrong value":                {column{kind: kindEnum, members: []string{"x"}}, int64(0), plain, `""`},
		"set":                                  {column{kind: kindSet, members: []string{"x", "y", "z"}}, int64(5), plain, `"x,z"`},
		"empty set":                            {column{kind: kindSet, members: []string{"x"}}, int64(0), plain, `""`},
		"null":                                 {integer(8, false), nil, plain, ""},
	} {
		t.Run(name, func(t *testing.T) {
			got, null, err := c.column.append(nil, c.value, c.format)
			require.NoError(t, err)
			require.Equal(t, c.want == "", null)
			require.Equal(t, c.want, string(got))
		})
	}
}

func TestWrongValuesAreRefused(t *testing.T) {
	for _, c := range []struct {
		column column
		value  any
	}{
		{column{kind: kindInteger}, "1"},
		{column{kind: kindDecimal}, "1e5"},
		{column{kind: kindDecimal}, ""},
		{column{kind: kindDate}, "2026"},
		{column{kind: kindEnum, members: []string{"x"}}, int64(2)},
		{column{kind: kindFloat}, "1"},
	} {
		_, _, err := c.column.append(nil, c.value, &format{})
		require.Error(t, err, "%v", c)
	}
}

func TestStringsAreJSON(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := rapid.String().Draw(t, "text")
		var out string
		if err := json.Unmarshal(appendString(nil, in), &out); err != nil || out != in {
			t.Fatalf("%q became %q: %v", in, out, err)
		}
	})
}

func FuzzAppendString(f *testing.F) {
	f.Add("a\"\\\x00\u2028é\xff")
	f.Fuzz(func(t *testing.T, in string) {
		var out string
		require.NoError(t, json.Unmarshal(appendString(nil, in), &out))
		require.True(t, utf8.ValidString(out))
	})
}

func TestMembers(t *testing.T) {
	require.Equal(t, []string{"a", "it's", "", "b,c"}, members("enum('a','it''s','','b,c')"))
	require.Nil(t, members("int"))
}
