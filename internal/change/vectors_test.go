package change

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write testdata/*.json anew")

// vector is a line with this package's result for it. Implementations in other languages are tested with the same
// file.
type vector struct {
	Line string `json:"line"`
	// Key and Types are the columns of the primary key.
	Key   []string `json:"key"`
	Types []string `json:"types"`
	// Refused means that the line's row or its order cannot be determined. Control means that it concerns no row.
	Refused bool `json:"refused,omitempty"`
	Control bool `json:"control,omitempty"`
	// ID of the row, and its id before an update; both are equal when the key did not change.
	ID       string `json:"id,omitempty"`
	Previous string `json:"previous,omitempty"`
	Version  int64  `json:"version,omitempty,string"`
	// Row is the row after a PostgreSQL update, by column, where it differs from the record's data; the values are
	// raw JSON.
	Row map[string]string `json:"row,omitempty"`
	// Untold means that columns which the record omits may have any value.
	Untold bool `json:"untold,omitempty"`
}

func TestVectorsForOtherLanguagesAreCurrent(t *testing.T) {
	current(t, MySQL, "testdata/vectors.json", vectors())
	current(t, PostgreSQL, "testdata/vectors_postgresql.json", postgresVectors())
}

// current compares a file with this package's results for lines of a kind of source.
func current(t *testing.T, kind Kind, file string, all []vector) {
	t.Helper()
	var want bytes.Buffer
	encoder := json.NewEncoder(&want)
	encoder.SetEscapeHTML(false)
	want.WriteString("[\n")
	for i, v := range all {
		if i > 0 {
			want.WriteString(",")
		}
		v.say(kind)
		require.NoError(t, encoder.Encode(v))
	}
	want.WriteString("]\n")
	if *update {
		require.NoError(t, os.WriteFile(file, want.Bytes(), 0o600))
	}
	have, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, want.String(), string(have), "go test ./internal/change -run Vectors -update")
}

// say fills in this package's result for the line.
func (v *vector) say(kind Kind) {
	r, err := kind.Parse([]byte(v.Line))
	if err != nil {
		v.Refused = true
		return
	}
	if v.Control = r.Type == Control; v.Control {
		return
	}
	columns := KeyColumns{v.Key, v.Types}
	version, err1 := r.Version()
	key, err2 := r.Key(columns)
	previous, moved, err3 := r.PreviousKey(columns)
	if v.Refused = err1 != nil || err2 != nil || err3 != nil; v.Refused {
		return
	}
	v.Version, v.ID = version, key.ID()
	if moved {
		v.Previous = previous.ID()
	}
	if row := r.Row(); len(row) > len(r.Data) {
		v.Row = map[string]string{}
		for _, c := range row {
			v.Row[c.Name] = c.JSON
		}
	}
	v.Untold = r.Untold(v.Key)
}

func vectors() []vector {
	return append(append(typedVectors(), orderVectors()...), brokenVectors()...)
}

// typedVectors are values of each type in the spellings of loads and changes, and values that no source writes.
func typedVectors() []vector {
	all := []string{
		`1`, `-0`, `0`, `"1"`, `1.50`, `-1.5e3`, `"007"`, `"-007.10"`, `true`, `false`, `""`, `null`, `"a,b%#\u0000\u007f"`, `"김\ud83d\ude00"`, `"\ud800x"`, `"é"`, `"e\u0301"`, `[1]`, `{"a":1}`,
		`18446744073709551615`, `123456789012345678901234567890.120`, `1e400`, `"0x0100"`, `"0xCAFE00"`, `"0xcafe"`, `"CAFE"`, `"2026-02-03"`, `"2026-02-03T00:00:00Z"`, `"2026-02-03T04:05:06.070Z"`,
		`"2026-02-03 04:05:06"`, `"04:05:06.500"`, `"-838:59:59.000"`, `"123E4567-e89b-12d3-a456-426614174000"`, `"2001:DB8:0:0::"`, `"192.0.2.1"`, `"::ffff:192.0.2.7"`, `"not a value"`, `" x "`,
		`0.1`, `3.4e38`, `0.30000000000000004`, `1234567.5`, `1e-7`, `"NaN"`, `"1_0"`,
	}
	var out []vector
	for _, typ := range []string{
		"", "int(11)", "bigint(20) unsigned", "decimal(30,6)", "float", "double", "bit(1)", "bit(12)", "date", "datetime(6)", "TIMESTAMP", "time(6)", "year", "char(5)", "enum('x','y')", "binary(4)",
		"varbinary(8)", "BYTES", "uuid", "inet4", "inet6", "NUMERIC", "geometry",
	} {
		for _, value := range all {
			out = append(out, vector{Line: fmt.Sprintf(`{"data":{"k":%s,"v":1},"metadata":{"record-type":"data","operation":"load","schema-name":"s","table-name":"t","timestamp":"2026-01-02T03:04:05.000006Z"}}`, value), Key: []string{"k"}, Types: []string{typ}})
		}
	}
	return out
}

// orderVectors are positions in loads and binlogs, and invalid ones.
func orderVectors() []vector {
	var out []vector
	add := func(op, before, metadata string) {
		out = append(out, vector{
			Line: fmt.Sprintf(`{"data":{"a":2,"b":"x"},%s"metadata":{"record-type":"data","operation":%q,"schema-name":"s","table-name":"t"%s}}`, before, op, metadata), Key: []string{"b", "a"}, Types: []string{"varchar(9)", "int"},
		})
	}
	for _, at := range []string{"1970-01-01T00:00:00Z", "1970-01-01T00:00:00.000001Z", "1969-12-31T23:59:59Z", "2026-11-28T10:00:00.1234567Z", "2026-11-28T10:00:00+02:00", "2026-11-28 10:00:00", "2026-02-30T00:00:00Z", "9999-12-31T23:59:59.999999Z", "", "1"} {
		add("load", "", fmt.Sprintf(`,"timestamp":%q`, at))
	}
	for _, m := range []struct{ id, record, position string }{
		{"677883278264080", "1", `"mysql-bin-changelog.157832:1975:0:2000:677883278264080:mysql-bin-changelog.157832:1808"`},
		{`"677883278264080"`, `"12884901888"`, `"a.b.157832:1975"`},
		{"677883278264080", "0", `"x.157832:1975:"`},
		{"677883278264080", "-1", `"x.157832:1:"`},
		{"677883278264080", "1.0", `"x.157832:1:"`},
		{"1", "1", `"x.157832:1975:"`},
		{"1152921504606846976", "1", `"x.268435456:4:"`},
		{"1152921500311879680", "12884901888", `"x.268435455:4:"`},
		{"1152921504606846975", "12884901889", `"x.268435455:4:"`},
		{"677883278264080", "1", `"157832:1975"`},
		{"677883278264080", "1", `".157832:1975"`},
		{"677883278264080", "1", `"x.157832"`},
		{"677883278264080", "1", `"x.157832:"`},
		{"677883278264080", "1", `"x.157832:19a"`},
		{"677883278264080", "1", `null`},
		{"null", "1", `"x.157832:1975"`},
		{"true", "1", `"x.157832:1975"`},
		{"677883278264080", "1", `"x.99999999999999999999:1975"`},
		{"4", "18", `"x.000000:4:1:2:3"`},
		{"4", "18", `"x y.0:4"`},
	} {
		for _, op := range []string{"insert", "update", "delete"} {
			add(op, "", fmt.Sprintf(`,"timestamp":"2026-01-02T03:04:05Z","commit-timestamp":"2026-01-02T03:04:05Z","transaction-id":%s,"transaction-record-id":%s,"stream-position":%s`, m.id, m.record, m.position))
		}
	}
	// These positions are around the start of a version's field, in files whose numbers have different lengths.
	for _, file := range []uint64{1, 2, 9, 10, 99, 999999, 1000000} {
		for _, begin := range []uint64{4, 1 << 28, 1 << 31} {
			for _, record := range []uint64{1, 2, 10, 11, 1 << 20} {
				add("insert", "", fmt.Sprintf(`,"timestamp":"2026-01-02T03:04:05Z","commit-timestamp":"2026-01-02T03:04:05Z","transaction-id":%d,"transaction-record-id":%d,"stream-position":"m.%06d:%d:0"`, file<<32|begin, record, file, begin+100))
			}
		}
	}
	const place = `,"commit-timestamp":"2026-01-02T03:04:05Z","transaction-id":4294967300,"transaction-record-id":7,"stream-position":"m.000001:4:0"`
	for _, before := range []string{`"before-image":{"a":1,"b":"x"},`, `"before-image":{"a":2,"b":"x"},`, `"before-image":{"a":2},`, `"before-image":{"b":"x"},`, `"before-image":{},`, `"before-image":null,`, `"before-image":7,`} {
		for _, op := range []string{"update", "insert"} {
			add(op, before, place)
		}
	}
	add("insert", "", `,"commit-timestamp":"yesterday","transaction-id":4294967300,"transaction-record-id":7,"stream-position":"m.000001:4:0"`)
	return out
}

// brokenVectors are lines that are not a row's record.
func brokenVectors() []vector {
	var out []vector
	for _, line := range []string{
		``, `{`, `[]`, `1`, `{}`, `{"metadata":{}}`, `{"metadata":7}`, `{"metadata":{"record-type":"control","operation":"create-table"}}`, `{"metadata":{"record-type":"control"}}`,
		`{"data":{"k":1},"metadata":{"record-type":"data","operation":"truncate","schema-name":"s","table-name":"t"}}`, `{"data":{"k":1},"metadata":{"record-type":"data","operation":"load","schema-name":"","table-name":"t"}}`,
		`{"data":[1],"metadata":{"record-type":"data","operation":"load","schema-name":"s","table-name":"t","timestamp":"2026-01-02T03:04:05Z"}}`,
		`{"data":{"k":1,"k":2},"metadata":{"record-type":"data","operation":"load","schema-name":"s","table-name":"t","timestamp":"2026-01-02T03:04:05Z"}}`,
		`{"data":{"k":1},"data":{"k":2},"metadata":{"record-type":"data","operation":"load","schema-name":"s","table-name":"t","timestamp":"2026-01-02T03:04:05Z"}}`,
		`{"data":{"k":1},"metadata":{"record-type":"data","operation":"load","schema-name":"s","table-name":"t","timestamp":true}}`,
		`{"data":{"k":NaN},"metadata":{"record-type":"data","operation":"load","schema-name":"s","table-name":"t","timestamp":"2026-01-02T03:04:05Z"}}`,
		`{"data":{"k":1},"more":{"a":[1]},"metadata":{"record-type":"data","operation":"load","schema-name":"s","table-name":"t","timestamp":"2026-01-02T03:04:05Z","more":[]}}`,
		`{"data":{},"metadata":{"record-type":"data","operation":"load","schema-name":"s","table-name":"t","timestamp":"2026-01-02T03:04:05Z"}}`,
		`{"data":{"k":1},"metadata":{"record-type":"data","operation":"load","schema-name":"s","table-name":"t","timestamp":"2026-01-02T03:04:05Z"}} {}`,
		`{"data":{"k":1},"metadata":{"record-type":"data","operation":"load","schema-name":7,"table-name":"t","timestamp":"2026-01-02T03:04:05Z"}}`,
		"{\"data\":{\"k\":\"a\tb\"},\"metadata\":{\"record-type\":\"data\",\"operation\":\"load\",\"schema-name\":\"s\",\"table-name\":\"t\",\"timestamp\":\"2026-01-02T03:04:05Z\"}}",
	} {
		out = append(out, vector{Line: line, Key: []string{"k"}, Types: []string{"varchar(9)"}})
	}
	return out
}
