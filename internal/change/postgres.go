package change

import (
	"fmt"
	"strconv"
	"strings"
)

// maxLSN is the greatest log position of PostgreSQL that fits a version: 4 EiB of log.
const maxLSN = changed - 1

// orderInLog is the order of a PostgreSQL change: its own LSN in the write-ahead log, the first part of the
// stream-position 00000002/7C007178.3.00000002/7C007178. Neither the transaction's id nor its start gives the order:
// of two concurrent transactions, the one that began first may change a row last. Rows inserted by one log record
// (COPY) share an LSN, but they are different rows.
func (r *Record) orderInLog() (Order, error) {
	m := &r.Metadata
	own, second, ok := placesInLog(m.StreamPosition)
	if !ok {
		return Order{}, fmt.Errorf("stream-position %q is not of the form LSN.number.LSN, as in 00000002/7C007178.3.00000002/7C007178", m.StreamPosition)
	}
	if own == 0 || own > maxLSN {
		return Order{}, fmt.Errorf("the LSN of stream-position %q is not from 1 to 2^62-1", m.StreamPosition)
	}
	record, err := strconv.ParseUint(m.TransactionRecordID, 10, 64)
	if err != nil || record == 0 {
		return Order{}, fmt.Errorf("transaction-record-id %q is no number from 1: set IncludeTransactionDetails of the target endpoint", m.TransactionRecordID)
	}
	// An insert may share the LSN of the transaction's first row, when one log record inserts both.
	if r.Operation != Insert && record > 1 && own == second {
		return Order{}, fmt.Errorf("stream-position %q of change %d of its transaction has one LSN twice: the first is where the transaction begins, "+
			"which is no order, and not the change's own", m.StreamPosition, record)
	}
	at, err := moment("commit-timestamp", m.CommitTimestamp)
	return Order{lsn: own, record: record, at: at}, err
}

// placesInLog parses both LSNs of a stream-position.
func placesInLog(position string) (own, second uint64, ok bool) {
	parts := strings.Split(position, ".")
	if len(parts) != 3 || parts[1] == "" || strings.Trim(parts[1], "0123456789") != "" {
		return 0, 0, false
	}
	own, ok1 := lsn(parts[0])
	second, ok2 := lsn(parts[2])
	return own, second, ok1 && ok2
}

// lsn parses a log position in PostgreSQL's format: two hexadecimal halves,
// https://www.postgresql.org/docs/17/datatype-pg-lsn.html.
func lsn(text string) (uint64, bool) {
	high, low, ok := strings.Cut(text, "/")
	const most = 8 // digits of a half
	if !ok || len(high) > most || len(low) > most {
		return 0, false
	}
	h, err1 := strconv.ParseUint(high, 16, 32)
	l, err2 := strconv.ParseUint(low, 16, 32)
	return h<<32 | l, err1 == nil && err2 == nil
}

// inside lists the PostgreSQL types whose values are always stored in their row: types of a fixed length, and types
// shorter than a pointer to another place.
var inside = map[string]bool{
	"smallint": true, "integer": true, "bigint": true, "int2": true, "int4": true, "int8": true, "oid": true, "smallserial": true, "serial": true, "bigserial": true,
	"real": true, "double precision": true, "float4": true, "float8": true, "money": true, "boolean": true, "bool": true, `"char"`: true, "name": true, "uuid": true,
	"date": true, "time": true, "time without time zone": true, "time with time zone": true, "timetz": true, "interval": true,
	"timestamp": true, "timestamp without time zone": true, "timestamp with time zone": true, "timestamptz": true,
	"inet": true, "cidr": true, "macaddr": true, "macaddr8": true, "point": true, "line": true, "lseg": true, "box": true, "circle": true, "pg_lsn": true,
}

// Outside reports whether PostgreSQL may store a value of a type, as format_type names it (character varying(20)),
// outside of its row. An update then omits the value when it is unchanged, unless the table's REPLICA IDENTITY is
// FULL. Unknown types count as outside, and so do enumerations whose names were not resolved.
// https://www.postgresql.org/docs/17/storage-toast.html
func Outside(declared string) bool { return !inside[typeName(declared)] }

// typeName removes the brackets from a type's name: timestamp(3) with time zone becomes timestamp with time zone. An
// array keeps its brackets.
func typeName(declared string) string {
	name := strings.ToLower(strings.TrimSpace(declared))
	if strings.HasPrefix(name, "interval ") { // interval day to second(3)
		return "interval"
	}
	begin, end := strings.IndexByte(name, '('), strings.LastIndexByte(name, ')')
	if begin >= 0 && begin < end {
		name = strings.TrimSpace(name[:begin]) + name[end+1:]
	}
	return name
}
