package change

import (
	"fmt"
	"strings"
)

func postgresVectors() []vector {
	return append(append(typedPostgresVectors(), placesInLogVectors()...), wholeRowVectors()...)
}

// typedPostgresVectors are values of each PostgreSQL type in the spellings of loads and changes, and values that no
// source writes.
func typedPostgresVectors() []vector {
	all := []string{
		`1`, `-0`, `0`, `1.50`, `-1.5e3`, `"007"`, `"-007.10"`, `"12.3400"`, `true`, `false`, `"true"`, `"t"`, `"f"`, `""`, `null`, `"ab"`, `"ab   "`, `" ab \t"`, `"a,b%#\u0000"`, `"김\ud83d\ude00"`, `[1]`, `{"a":1}`,
		`9223372036854775807`, `123456789012345678901234567890123456789.120`, `"NaN"`, `"Infinity"`, `1e400`, `0.1`, `3.4e38`, `0.30000000000000004`, `"1_0"`,
		`"\\x00caFE"`, `"\\x"`, `"0xCAFE00"`, `"0x"`, `"\\xzz"`, `"yv4="`, `"123E4567-e89b-12d3-a456-426614174000"`, `"0x123e4567e89b12d3a456426614174000"`,
		`"2026-02-03"`, `"2026-02-03T00:00:00Z"`, `"2026-02-03T04:05:06.070Z"`, `"2026-02-03 04:05:06.07+00"`, `"2026-02-03 04:05:06+00:00"`, `"2026-02-03 04:05:06+02"`, `"infinity"`, `"4713-01-01 00:00:00 BC"`,
		`"04:05:06.500"`, `"04:05:06"`, `"04:05:06.500+00"`, `"04:05:06.50-03:30"`, `"04:05:06.0Z"`, `"-1.50"`, `"1 day 02:00:00"`, `"{1,2}"`, `"$1,000.00"`, `"101"`,
		`"192.0.2.1"`, `"192.0.2.1/32"`, `"192.0.2.1/24"`, `"192.0.2.1/024"`, `"192.0.2.1/33"`, `"192.0.2.1/255.255.255.0"`, `"2001:DB8:0:0::"`, `"2001:db8::1/128"`, `"2001:db8::/32"`, `"::ffff:192.0.2.7/96"`, `"192.0.2.01"`, `"/24"`, `"192.0.2.1/"`,
	}
	var out []vector
	for _, typ := range []string{
		"", "bigint", "numeric(30,6)", "money", "real", "double precision", "boolean", "character varying(20)", "character(5)", `"char"`, "bytea", "uuid", "date",
		"timestamp without time zone", "timestamp(3) with time zone", "time(3) with time zone", "interval day to second(3)", "inet", "numeric(10,2)[]", "mood", "NUMERIC", "WSTRING", "BYTES", "DATETIME", "year",
	} {
		for _, value := range all {
			out = append(out, vector{Line: fmt.Sprintf(`{"data":{"k":%s,"v":1},"metadata":{"record-type":"data","operation":"load","schema-name":"s","table-name":"t","timestamp":"2026-01-02T03:04:05.000006Z"}}`, value), Key: []string{"k"}, Types: []string{typ}})
		}
	}
	return out
}

