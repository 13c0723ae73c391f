package change

import (
	"encoding/hex"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
)

// spelling gives equal values of one type the same text. A load and a change may spell them differently: a time with
// or without its fraction, or bytes with or without trailing zeros, which the binlog omits. A text that is not a
// value of the type stays unchanged.
type spelling struct {
	kind spelled
	// length is that of a BINARY or an address in bytes, or that of a bit string in bits.
	length int
}

// spelled is the way to write values of a type.
type spelled int

const (
	asWritten spelled = iota
	texts
	integers
	decimals
	floats  // 32 bits
	doubles // 64 bits
	booleans
	bits
	dates
	moments
	clocks
	octets
	fixedOctets
	uuids
	addresses
	// The following exist only in PostgreSQL.
	truths
	zonedMoments
	zonedClocks
	escapedOctets
	networks
	padded
)

// spellings maps the lower-case type names of MySQL and DMS:
// https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Source.MySQL.html#CHAP_Source.MySQL.DataTypes.
var spellings = map[string]spelled{
	"tinyint": integers, "smallint": integers, "mediumint": integers, "int": integers, "integer": integers, "bigint": integers, "year": integers,
	"int1": integers, "int2": integers, "int4": integers, "int8": integers, "int16": integers, "int32": integers, "int64": integers,
	"uint1": integers, "uint2": integers, "uint4": integers, "uint8": integers, "uint16": integers, "uint32": integers, "uint64": integers,
	"decimal": decimals, "numeric": decimals, "float": floats, "real4": floats, "double": doubles, "real": doubles, "real8": doubles,
	"boolean": booleans, "bit": bits, "date": dates, "datetime": moments, "timestamp": moments, "time": clocks,
	"binary": fixedOctets, "varbinary": octets, "tinyblob": octets, "blob": octets, "mediumblob": octets, "longblob": octets, "bytes": octets,
	"char": texts, "varchar": texts, "tinytext": texts, "text": texts, "mediumtext": texts, "longtext": texts, "enum": texts, "set": texts,
	"string": texts, "wstring": texts, "clob": texts, "nclob": texts,
	"uuid": uuids, "inet4": addresses, "inet6": addresses,
}

// uuidBytes is the length of a UUID and of an IPv6 address.
const uuidBytes = 16

// spellingOf returns the spelling of a type: bigint(20) unsigned, BINARY(16), TIMESTAMP, character varying(20).
func (k Kind) spellingOf(declared string) spelling {
	if declared == "" {
		return spelling{}
	}
	if k.Postgres() {
		return spelling{kind: postgresSpellings[typeName(declared)], length: uuidBytes}
	}
	declared = strings.ToLower(declared)
	name, rest := declared, ""
	if end := strings.IndexAny(declared, "( "); end >= 0 {
		name, rest = declared[:end], declared[end:]
	}
	s := spelling{kind: spellings[name]}
	switch {
	case name == "inet4":
		s.length = 4
	case name == "inet6" || name == "uuid":
		s.length = uuidBytes
	case s.kind == fixedOctets || s.kind == bits:
		digits, _, _ := strings.Cut(strings.TrimPrefix(rest, "("), ")")
		s.length, _ = strconv.Atoi(digits)
		const longest = 255 // the longest BINARY
		if s.length = min(max(s.length, 1), longest); s.kind == bits && s.length == 1 {
			s.kind = booleans
		}
	}
	return s
}

// empty reports whether the type has an empty value, which DMS may write as null or omit.
func (s spelling) empty() bool {
	switch s.kind {
	case texts, octets, fixedOctets, escapedOctets, padded:
		return true
	default:
		return false
	}
}

// text returns a value's text.
func (s spelling) text(raw string) (string, error) {
	switch raw[0] {
	case '{', '[':
		return "", fmt.Errorf("its value is not a string, number or boolean")
	}
	value := text(raw)
	switch s.kind {
	case asWritten:
		return unspelled(raw)
	case integers, decimals:
		return exact(value)
	case floats:
		return float(value, 32), nil
	case doubles:
		return float(value, 64), nil
	case booleans:
		return boolean(value), nil
	case bits:
		return s.bits(value), nil
	case dates:
		return date(value), nil
	case moments:
		return instant(value), nil
	case clocks:
		return withoutFraction(value), nil
	case octets, fixedOctets:
		return s.bytes(value), nil
	case uuids:
		return s.uuid(value), nil
	case addresses:
		return s.address(value), nil
	case truths, zonedMoments, zonedClocks, escapedOctets, networks, padded:
		return s.postgres(value), nil
	case texts:
	}
	return value, nil
}

// unspelled is the text of a value with an unknown type.
func unspelled(raw string) (string, error) {
	switch {
	case raw[0] == '"', raw[0] == 't', raw[0] == 'f':
		return text(raw), nil
	case strings.ContainsAny(raw, "eE"):
		return "", rounded(raw)
	}
	return plain(raw), nil
}

