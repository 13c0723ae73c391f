package workload

import (
	"cdcpipeline/internal/operator/schema"
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

// drawn generates a value for the column from a random seed.
func drawn(t *rapid.T, c schema.Column) string {
	v := newValues(rapid.Uint64().Draw(t, "seed"))
	for range rapid.IntRange(0, 20).Draw(t, "skip") {
		v.tick()
	}
	return v.value(c, func(string) string { return "" })
}

func TestIntegersFitTheirType(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := schema.Column{Kind: schema.Integer, Bits: rapid.SampledFrom([]int{8, 16, 24, 32, 64}).Draw(t, "bits"), Unsigned: rapid.Bool().Draw(t, "unsigned"), Key: rapid.Bool().Draw(t, "key")}
		n, ok := new(big.Int).SetString(drawn(t, c), 10)
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
	c := schema.Column{Kind: schema.Integer, Bits: 64, Unsigned: true}
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
		c := schema.Column{Kind: schema.Decimal, Precision: precision, Scale: rapid.IntRange(0, min(precision, 38)).Draw(t, "scale"), Unsigned: rapid.Bool().Draw(t, "unsigned")}
		s := drawn(t, c)
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
		c := schema.Column{Kind: rapid.SampledFrom([]schema.Kind{schema.Float, schema.Double}).Draw(t, "kind"), Precision: precision, Scale: rapid.IntRange(-1, min(precision, 6)).Draw(t, "scale")}
		s := strings.TrimPrefix(drawn(t, c), "-")
		whole, fraction, _ := strings.Cut(s, ".")
		significant := len(strings.Trim(whole+fraction, "0"))
		require.LessOrEqual(t, significant, map[schema.Kind]int{schema.Float: 6, schema.Double: 15}[c.Kind])
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
		kind := rapid.SampledFrom([]schema.Kind{schema.DateTime, schema.Timestamp}).Draw(t, "kind")
		at, err := time.Parse(layout, drawn(t, schema.Column{Kind: kind, Precision: digits, Key: rapid.Bool().Draw(t, "key")}))
		require.NoError(t, err)
		if kind == schema.Timestamp {
			require.True(t, at.Year() > 1970 && at.Year() < 2038, at)
		}
		s := drawn(t, schema.Column{Kind: schema.Time, Precision: digits})
		_, fraction, _ := strings.Cut(s, ".")
		require.Len(t, fraction, digits)
		_, err = time.Parse(time.DateOnly, drawn(t, schema.Column{Kind: schema.Date}))
		require.NoError(t, err)
	})
}

func TestTextKeepsLengthAndCharacterSet(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := schema.Column{
			Name:    rapid.SampledFrom([]string{"name", "email", "note", "city", "sku", "event", "device", "customer_id", "x"}).Draw(t, "name"),
			Kind:    schema.Text,
			Length:  rapid.Int64Range(1, 300).Draw(t, "length"),
			Bytes:   rapid.SampledFrom([]int64{0, 255}).Draw(t, "bytes"),
			Charset: rapid.SampledFrom([]string{"utf8mb4", "utf8mb3", "latin1", "ascii", "cp932"}).Draw(t, "charset"),
			Key:     rapid.Bool().Draw(t, "key"),
		}
		s := drawn(t, c)
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
		require.LessOrEqual(t, int64(len(drawn(t, schema.Column{Kind: schema.Binary, Length: length}))), length)
		require.Len(t, drawn(t, schema.Column{Kind: schema.Binary, Length: length, Fixed: true}), int(length))
		require.Contains(t, members, drawn(t, schema.Column{Kind: schema.Enum, Members: members}))
		for member := range strings.SplitSeq(drawn(t, schema.Column{Kind: schema.Set, Members: members}), ",") {
			require.True(t, member == "" || slices.Contains(members, member))
		}
		require.True(t, json.Valid([]byte(drawn(t, schema.Column{Kind: schema.JSON}))))
		require.Regexp(t, regexp.MustCompile(`^(19|20|21)\d\d$`), drawn(t, schema.Column{Kind: schema.Year}))
		bits := rapid.IntRange(1, 64).Draw(t, "bits")
		n, ok := new(big.Int).SetString(drawn(t, schema.Column{Kind: schema.Bit, Bits: bits}), 10)
		require.True(t, ok && n.BitLen() <= bits)
	})
}
