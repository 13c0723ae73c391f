package workload

import (
	"cdcpipeline/internal/operator/schema"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/brianvoe/gofakeit/v7"
)

// values generates a value per column type, in the form in which the database prints it (bit strings as a number).
// Everything random comes from one seeded source, and so does the time.
type values struct {
	random *rand.Rand
	faker  *gofakeit.Faker
	clock  time.Time
}

func newValues(seed uint64) *values {
	source := rand.NewPCG(seed, 0x5851f42d4c957f2d)
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(seed%(200*24)) * time.Hour)
	return &values{random: rand.New(source), faker: gofakeit.NewFaker(source, false), clock: start}
}

// tick advances the clock by up to three seconds.
func (v *values) tick() {
	v.clock = v.clock.Add(time.Duration(1+v.random.IntN(3_000_000)) * time.Microsecond)
}

// oneIn returns true once in n times on average.
func (v *values) oneIn(n int) bool { return v.random.IntN(n) == 0 }

func pick[T any](v *values, from ...T) T { return from[v.random.IntN(len(from))] }

// value generates a value that fits the column. known returns the row's earlier values by column name.
func (v *values) value(c schema.Column, known func(string) string) string {
	if !c.Key && !c.Unique {
		if s, ok := v.named(c, known); ok {
			return s
		}
	}
	spread := c.Key || c.Unique
	switch c.Kind {
	case schema.Integer:
		return v.integer(c, spread)
	case schema.Decimal:
		return v.decimal(c, spread)
	case schema.Float:
		return v.float(c, 6)
	case schema.Double:
		return v.float(c, 15)
	case schema.Bool:
		return strconv.Itoa(v.random.IntN(2))
	case schema.Bit:
		return strconv.FormatUint(v.random.Uint64()>>(64-c.Bits), 10)
	case schema.Date:
		return v.date(spread)
	case schema.DateTime:
		return v.datetime(c, spread)
	case schema.Timestamp:
		return timestamp(v.moment(spread), c.Precision)
	case schema.Time:
		return v.timeOfDay(c)
	case schema.Year:
		return strconv.Itoa(pick(v, 1901, 2155, 1990+v.random.IntN(41), 1990+v.random.IntN(41)))
	case schema.Text:
		if spread {
			return v.identifier(c)
		}
		return v.text(c)
	case schema.Binary:
		return v.binary(c)
	case schema.Enum:
		return pick(v, c.Members...)
	case schema.Set:
		return v.set(c)
	case schema.JSON:
		return v.json()
	case schema.UUID:
		return v.faker.UUID()
	case schema.Unsupported, schema.Spatial, schema.Inet:
	}
	panic(fmt.Sprintf("column %s: a value for a column that stays NULL", c.Name))
}

// integer generates mostly small numbers, sometimes any number, and sometimes a limit of the type. If spread is true,
// the number may have any value of the type, which suits keys.
func (v *values) integer(c schema.Column, spread bool) string {
	unused := 64 - c.Bits
	limits := []string{"0", strconv.FormatInt(-1<<(c.Bits-1), 10), strconv.FormatInt(1<<(c.Bits-1)-1, 10)}
	anything := strconv.FormatInt(int64(v.random.Uint64())>>unused, 10)
	if c.Unsigned {
		limits = []string{"0", "1", strconv.FormatUint(^uint64(0)>>unused, 10)}
		anything = strconv.FormatUint(v.random.Uint64()>>unused, 10)
	}
	switch n := v.random.IntN(20); {
	case n == 0:
		return pick(v, limits...)
	case n < 4, spread && n < 12:
		return anything
	case spread:
		return strconv.FormatUint(v.random.Uint64N(min(uint64(1)<<(c.Bits-1), 1_000_000_000)), 10)
	}
	return strconv.Itoa(v.random.IntN(int(min(uint64(1)<<(c.Bits-1), 1000))))
}

