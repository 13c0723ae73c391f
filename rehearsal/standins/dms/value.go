package dms

import (
	"encoding/hex"
	"fmt"
	"math"
	"net/netip"
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
)

// maxPlainDigits is the number of digits above which DMS, without UseLargeIntegerValue, writes an integer in
// scientific notation.
const maxPlainDigits = 16

// append writes a value's JSON, or reports that it is NULL.
func (c *column) append(dst []byte, v any, f *format) (out []byte, null bool, err error) {
	if v == nil {
		return dst, true, nil
	}
	switch c.kind {
	case kindInteger, kindYear:
		dst, err = c.appendInteger(dst, v, f)
	case kindDecimal:
		dst, err = c.appendDecimal(dst, v)
	case kindFloat:
		dst, err = c.appendFloat(dst, v)
	case kindDate, kindDateTime, kindTime:
		return c.appendMoment(dst, v)
	case kindBoolean, kindBits:
		dst, err = c.appendBits(dst, v)
	case kindText:
		dst, err = c.appendText(dst, v, f)
	case kindBytes:
		dst, err = c.appendBytes(dst, v, f)
	case kindEnum, kindSet:
		dst, err = c.appendMembers(dst, v)
	case kindUUID, kindInet:
		dst, err = c.appendRaw(dst, v, f)
	}
	return dst, false, err
}

func (c *column) wrong(v any) error { return fmt.Errorf("column %s: %T is not a %s", c.name, v, c.typ) }

func (c *column) appendInteger(dst []byte, v any, f *format) ([]byte, error) {
	var n int64
	switch v := v.(type) {
	case int:
		n = int64(v)
	case int8:
		n = int64(v)
	case int16:
		n = int64(v)
	case int32:
		n = int64(v)
	case int64:
		n = v
	case uint64:
		return appendWhole(dst, strconv.FormatUint(v, 10), float64(v), f), nil
	case []byte: // an unsigned BIGINT beyond int64 may come as text
		u, err := strconv.ParseUint(string(v), 10, 64)
		if err != nil {
			return dst, fmt.Errorf("column %s: %w", c.name, err)
		}
		return appendWhole(dst, string(v), float64(u), f), nil
	default:
		return dst, c.wrong(v)
	}
	if c.unsigned && n < 0 {
		if c.bits == 64 {
			u := uint64(n)
			return appendWhole(dst, strconv.FormatUint(u, 10), float64(u), f), nil
		}
		n += 1 << c.bits
	}
	return appendWhole(dst, strconv.FormatInt(n, 10), float64(n), f), nil
}

// appendWhole writes every digit when UseLargeIntegerValue is set. DMS documents it for up to 18 digits; its
// behaviour for the 19 and 20 digits of a BIGINT is not published.
func appendWhole(dst []byte, digits string, value float64, f *format) []byte {
	if !f.largeIntegers && len(strings.TrimPrefix(digits, "-")) > maxPlainDigits {
		return strconv.AppendFloat(dst, value, 'e', -1, 64)
	}
	return append(dst, digits...)
}

func (c *column) appendDecimal(dst []byte, v any) ([]byte, error) {
	text, ok := asString(v)
	if !ok {
		return dst, c.wrong(v)
	}
	digits := strings.TrimPrefix(text, "-")
	if digits == "" || strings.Trim(digits, "0123456789.") != "" || strings.HasPrefix(digits, ".") {
		return dst, fmt.Errorf("column %s: %q is not a number", c.name, text)
	}
	return append(dst, text...), nil
}

func (c *column) appendFloat(dst []byte, v any) ([]byte, error) {
	value, bits := 0.0, 64
	switch v := v.(type) {
	case float32:
		value, bits = float64(v), 32
	case float64:
		value = v
	default:
		return dst, c.wrong(v)
	}
	if math.IsInf(value, 0) || math.IsNaN(value) {
		return dst, fmt.Errorf("column %s: %v has no JSON", c.name, value)
	}
	return strconv.AppendFloat(dst, value, 'g', -1, bits), nil
}

// appendMoment writes ISO 8601; times are in UTC. MySQL's zero dates are NULL, as for any target without them.
func (c *column) appendMoment(dst []byte, v any) (out []byte, null bool, err error) {
	text, ok := asString(v)
	if !ok {
		return dst, false, c.wrong(v)
	}
	if c.kind != kindTime {
		if len(text) < len("2006-01-02") {
			return dst, false, fmt.Errorf("column %s: %q is not a date", c.name, text)
		}
		if text[:4] == "0000" || text[5:7] == "00" || text[8:10] == "00" {
			return dst, true, nil
		}
	}
	dst = append(dst, '"')
	if c.kind == kindDateTime {
		clock := "00:00:00"
		if len(text) > len("2006-01-02 ") {
			clock = text[len("2006-01-02 "):]
		}
		dst = append(dst, text[:len("2006-01-02")]...)
		dst = append(dst, 'T')
		dst = append(dst, clock...)
		dst = append(dst, 'Z')
	} else {
		dst = append(dst, text...)
	}
	return append(dst, '"'), false, nil
}

