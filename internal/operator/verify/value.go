package verify

import (
	"bytes"
	"cdcpipeline/internal/operator/schema"
	"cmp"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/netip"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Source values have the form of [schema.Column.Canonical], and sink values are raw JSON. Both are converted to a
// normal form, in which equal values have equal text. For example, 1.50 equals 1.5, and 2026-01-02 03:04:05 equals
// 2026-01-02T03:04:05.000Z. The order of members in JSON documents does not matter.

// ofSource returns the normal form of a source value. null is also true for MySQL's zero date, which no sink can hold.
func ofSource(c schema.Column, value any) (normal string, null bool) {
	if value == nil {
		return "", true
	}
	text := fmt.Sprint(value)
	switch c.Kind {
	case schema.Date, schema.DateTime, schema.Timestamp:
		if len(text) >= 10 && (text[:4] == "0000" || text[5:7] == "00" || text[8:10] == "00") {
			return "", true
		}
	case schema.Binary, schema.Spatial:
		if raw, err := base64.StdEncoding.DecodeString(text); err == nil {
			return padded(c, strings.ToUpper(hex.EncodeToString(raw))), false
		}
	case schema.Bool, schema.Bit, schema.Integer, schema.Year: // these are digits already
		return text, false
	default:
	}
	return normalText(c, text), false
}

// ofSink returns the normal form of a record's column. A value that does not fit the column's type stays unchanged, so
// it differs from every valid value.
func ofSink(c schema.Column, raw string, present bool) (normal string, null bool) {
	if !present || raw == "null" {
		return "", true
	}
	text := raw
	if raw[0] == '"' {
		if json.Unmarshal([]byte(raw), &text) != nil {
			return raw, false
		}
	}
	switch c.Kind {
	case schema.Integer, schema.Bool, schema.Year, schema.Bit:
		return integer(text), false
	case schema.Binary, schema.Spatial:
		return padded(c, strings.ToUpper(strings.TrimPrefix(text, "0x"))), false
	default:
	}
	return normalText(c, text), false
}

func normalText(c schema.Column, text string) string {
	switch c.Kind {
	case schema.Decimal:
		return decimal(text)
	case schema.Float:
		return float(text, 32)
	case schema.Double:
		return float(text, 64)
	case schema.Date:
		date, clock, _ := strings.Cut(text, "T")
		if strings.Trim(clock, "0:.Z") == "" {
			return date
		}
	case schema.DateTime, schema.Timestamp:
		return dateTime(text)
	case schema.Time:
		return trimFraction(text)
	case schema.JSON:
		return document(text)
	case schema.UUID:
		return strings.ToLower(strings.ReplaceAll(cmp.Or(rawDigits(text, 16), text), "-", ""))
	case schema.Inet:
		if ip, err := netip.ParseAddr(address(text, c.Length)); err == nil {
			return ip.String()
		}
	default:
	}
	return text
}

// padded returns the digits of bytes. It pads a BINARY to its full length, because the binlog leaves out zero bytes at
// the end.
func padded(c schema.Column, text string) string {
	if missing := 2*int(c.Length) - len(text); c.Fixed && missing > 0 {
		text += strings.Repeat("0", missing)
	}
	return text
}

// rawDigits returns the hexadecimal digits of a value that was written as bytes (0x…). It returns empty text for other
// values. It adds zero bytes at the end, which the binlog leaves out.
func rawDigits(text string, bytes int) string {
	digits, ok := strings.CutPrefix(text, "0x")
	if !ok || len(digits) > 2*bytes {
		return ""
	}
	return digits + strings.Repeat("0", 2*bytes-len(digits))
}

// address returns the text of an address with that many bytes. The address may have been written as bytes.
func address(text string, bytes int64) string {
	b, err := hex.DecodeString(rawDigits(text, int(bytes)))
	if ip, ok := netip.AddrFromSlice(b); ok && err == nil {
		return ip.String()
	}
	return text
}

// integer reads DMS's forms of integers, BIT(1) and longer bit strings: 42, true, "0x01FF".
func integer(text string) string {
	switch text {
	case "true":
		return "1"
	case "false":
		return "0"
	}
	if digits, ok := strings.CutPrefix(text, "0x"); ok {
		if n, err := strconv.ParseUint(digits, 16, 64); err == nil {
			return strconv.FormatUint(n, 10)
		}
	}
	return decimal(text) // DMS before 3.5.4 writes 1.2E17; if it rounded the number, the comparison reports a difference
}

func float(text string, bits int) string {
	f, err := strconv.ParseFloat(text, bits)
	if err != nil {
		return text
	}
	if f == 0 {
		return "0"
	}
	return strconv.FormatFloat(f, 'g', -1, bits)
}

var number = regexp.MustCompile(`^(-?)0*(\d+?)(?:\.(\d+))?(?:[eE]([+-]?\d{1,3}))?$`)

// decimal formats a number without an exponent and without leading or trailing zeros.
func decimal(text string) string {
	m := number.FindStringSubmatch(text)
	if m == nil {
		return text
	}
	whole, fraction := m[2], m[3]
	exponent, _ := strconv.Atoi(m[4])
	if exponent > 0 {
		fraction += strings.Repeat("0", max(0, exponent-len(fraction)))
		whole, fraction = whole+fraction[:exponent], fraction[exponent:]
	} else if exponent < 0 {
		whole = strings.Repeat("0", max(0, 1-exponent-len(whole))) + whole
		whole, fraction = whole[:len(whole)+exponent], whole[len(whole)+exponent:]+fraction
	}
	whole, fraction = strings.TrimLeft(whole, "0"), strings.TrimRight(fraction, "0")
	if whole == "" {
		whole = "0"
	}
	if fraction != "" {
		whole += "." + fraction
	}
	if whole == "0" {
		return "0"
	}
	return m[1] + whole
}

// dateTime removes the zone, which is UTC on both sides, and trailing zeros of the fraction.
func dateTime(text string) string {
	text = strings.TrimSuffix(strings.TrimSuffix(text, "Z"), "+00:00")
	return trimFraction(strings.Replace(text, " ", "T", 1))
}

// sameToTheMillisecond reports whether two times differ by less than a millisecond. The second one is JSON. The reader
// may have cut or rounded the finer digits.
func sameToTheMillisecond(source, sink string) bool {
	const form = "2006-01-02T15:04:05.999999999"
	a, err := time.Parse(form, dateTime(source))
	b, err2 := time.Parse(form, dateTime(strings.Trim(sink, `"`)))
	return err == nil && err2 == nil && a.Sub(b).Abs() < time.Millisecond
}

func trimFraction(text string) string {
	if strings.Contains(text, ".") {
		text = strings.TrimSuffix(strings.TrimRight(text, "0"), ".")
	}
	return text
}

// document formats JSON with sorted members and numbers in one form.
func document(text string) string {
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber()
	var v any
	if decoder.Decode(&v) != nil {
		return text
	}
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if encoder.Encode(numbers(v)) != nil {
		return text
	}
	return strings.TrimSuffix(b.String(), "\n")
}

func numbers(v any) any {
	switch v := v.(type) {
	case json.Number:
		return json.Number(decimal(string(v)))
	case []any:
		for i := range v {
			v[i] = numbers(v[i])
		}
	case map[string]any:
		for name := range v {
			v[name] = numbers(v[name])
		}
	}
	return v
}