// placesInLogVectors are positions in PostgreSQL's log, and invalid ones.
func placesInLogVectors() []vector {
	var out []vector
	add := func(op, position, record, more string) {
		out = append(out, vector{
			Line: fmt.Sprintf(`{"data":{"a":2,"b":"x"},"metadata":{"record-type":"data","operation":%q,"schema-name":"s","table-name":"t","timestamp":"2026-01-02T03:04:05Z"%s,"transaction-record-id":%s,"stream-position":%s}}`, op, more, record, position),
			Key:  []string{"b", "a"}, Types: []string{"character varying(9)", "integer"},
		})
	}
	const committed = `,"commit-timestamp":"2026-01-02T03:04:05Z","transaction-id":12345`
	for _, position := range []string{
		`"00000002/7C007178.3.00000002/7C007178"`, `"00000002/7C0071A0.3.00000002/7C007178"`, `"2/7c0071a0.3.2/7C007178"`, `"2/7C0071A0.3.2/7C007179"`, `"00000000/00000001.0.00000000/00000001"`, `"0/0.1.0/0"`,
		`"3FFFFFFF/FFFFFFFF.1.0/1"`, `"40000000/00000000.1.0/1"`, `"FFFFFFFF/FFFFFFFF.1.0/1"`, `"000000002/7C007178.3.00000002/7C007178"`, `"2/7C007178"`, `"2/7C007178.3"`, `"2/7C007178.3.2"`, `"2/7C007178..2/1"`, `"2/7C007178.-3.2/1"`,
		`"2/7C007178.3.2/1.4"`, `"2-7C007178.3.2/1"`, `"2/.3.2/1"`, `"/1.3.2/1"`, `"2/7C00717G.3.2/1"`, `"+2/1.3.2/1"`, `" 2/1.3.2/1"`, `"2/1.3.2/1\n"`, `"2/1.٣.2/1"`, `"2/1.18446744073709551616.2/1"`, `"mysql-bin-changelog.157832:1975:0"`, `""`, `null`, `7`,
	} {
		for _, record := range []string{"1", "2"} {
			for _, op := range []string{"insert", "update", "delete"} {
				add(op, position, record, committed)
			}
		}
	}
	const own = `"00000002/7C0071A0.3.00000002/7C007178"`
	for _, record := range []string{"0", "-1", "1.0", `"3"`, "null", "true", "18446744073709551615", "18446744073709551616"} {
		add("update", own, record, committed)
	}
	for _, more := range []string{"", `,"commit-timestamp":"yesterday"`, `,"commit-timestamp":"2026-01-02T03:04:05.1+00:00"`, `,"commit-timestamp":"2026-01-02T03:04:05Z","transaction-id":"no number"`} {
		add("update", own, "1", more)
	}
	// These positions are around the boundary between the halves of an LSN.
	for _, high := range []uint64{0, 1, 9, 10, 15, 16, 255, 1<<30 - 1} {
		for _, low := range []uint64{1, 0x28, 0xFFFFFFF, 0x10000000, 0x9FFFFFFF, 0xA0000000, 0xFFFFFFFF} {
			add("insert", fmt.Sprintf(`"%08X/%08X.1.%08X/%08X"`, high, low, high, low), "2", committed)
			add("update", fmt.Sprintf(`"%x/%x.1.0/8"`, high, low), "2", committed)
		}
	}
	return out
}

// wholeRowVectors are updates that omit columns, with and without a source for their values.
func wholeRowVectors() []vector {
	var out []vector
	for _, row := range []string{
		`"data":{"k":1,"v":2},"before-image":{"k":1,"v":1,"t":"long"}`, `"data":{"k":2,"v":2},"before-image":{"k":1,"v":1,"t":"long"}`, `"data":{"k":2,"v":2},"before-image":{"k":1}`, `"data":{"k":1,"v":2},"before-image":{}`,
		`"data":{"k":1,"v":2}`, `"data":{"k":1,"v":2,"t":null},"before-image":{"k":1,"v":1,"t":"long"}`, `"data":{"k":1,"v":2},"before-image":{"k":1,"v":1,"t":null}`, `"data":{"v":2},"before-image":{"k":1}`, `"data":{"v":2},"before-image":{"v":1}`,
		`"data":{"v":2}`, `"data":{"k":null,"v":2},"before-image":{"k":1,"v":1}`, `"data":{},"before-image":{"k":1,"v":1}`, `"data":{"k":1,"v":2},"before-image":null`, `"data":{"k":1,"v":2},"before-image":{"v":1,"t":"long"}`,
		`"data":{"k":1,"v":2},"before-image":{"k":1.0}`, `"data":{"k":1},"before-image":{"k":1,"n":12.340,"b":true,"s":"\u0041\"","j":{"a":[1e5]}}`,
	} {
		for _, op := range []string{"update", "insert", "delete"} {
			for _, typ := range []string{"integer", "text"} {
				line := fmt.Sprintf(`{%s,"metadata":{"record-type":"data","operation":%q,"schema-name":"s","table-name":"t","timestamp":"2026-01-02T03:04:05Z","commit-timestamp":"2026-01-02T03:04:05Z","transaction-id":7,"transaction-record-id":1,"stream-position":"2/8.1.2/8"}}`, row, op)
				if typ == "text" {
					line = strings.ReplaceAll(line, `"k":1.0`, `"k":""`)
				}
				out = append(out, vector{Line: line, Key: []string{"k"}, Types: []string{typ}})
			}
		}
	}
	return out
}