func (c *column) appendBits(dst []byte, v any) ([]byte, error) {
	var value uint64
	switch v := v.(type) {
	case int64:
		value = uint64(v)
	case []byte:
		for _, b := range v {
			value = value<<8 | uint64(b)
		}
	default:
		return dst, c.wrong(v)
	}
	if c.kind == kindBoolean {
		return strconv.AppendBool(dst, value&1 == 1), nil
	}
	return fmt.Appendf(dst, `"0x%0*X"`, 2*((c.length+7)/8), value), nil
}

func (c *column) appendText(dst []byte, v any, f *format) ([]byte, error) {
	text, ok := asString(v)
	if !ok {
		return dst, c.wrong(v)
	}
	if c.latin1 && f.fromBinlog {
		decoded, err := charmap.Windows1252.NewDecoder().String(text)
		if err != nil {
			return dst, fmt.Errorf("column %s: %w", c.name, err)
		}
		text = decoded
	}
	if c.lob && len(text) > f.lobLimit {
		if err := c.truncate(len(text), f); err != nil {
			return dst, err
		}
		text = text[:f.lobLimit]
		for !utf8.ValidString(text) && text != "" { // a cut within a character removes the whole character
			text = text[:len(text)-1]
		}
	}
	return appendString(dst, text), nil
}

func (c *column) appendBytes(dst []byte, v any, f *format) ([]byte, error) {
	text, ok := asString(v)
	if !ok {
		return dst, c.wrong(v)
	}
	if c.padded && len(text) < c.length {
		text += strings.Repeat("\x00", c.length-len(text))
	}
	if c.lob && len(text) > f.lobLimit {
		if err := c.truncate(len(text), f); err != nil {
			return dst, err
		}
		text = text[:f.lobLimit]
	}
	dst = append(dst, '"', '0', 'x')
	dst = append(dst, strings.ToUpper(hex.EncodeToString([]byte(text)))...)
	return append(dst, '"'), nil
}

// truncationError is a LOB longer than LobMaxSize, unless the policy is to log it and continue.
type truncationError struct {
	column      string
	size, limit int
	policy      string
}

func (e *truncationError) Error() string {
	return fmt.Sprintf("column %s: %d bytes are more than LobMaxSize (%d): raise it (DataTruncationErrorPolicy is %s)", e.column, e.size, e.limit, e.policy)
}

func (c *column) truncate(size int, f *format) error {
	if f.truncation != logError {
		return &truncationError{c.name, size, f.lobLimit, f.truncation}
	}
	if f.onTruncation != nil {
		f.onTruncation(c, size)
	}
	return nil
}

// appendMembers writes the text of an ENUM or SET. The binlog has an index or a bit mask; a query's result has the
// text.
func (c *column) appendMembers(dst []byte, v any) ([]byte, error) {
	if text, ok := asString(v); ok {
		return appendString(dst, text), nil
	}
	n, ok := v.(int64)
	if !ok {
		return dst, c.wrong(v)
	}
	if c.kind == kindEnum {
		switch {
		case n == 0: // MySQL's mark of an invalid value
			return appendString(dst, ""), nil
		case n < 0 || int(n) > len(c.members):
			return dst, fmt.Errorf("column %s: no member %d", c.name, n)
		}
		return appendString(dst, c.members[n-1]), nil
	}
	var chosen []string
	for i, member := range c.members {
		if uint64(n)>>i&1 == 1 {
			chosen = append(chosen, member)
		}
	}
	return appendString(dst, strings.Join(chosen, ",")), nil
}

// appendRaw writes the text of a UUID or an address. The binlog has the bytes without trailing zeros.
func (c *column) appendRaw(dst []byte, v any, f *format) ([]byte, error) {
	text, ok := asString(v)
	if !ok || f.fromBinlog && len(text) > c.length {
		return dst, c.wrong(v)
	}
	if f.fromBinlog {
		b := []byte(text + strings.Repeat("\x00", c.length-len(text)))
		if c.kind == kindUUID {
			text = fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
		} else if ip, ok := netip.AddrFromSlice(b); ok {
			text = ip.String()
		}
	}
	return appendString(dst, text), nil
}

func asString(v any) (string, bool) {
	switch v := v.(type) {
	case string:
		return v, true
	case []byte:
		return string(v), true
	}
	return "", false
}
