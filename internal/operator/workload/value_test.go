package workload

import (
	"database/sql"
	"encoding/json"
	"math/big"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// generated draws a value for the column from a random seed.
func generated(t *rapid.T, c Column) string {
	v := newValues(rapid.Uint64().Draw(t, "seed"))
	for range rapid.IntRange(0, 20).Draw(t, "skip") {
		v.tick()
	}
	return v.value(c, func(string) string { return "" })
}

func TestIntegersFitTheirType(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := Column{Kind: Integer, Bits: rapid.SampledFrom([]int{8, 16, 24, 32, 64}).Draw(t, "bits"), Unsigned: rapid.Bool().Draw(t, "unsigned"), Key: rapid.Bool().Draw(t, "key")}
		n, ok := new(big.Int).SetString(generated(t, c), 10)
		require.True(t, ok)
		low, high := big.NewInt(0), new(big.Int).Lsh(big.NewInt(1), uint(c.Bits))
		if !c.Unsigned {
			high.Rsh(high, 1)
			low.Neg(high)
		}
		require.True(t, n.Cmp(low) >= 0 && n.Cmp(high) < 0, "%s in %d bits", n, c.Bits)
	})
}

func TestLargestUnsignedIntegerOccurs(t *testing.T) {
	v := newValues(1)
	c := Column{Kind: Integer, Bits: 64, Unsigned: true}
	for range 1000 {
		if v.integer(c, false) == "18446744073709551615" {
			return
		}
	}
	t.Fatal("not among 1000 values")
}

func TestDecimalsHaveTheScaleOfTheirColumn(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		precision := rapid.IntRange(1, 65).Draw(t, "precision")
		c := Column{Kind: Decimal, Precision: precision, Scale: rapid.IntRange(0, min(precision, 38)).Draw(t, "scale"), Unsigned: rapid.Bool().Draw(t, "unsigned")}
		s := generated(t, c)
		require.Regexp(t, `^-?(0|[1-9]\d*)(\.\d+)?$`, s)
		require.NotRegexp(t, `^-[0.]+$`, s)
		whole, fraction, _ := strings.Cut(strings.TrimPrefix(s, "-"), ".")
		require.Len(t, fraction, c.Scale)
		require.LessOrEqual(t, len(strings.TrimLeft(whole, "0")), precision-c.Scale)
		require.False(t, c.Unsigned && s[0] == '-')
	})
}

func TestFloatsKeepWithinDigitsOfTheirColumn(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		precision := rapid.IntRange(1, 20).Draw(t, "precision")
		c := Column{Kind: rapid.SampledFrom([]Kind{Float, Double}).Draw(t, "kind"), Precision: precision, Scale: rapid.IntRange(-1, min(precision, 6)).Draw(t, "scale")}
		s := strings.TrimPrefix(generated(t, c), "-")
		whole, fraction, _ := strings.Cut(s, ".")
		significant := len(strings.Trim(whole+fraction, "0"))
		require.LessOrEqual(t, significant, map[Kind]int{Float: 6, Double: 15}[c.Kind])
		if c.Scale >= 0 {
			require.LessOrEqual(t, len(fraction), c.Scale)
			require.LessOrEqual(t, len(strings.TrimLeft(whole, "0")), precision-c.Scale)
		}
	})
}

func TestTimesHaveTheFractionOfTheirColumn(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		digits := rapid.IntRange(0, 6).Draw(t, "digits")
		layout := time.DateTime
		if digits > 0 {
			layout += "." + strings.Repeat("0", digits)
		}
		kind := rapid.SampledFrom([]Kind{DateTime, Timestamp}).Draw(t, "kind")
		at, err := time.Parse(layout, generated(t, Column{Kind: kind, Precision: digits, Key: rapid.Bool().Draw(t, "key")}))
		require.NoError(t, err)
		if kind == Timestamp {
			require.True(t, at.Year() > 1970 && at.Year() < 2038, at)
		}
		s := generated(t, Column{Kind: Time, Precision: digits})
		_, fraction, _ := strings.Cut(s, ".")
		require.Len(t, fraction, digits)
		_, err = time.Parse(time.DateOnly, generated(t, Column{Kind: Date}))
		require.NoError(t, err)
	})
}

func TestTextKeepsLengthAndCharacterSet(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := Column{
			Name:    rapid.SampledFrom([]string{"name", "email", "note", "city", "sku", "event", "device", "customer_id", "x"}).Draw(t, "name"),
			Kind:    Text,
			Length:  rapid.Int64Range(1, 300).Draw(t, "length"),
			Bytes:   rapid.SampledFrom([]int64{0, 255}).Draw(t, "bytes"),
			Charset: rapid.SampledFrom([]string{"utf8mb4", "utf8mb3", "latin1", "ascii", "cp932"}).Draw(t, "charset"),
			Key:     rapid.Bool().Draw(t, "key"),
		}
		s := generated(t, c)
		require.True(t, utf8.ValidString(s))
		require.LessOrEqual(t, int64(utf8.RuneCountInString(s)), c.Length)
		require.Equal(t, strings.TrimSpace(s), s)
		if c.Bytes > 0 {
			require.LessOrEqual(t, int64(len(s)), c.Bytes)
		}
		for _, r := range s {
			require.True(t, encodes(c.Charset, r), "%q in %s", r, c.Charset)
		}
		require.False(t, c.Key && s == "")
	})
}

func TestOtherTypesKeepTheirLimits(t *testing.T) {
	members := []string{"a", "it's", "셋"}
	rapid.Check(t, func(t *rapid.T) {
		length := rapid.Int64Range(1, 300).Draw(t, "length")
		require.LessOrEqual(t, int64(len(generated(t, Column{Kind: Binary, Length: length}))), length)
		require.Len(t, generated(t, Column{Kind: Binary, Length: length, Fixed: true}), int(length))
		require.Contains(t, members, generated(t, Column{Kind: Enum, Members: members}))
		for member := range strings.SplitSeq(generated(t, Column{Kind: Set, Members: members}), ",") {
			require.True(t, member == "" || slices.Contains(members, member))
		}
		require.True(t, json.Valid([]byte(generated(t, Column{Kind: JSON}))))
		require.Regexp(t, regexp.MustCompile(`^(19|20|21)\d\d$`), generated(t, Column{Kind: Year}))
		bits := rapid.IntRange(1, 64).Draw(t, "bits")
		n, ok := new(big.Int).SetString(generated(t, Column{Kind: Bit, Bits: bits}), 10)
		require.True(t, ok && n.BitLen() <= bits)
	})
}

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
