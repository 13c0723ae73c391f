package change

import (
	"cdcpipeline/internal/scan"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

// rowOf splits an object into a row.
func rowOf(raw, what string) (Row, error) {
	p := parser{Scanner: scan.New([]byte(raw)), raw: raw}
	row := p.row(what)
	return row, p.wrong
}

// split decodes an object with encoding/json, and keeps the order of names. ok is false for any other value, or if
// a name occurs twice.
func split(text string) (names []string, values map[string]string, ok bool) {
	var raw map[string]json.RawMessage
	if !json.Valid([]byte(text)) || json.Unmarshal([]byte(text), &raw) != nil || raw == nil {
		return nil, nil, false
	}
	d, values := json.NewDecoder(strings.NewReader(text)), map[string]string{}
	_, _ = d.Token() // the opening brace
	for d.More() {
		name, _ := d.Token()
		var value json.RawMessage
		if d.Decode(&value) != nil {
			return nil, nil, false
		}
		names, values[name.(string)] = append(names, name.(string)), string(value)
	}
	return names, values, len(names) == len(raw)
}

// FuzzParseReadsWhatTheStandardLibraryReads compares Parse with the standard library: which records it accepts,
// the order of their columns, and each value's spelling.
func FuzzParseReadsWhatTheStandardLibraryReads(f *testing.F) {
	control := `{"metadata":{"record-type":"control","operation":"o","x":[1,{"y":"\u00e9"}]}`
	for _, seed := range []string{
		loaded, updated, created, control + "}", control + `,"data":{"a":1 , "b" :"x\"y","\u0063":null,"d":[{}],"":-0.0e-1}}`, control + `,"data":{"a":1,"\u0061":2}}`, control + `,"data":[]}`,
		control + `,"before-image":null,"z":{"deep":[[]]}}`, control + `,"control":{"a":1}, "\u0064ata":{"k":true}}`, control + `,"control":1,"control":2}`, control, `{}`, `[]`, `{"metadata":[]}`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		r, err := Parse([]byte(text))
		names, values, whole := split(text)
		if err != nil {
			if json.Valid([]byte(text)) && utf8.ValidString(text) && strings.Count(text, "[")+strings.Count(text, "{") < 9000 {
				require.NotContains(t, err.Error(), "not JSON")
			}
			return
		}
		require.True(t, whole, "%q", text)
		var unknown []string
		for _, name := range names {
			switch name {
			case "metadata":
			case "data":
				same(t, values[name], r.Data)
			case BeforeImage:
				same(t, values[name], r.Before)
			case "control":
				require.Equal(t, values[name], r.Control)
			default:
				unknown = append(unknown, name)
			}
		}
		require.Len(t, r.Unknown, len(unknown))
		for i, name := range unknown {
			require.Equal(t, Column{name, values[name]}, r.Unknown[i])
		}
	})
}

func same(t *testing.T, object string, row Row) {
	t.Helper()
	names, values, whole := split(object)
	require.True(t, whole, "%q", object)
	require.Len(t, row, len(names))
	for i, name := range names {
		require.Equal(t, Column{name, values[name]}, row[i])
	}
}

// Among many names, some have equal marks. Parse still distinguishes them.
func TestDifferentNamesThatLeaveOneMarkAreDifferent(t *testing.T) {
	for n := range few {
		row := make(Row, n)
		for i := range row {
			row[i].Name = strings.Repeat("n", i)
		}
		_, found := row.twice()
		require.False(t, found)
		if n > 0 {
			twice, found := append(row, row[n/2]).twice()
			require.True(t, found)
			require.Equal(t, row[n/2].Name, twice)
		}
	}
}

// A Reader gives the same records as Parse, however often it reuses its memory.
func TestAReaderReadsWhatParseReads(t *testing.T) {
	empty := `{"metadata":{"record-type":"data","operation":"delete","schema-name":"s","table-name":"t"},"data":{}}`
	_, err := (&Reader{}).Read([]byte(empty))
	require.NoError(t, err)
	r := Reader{Kind: MySQL}
	for batch := range 3 {
		var read []*Record
		texts := []string{loaded, updated, created, string(realistic(4 << 10)), updated, empty}[batch:]
		for _, text := range texts {
			_, err = r.Read([]byte(`{"metadata":{"operation":[]},"data":{"left":"over"}}`))
			require.ErrorContains(t, err, "neither a string nor a number")
			record, err := r.Read([]byte(text))
			require.NoError(t, err)
			read = append(read, record)
		}
		for i, text := range texts {
			want, err := Parse([]byte(text))
			require.NoError(t, err)
			require.Equal(t, want, read[i])
		}
		r.Reset()
	}
}

func TestPositionsAreWrittenAsTheyAlwaysWere(t *testing.T) {
	for _, n := range []uint64{0, 1, 9, 10, 99_999, 100_000, 999_999, 1_000_000, 1 << 40} {
		require.Equal(t, fmt.Sprintf("%s.%06d:%d#%d", "mysql-bin", n, n+1, n+2), Order{base: "mysql-bin", file: n, offset: n + 1, record: n + 2}.String())
	}
}
