package change

import (
	"net/netip"
	"strconv"
	"strings"
)

// postgresSpellings maps the lower-case type names of PostgreSQL and DMS, without brackets:
// https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Source.PostgreSQL.html#CHAP_Source-PostgreSQL-DataTypes.
// Other types (enumerations, arrays, JSON, intervals, ranges, bit strings) keep the text that PostgreSQL writes.
var postgresSpellings = map[string]spelled{
	"smallint": integers, "integer": integers, "bigint": integers, "oid": integers, "smallserial": integers, "serial": integers, "bigserial": integers,
	"int1": integers, "int2": integers, "int4": integers, "int8": integers, "int16": integers, "int32": integers, "int64": integers,
	"uint1": integers, "uint2": integers, "uint4": integers, "uint8": integers, "uint16": integers, "uint32": integers, "uint64": integers,
	"numeric": decimals, "decimal": decimals, "money": decimals, "real": floats, "float4": floats, "real4": floats,
	"double precision": doubles, "float8": doubles, "real8": doubles, "boolean": truths, "bool": truths, "date": dates,
	"timestamp": zonedMoments, "timestamp without time zone": zonedMoments, "timestamp with time zone": zonedMoments, "timestamptz": zonedMoments, "datetime": zonedMoments,
	"time": zonedClocks, "time without time zone": zonedClocks, "time with time zone": zonedClocks, "timetz": zonedClocks,
	"bytea": escapedOctets, "bytes": escapedOctets, "blob": escapedOctets, "uuid": uuids, "inet": networks, "cidr": networks,
	"character": padded, "char": padded, "bpchar": padded, "character varying": texts, "varchar": texts, "text": texts, "citext": texts, "name": texts,
	"string": texts, "wstring": texts, "clob": texts, "nclob": texts,
}

// postgres returns the text of a value whose type MySQL lacks or spells differently.
func (s spelling) postgres(value string) string {
	switch s.kind {
	case truths:
		switch value {
		case "t":
			return "true"
		case "f":
			return "false"
		}
		return boolean(value)
	case zonedMoments: // PostgreSQL writes the zone UTC as +00
		return instant(strings.TrimSuffix(value, "+00"))
	case zonedClocks:
		return zonedClock(value)
	case escapedOctets:
		return s.escaped(value)
	case networks:
		return network(value)
	case padded: // trailing blanks do not count, https://www.postgresql.org/docs/17/datatype-character.html
		return strings.TrimRight(value, " ")
	default:
		return value
	}
}

// zonedClock is a time of day; a zone keeps its spelling.
func zonedClock(value string) string {
	end := strings.LastIndexAny(value, "+-Z")
	if end <= 0 {
		end = len(value)
	}
	return withoutFraction(value[:end]) + value[end:]
}

// escaped returns bytes. PostgreSQL writes them as \x and digits, DMS as 0x and digits.
func (s spelling) escaped(value string) string {
	if digits, isHex := strings.CutPrefix(value, `\x`); isHex {
		return s.bytes("0x" + digits)
	}
	return s.bytes(value)
}

// network is an address with the bits of its network, unless it is a single host.
func network(value string) string {
	host, bits, found := strings.Cut(value, "/")
	ip, err := netip.ParseAddr(host)
	if err != nil {
		return value
	}
	if !found {
		return ip.String()
	}
	n, err := strconv.ParseUint(bits, 10, 8)
	switch {
	case err != nil || strconv.FormatUint(n, 10) != bits || n > uint64(ip.BitLen()):
		return value
	case n == uint64(ip.BitLen()):
		return ip.String()
	}
	return ip.String() + "/" + bits
}