// rounded refuses scientific notation. Without UseLargeIntegerValue DMS writes an integer of more than 16 digits in
// this form, and two rows would become one.
func rounded(number string) error {
	return fmt.Errorf("%s is in scientific notation, which may have lost digits: set UseLargeIntegerValue of the target endpoint", number)
}

// plain writes equal decimal numbers equally.
func plain(number string) string {
	if strings.IndexByte(number, '.') >= 0 {
		number = strings.TrimSuffix(strings.TrimRight(number, "0"), ".")
	}
	if number == "-0" {
		return "0"
	}
	return number
}

// exact returns the exact digits of a number, which may be quoted, or of a boolean.
func exact(value string) (string, error) {
	switch value {
	case "true":
		return "1", nil
	case "false":
		return "0", nil
	}
	switch {
	case !numeral(value):
		return value, nil
	case strings.ContainsAny(value, "eE"):
		return "", rounded(value)
	}
	sign, digits := "", value
	if strings.HasPrefix(value, "-") {
		sign, digits = "-", value[1:]
	}
	digits = strings.TrimLeft(digits, "0")
	if digits == "" || digits[0] == '.' {
		digits = "0" + digits
	}
	return plain(sign + digits), nil
}

// numeral reports whether a value has only the characters of a number.
func numeral(value string) bool {
	return value != "" && strings.Trim(value, "0123456789.+-eE") == ""
}

// float formats a number of this many bits without an exponent.
func float(value string, bits int) string {
	f, err := strconv.ParseFloat(value, bits)
	if err != nil || !numeral(value) { // ParseFloat also accepts 1_0, 0x1p4 and inf
		return value
	}
	if f == 0 { // -0 too
		return "0"
	}
	return strconv.FormatFloat(f, 'f', -1, bits)
}

func boolean(value string) string {
	switch value {
	case "1", "0x1", "0x01":
		return "true"
	case "0", "0x0", "0x00":
		return "false"
	}
	return value
}

// bits returns a bit string as hexadecimal digits of whole bytes.
func (s spelling) bits(value string) string {
	digits, isHex := strings.CutPrefix(value, "0x")
	base := 10
	if isHex {
		base = 16
	}
	n, err := strconv.ParseUint(digits, base, 64)
	if err != nil {
		return value
	}
	return fmt.Sprintf("0x%0*X", 2*((s.length+7)/8), n)
}

// date removes a time of zero.
func date(value string) string {
	if len(value) > 10 && strings.Trim(value[10:], "T 0:.Z") == "" {
		return value[:10]
	}
	return value
}

// instant has the form 2026-02-03T04:05:06.07Z, in UTC as in DMS's records, without trailing zeros in the fraction.
func instant(value string) string {
	const whole = len("2026-02-03T04:05:06")
	clock := strings.TrimSuffix(strings.TrimSuffix(value, "Z"), "+00:00")
	if len(clock) < whole || clock[10] != 'T' && clock[10] != ' ' || strings.Trim(clock[whole:], "0123456789.") != "" {
		return value
	}
	return clock[:10] + "T" + withoutFraction(clock[11:]) + "Z"
}

// withoutFraction drops trailing zeros of a second's fraction.
func withoutFraction(clock string) string {
	if strings.IndexByte(clock, '.') >= 0 {
		clock = strings.TrimSuffix(strings.TrimRight(clock, "0"), ".")
	}
	return clock
}

// bytes returns 0x and hexadecimal capitals, padded to the full length of a BINARY.
func (s spelling) bytes(value string) string {
	digits, isHex := strings.CutPrefix(value, "0x")
	if !isHex && value != "" || strings.Trim(digits, "0123456789abcdefABCDEF") != "" {
		return value
	}
	if s.kind == fixedOctets {
		digits += strings.Repeat("0", max(0, 2*s.length-len(digits)))
	}
	return "0x" + strings.ToUpper(digits)
}

// raw decodes a value of a fixed length that was written as 0x…; the binlog omits trailing zeros.
func (s spelling) raw(value string) []byte {
	digits, isHex := strings.CutPrefix(value, "0x")
	if !isHex || len(digits) > 2*s.length {
		return nil
	}
	b, err := hex.DecodeString(digits + strings.Repeat("0", 2*s.length-len(digits)))
	if err != nil {
		return nil
	}
	return b
}

func (s spelling) uuid(value string) string {
	if b := s.raw(value); b != nil {
		return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
	}
	return strings.ToLower(value)
}

func (s spelling) address(value string) string {
	if ip, ok := netip.AddrFromSlice(s.raw(value)); ok {
		return ip.String()
	}
	if ip, err := netip.ParseAddr(value); err == nil {
		return ip.String()
	}
	return value
}
