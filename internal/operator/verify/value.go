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

// The source's values come as [schema.Column.Canonical] has them, the sinks' as raw JSON. Both are brought into one
// normal form, text that is equal for equal values: 1.50 and 1.5; 2026-01-02 03:04:05 and 2026-01-02T03:04:05.000Z;
// JSON documents whose members are ordered differently.

// ofSource is the normal form of a value of the source; null is also what no sink can hold, MySQL's zero date.
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
	case schema.Bool, schema.Bit, schema.Integer, schema.Year: // digits already
		return text, false
	default:
	}
	return normalText(c, text), false
}

// ofSink is the normal form of a column of a record. What does not have the column's type stays as it is, and so
// differs from every value of it.
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

// padded are the digits of bytes. A BINARY has its full length, whether or not its last bytes, which the binlog leaves out when they are zero,
// were written.
func padded(c schema.Column, text string) string {
	if missing := 2*int(c.Length) - len(text); c.Fixed && missing > 0 {
		text += strings.Repeat("0", missing)
	}
	return text
}

// rawDigits gives the hexadecimal digits of a value of so many bytes that was written as such, 0x…; empty for another text. The
// binlog leaves zero bytes at the end out.
func rawDigits(text string, bytes int) string {
	digits, ok := strings.CutPrefix(text, "0x")
	if !ok || len(digits) > 2*bytes {
		return ""
	}
	return digits + strings.Repeat("0", 2*bytes-len(digits))
}

// address is the text of an address of so many bytes, which may have been written as bytes.
func address(text string, bytes int64) string {
	b, err := hex.DecodeString(rawDigits(text, int(bytes)))
	if ip, ok := netip.AddrFromSlice(b); ok && err == nil {
		return ip.String()
	}
	return text
}

// integer takes what DMS writes for integers, BIT(1) and longer bit strings: 42, true, "0x01FF".
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
	return decimal(text) // DMS before 3.5.4 writes 1.2E17: exact digits, or a difference
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

// decimal writes a number without an exponent and without zeros at its ends.
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

// dateTime drops the zone, which is UTC on both sides, and zeros of the fraction.
func dateTime(text string) string {
	text = strings.TrimSuffix(strings.TrimSuffix(text, "Z"), "+00:00")
	return trimFraction(strings.Replace(text, " ", "T", 1))
}

// sameToTheMillisecond says that two times, the second as JSON, are less than one apart: which way what is finer was cut or rounded
// is the reader's.
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

// document writes JSON with its members in order and its numbers in one form.
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