// decimal generates a number with exactly the column's scale, as the database prints it.
func (v *values) decimal(c schema.Column, spread bool) string {
	whole := max(c.Precision-c.Scale, 0)
	var digits, fraction string
	switch n := v.random.IntN(20); {
	case n == 0:
		digits, fraction = strings.Repeat("9", whole), strings.Repeat("9", c.Scale)
	case n == 1:
		fraction = strings.Repeat("0", c.Scale)
	case n < 5, spread:
		digits, fraction = v.digits(whole), v.digits(c.Scale)
	default:
		digits, fraction = v.digits(min(whole, 1+v.random.IntN(6))), v.digits(c.Scale)
	}
	digits = strings.TrimLeft(digits, "0")
	negative := !c.Unsigned && v.oneIn(4) && strings.Trim(digits+fraction, "0") != ""
	s := digits
	if s == "" {
		s = "0"
	}
	if c.Scale > 0 {
		s += "." + fraction
	}
	if negative {
		s = "-" + s
	}
	return s
}

func (v *values) digits(n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte('0' + v.random.IntN(10))
	}
	return string(b)
}

// float generates a number with few significant digits, so that the database returns it unchanged.
func (v *values) float(c schema.Column, significant int) string {
	scale := v.random.IntN(5)
	if c.Scale >= 0 {
		scale = min(scale, c.Scale)
		significant = min(significant, c.Precision-c.Scale+scale)
	}
	limit := int64(1)
	for range significant {
		limit *= 10
	}
	m := v.random.Int64N(limit)
	if v.random.IntN(4) > 0 {
		m %= 100_000
	}
	s := strconv.FormatInt(m, 10)
	if scale > 0 {
		s = strings.Repeat("0", max(0, scale+1-len(s))) + s
		s = s[:len(s)-scale] + "." + s[len(s)-scale:]
	}
	if m != 0 && !c.Unsigned && v.oneIn(4) {
		s = "-" + s
	}
	return s
}

// moment returns a time in the month before the clock that a TIMESTAMP can hold.
func (v *values) moment(spread bool) time.Time {
	switch {
	case spread:
		return v.clock.Add(-time.Duration(v.random.Int64N(int64(20 * 365 * 24 * time.Hour))))
	case v.oneIn(3):
		return v.clock
	}
	return v.clock.Add(-time.Duration(v.random.Int64N(int64(30 * 24 * time.Hour))))
}

func (v *values) date(spread bool) string {
	if v.oneIn(20) {
		return pick(v, "1970-01-01", "2000-02-29", "9999-12-31")
	}
	return v.moment(spread).Format(time.DateOnly)
}

func (v *values) datetime(c schema.Column, spread bool) string {
	if v.oneIn(20) {
		return pick(v, timestamp(time.Unix(0, 0), c.Precision),
			timestamp(time.Date(2000, 2, 29, 23, 59, 59, 999_999_000, time.UTC), c.Precision),
			timestamp(time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC), c.Precision))
	}
	return timestamp(v.moment(spread), c.Precision)
}

// timestamp formats t with that many digits of a second. It cuts further digits and does not round.
func timestamp(t time.Time, digits int) string {
	return t.UTC().Format(time.DateTime) + fraction(t.Nanosecond()/1000, digits)
}

func fraction(microseconds, digits int) string {
	if digits == 0 {
		return ""
	}
	return "." + fmt.Sprintf("%06d", microseconds)[:digits]
}

// timeOfDay returns a time of day. Sometimes it returns a limit of MySQL's TIME, which is a duration.
func (v *values) timeOfDay(c schema.Column) string {
	if c.Type == "" && v.oneIn(20) {
		return pick(v, "-838:59:59", "838:59:59", "00:00:00") + fraction(0, c.Precision)
	}
	return fmt.Sprintf("%02d:%02d:%02d", v.random.IntN(24), v.random.IntN(60), v.random.IntN(60)) +
		fraction(v.random.IntN(1_000_000), c.Precision)
}

func (v *values) binary(c schema.Column) string {
	n := c.Length
	if !c.Fixed {
		n = v.random.Int64N(min(c.Length, 64) + 1)
		if v.oneIn(50) {
			n = min(c.Length, 2000)
		}
		if c.Key || c.Unique {
			n = min(c.Length, 16)
		}
	}
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(v.random.UintN(256))
	}
	return string(b)
}

// set joins some members in the order of the type, as the database does.
func (v *values) set(c schema.Column) string {
	return strings.Join(slices.DeleteFunc(slices.Clone(c.Members), func(string) bool { return v.oneIn(2) }), ",")
}
