package change

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func row(t require.TestingT, op, data, before string) *Record {
	if before != "" {
		before = `"before-image":` + before + `,`
	}
	return parsed(t, fmt.Sprintf(`{%s"data":%s,"metadata":{"record-type":"data","operation":%q,"schema-name":"db","table-name":"t"}}`, before, data, op))
}

func TestKeysAreTheirColumnsInTheKeysOrder(t *testing.T) {
	r := row(t, "insert", `{"b":"x,y","a":18446744073709551615,"c":1.50,"d":true,"e":"","f":100,"g":-0.0}`, "")
	key, err := r.Key(KeyColumns{Names: []string{"a", "b", "c", "d", "e", "f", "g"}})
	require.NoError(t, err)
	require.Equal(t, Key{"18446744073709551615", "x,y", "1.5", "true", "", "100", "0"}, key)
	require.Equal(t, "18446744073709551615,x%2Cy,1.5,true,%e,100,0", key.ID())
}

func TestAKeyThatIsNotCertainIsRefused(t *testing.T) {
	r := row(t, "insert", `{"big":1.2345678901234568E16,"none":null,"list":[1]}`, "")
	for column, message := range map[string]string{"big": "scientific notation", "none": "missing or null", "absent": "missing or null", "list": "not a string, number or boolean"} {
		_, err := r.Key(KeyColumns{Names: []string{column}})
		require.ErrorContains(t, err, message)
		require.ErrorContains(t, err, "db.t")
	}
	_, err := r.Key(KeyColumns{})
	require.ErrorContains(t, err, "no columns")
}

func TestAnUpdateOfTheKeyNamesThePreviousOne(t *testing.T) {
	_, moved, err := row(t, "update", `{"id":1}`, `{"id":1}`).PreviousKey(KeyColumns{Names: []string{"id"}})
	require.NoError(t, err)
	require.False(t, moved)
	key, moved, err := row(t, "update", `{"id":2}`, `{"id":1}`).PreviousKey(KeyColumns{Names: []string{"id"}})
	require.NoError(t, err)
	require.True(t, moved)
	require.Equal(t, Key{"1"}, key)
	_, _, err = row(t, "update", `{"id":2}`, `{"other":1}`).PreviousKey(KeyColumns{Names: []string{"id"}})
	require.ErrorContains(t, err, "before an update of db.t")
	_, moved, err = row(t, "update", `{"id":2}`, "").PreviousKey(KeyColumns{Names: []string{"id"}})
	require.NoError(t, err)
	require.False(t, moved)
}

func TestLongKeysAreHashed(t *testing.T) {
	long := Key{strings.Repeat("김", 200)}
	require.Regexp(t, "^#[0-9a-f]{64}$", long.ID())
	require.NotEqual(t, long.ID(), Key{strings.Repeat("김", 201)}.ID())
	require.Equal(t, strings.Repeat("x", 512), Key{strings.Repeat("x", 512)}.ID())
	// A key that looks like the hash of another key is still a different key.
	require.NotEqual(t, long.ID(), Key{long.ID()}.ID())
}

func TestDifferentKeysHaveDifferentIDs(t *testing.T) {
	part := rapid.OneOf(rapid.SampledFrom([]string{"", "%e", "%2C", ",", "#", "%", "a", "a,b", "1", "\x00", "%00", " "}), rapid.String())
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 4).Draw(t, "columns")
		a, b := Key(rapid.SliceOfN(part, n, n).Draw(t, "a")), Key(rapid.SliceOfN(part, n, n).Draw(t, "b"))
		require.Equal(t, fmt.Sprintf("%q", a) == fmt.Sprintf("%q", b), a.ID() == b.ID(), "%q %q: %s", a, b, a.ID())
		require.NotEmpty(t, a.ID())
		require.LessOrEqual(t, len(a.ID()), maxID)
	})
}

func TestEscapesDoNotMeetWhatLooksLikeThem(t *testing.T) {
	ids := map[string]Key{}
	for _, key := range []Key{{"a,b"}, {"a", "b"}, {"a%2Cb"}, {"a%252Cb"}, {""}, {"%e"}, {"%00"}, {"\x00"}, {"", ""}, {","}, {"#"}, {"%23"}} {
		require.NotContains(t, ids, key.ID(), "%q", key)
		ids[key.ID()] = key
	}
}

func TestEqualKeysAreEqualHoweverTheyAreWritten(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.String().Draw(t, "value")
		escaped, err := json.Marshal(s)
		require.NoError(t, err)
		var all strings.Builder
		for _, r := range s {
			if r > 0xffff {
				all.WriteRune(r)
				continue
			}
			fmt.Fprintf(&all, `\u%04x`, r)
		}
		a, err := row(t, "insert", `{"k":`+string(escaped)+`}`, "").Key(KeyColumns{Names: []string{"k"}})
		require.NoError(t, err)
		b, err := row(t, "insert", `{"\u006b":"`+all.String()+`"}`, "").Key(KeyColumns{Names: []string{"k"}})
		require.NoError(t, err)
		require.Equal(t, Key{s}, a)
		require.Equal(t, a.ID(), b.ID())
	})
}

// Each type has several spellings of one value. The first spelling is the key's.
func TestEqualKeysOfATypeAreEqualHoweverTheyAreWritten(t *testing.T) {
	for declared, values := range map[string][][]string{
		"int(10) unsigned":  {{`42`, `"42"`, `"0042"`, `42.0`}, {`0`, `-0`}},
		"tinyint(1)":        {{`1`, `true`}, {`0`, `false`}},
		"UINT64":            {{`18446744073709551615`, `"18446744073709551615"`}},
		"year(4)":           {{`2026`, `"2026"`}},
		"decimal(12,2)":     {{`1.5`, `1.50`, `"1.50"`, `"01.5"`}, {`-0.5`, `"-.5"`}},
		"NUMERIC":           {{`100`, `100.00`}},
		"float":             {{`0.1`, `0.10000000149011612`, `"0.1"`, `1e-1`}, {`0`, `-0.0`}, {`1234567.5`, `1.2345675e+06`}},
		"double":            {{`0.1`, `0.10`, `1E-1`}, {`100000000000000000000`, `1e20`}},
		"bit(1)":            {{`true`, `1`, `"0x01"`}, {`false`, `0`, `"0x00"`}},
		"BOOLEAN":           {{`true`, `1`}},
		"bit(12)":           {{`"0x01FF"`, `"0x1ff"`, `511`}},
		"date":              {{`"2026-01-02"`, `"2026-01-02T00:00:00Z"`, `"2026-01-02 00:00:00.000"`}},
		"datetime":          {{`"2026-01-02T03:04:05Z"`, `"2026-01-02T03:04:05.000000Z"`, `"2026-01-02 03:04:05"`, `"2026-01-02T03:04:05+00:00"`}},
		"timestamp(6)":      {{`"2026-01-02T03:04:05.12Z"`, `"2026-01-02T03:04:05.120Z"`, `"2026-01-02 03:04:05.120000"`}},
		"TIMESTAMP":         {{`"2026-01-02T03:04:05Z"`, `"2026-01-02T03:04:05.0Z"`}},
		"time(6)":           {{`"-838:59:59"`, `"-838:59:59.000000"`}, {`"12:00:00.5"`, `"12:00:00.500000"`}},
		"binary(4)":         {{`"0xCAFE0000"`, `"0xCAFE"`, `"0xcafe00"`}, {`"0x00000000"`, `"0x"`, `""`, `null`, ``}},
		"varbinary(4)":      {{`"0xCAFE"`, `"0xcafe"`}, {`"0xCAFE00"`}, {`"0x"`, `""`, `null`, ``}},
		"BYTES":             {{`"0xCAFE"`}, {`"0xCAFE00"`}},
		"varchar(20)":       {{`""`, `null`, ``}, {`"1.50"`}, {`"1.5"`}, {`"a"`}, {`"A"`}, {`"a "`}, {`"2026-01-02T03:04:05Z"`}, {`"2026-01-02T03:04:05.0Z"`}},
		"STRING":            {{`""`, `null`, ``}, {`"0x00"`}, {`"0x"`}},
		"enum('','a','A')":  {{`""`, `null`, ``}, {`"a"`}},
		"uuid":              {{`"123e4567-e89b-12d3-a456-426614174000"`, `"123E4567-E89B-12D3-A456-426614174000"`, `"0x123E4567E89B12D3A4564266141740"`}},
		"inet6":             {{`"2001:db8::1"`, `"2001:0DB8::0001"`, `"0x20010DB8000000000000000000000001"`}, {`"2001:db8::"`, `"0x20010DB8"`}},
		"inet4":             {{`"192.0.2.1"`, `"0xC0000201"`}},
		"geography(1) what": {{`"2026-01-02"`}, {`"2026-01-02 00:00:00"`}}, // an unknown type
	} {
		columns, ids := KeyColumns{Names: []string{"k"}, Types: []string{declared}}, map[string]string{}
		for _, same := range values {
			var first Key
			for i, written := range same {
				member := `"k":` + written + `,`
				if written == "" {
					member = ""
				}
				key, err := row(t, "insert", `{`+member+`"other":1}`, "").Key(columns)
				require.NoError(t, err, "%s %s", declared, written)
				if i == 0 {
					first = key
					if written != `""` && declared != "float" {
						require.Equal(t, text(written), key[0], declared)
					}
				}
				require.Equal(t, first, key, "%s %s", declared, written)
			}
			require.NotContains(t, ids, first.ID(), "%s: %s is another key", declared, same[0])
			ids[first.ID()] = same[0]
		}
	}
}

// With an unknown type a value keeps its spelling, except a number's trailing zeros, as in the ids of earlier
// releases.
func TestKeysOfUnknownTypesAreAsTheyWereWritten(t *testing.T) {
	for written, want := range map[string]string{
		`"2026-01-02T03:04:05.000Z"`: "2026-01-02T03:04:05.000Z", `"0xCAFE"`: "0xCAFE", `"12:00:00.000000"`: "12:00:00.000000", `1.50`: "1.5", `"1.50"`: "1.50",
	} {
		for _, columns := range []KeyColumns{{Names: []string{"k"}}, {Names: []string{"k"}, Types: []string{""}}} {
			key, err := row(t, "insert", `{"k":`+written+`}`, "").Key(columns)
			require.NoError(t, err)
			require.Equal(t, Key{want}, key)
		}
	}
}

func TestWhatIsNoKeyOfItsTypeIsRefused(t *testing.T) {
	for declared, data := range map[string]string{
		"bigint(20)": `{"k":null,"other":1}`, "datetime": `{"other":1}`, "varchar(20)": `{}`, "decimal(30,0)": `{"k":1.2E29}`, "json": `{"other":1}`, "char(3)": `{"k":["a"]}`,
	} {
		_, err := row(t, "delete", data, "").Key(KeyColumns{Names: []string{"k"}, Types: []string{declared}})
		require.ErrorContains(t, err, "column k", declared)
	}
	// An empty before-image does not mean that the key was empty text.
	_, _, err := row(t, "update", `{"k":"x"}`, `{}`).PreviousKey(KeyColumns{Names: []string{"k"}, Types: []string{"varchar(20)"}})
	require.ErrorContains(t, err, "before an update of db.t")
}

func TestAnUpdateThatWritesItsKeyOtherwiseMovesNothing(t *testing.T) {
	columns := KeyColumns{Names: []string{"id", "at"}, Types: []string{"int(11)", "datetime(6)"}}
	_, moved, err := row(t, "update", `{"id":1,"at":"2026-01-02T03:04:05Z"}`, `{"id":1,"at":"2026-01-02T03:04:05.000000Z"}`).PreviousKey(columns)
	require.NoError(t, err)
	require.False(t, moved)
	// Equal in the server's collation still is another key, because every store has another spelling.
	previous, moved, err := row(t, "update", `{"k":"a"}`, `{"k":"A"}`).PreviousKey(KeyColumns{Names: []string{"k"}, Types: []string{"varchar(20)"}})
	require.NoError(t, err)
	require.True(t, moved)
	require.Equal(t, Key{"A"}, previous)
}

func FuzzTypedKeys(f *testing.F) {
	f.Add("datetime(6)", `"2026-01-02T03:04:05.120Z"`)
	f.Add("binary(4)", `"0xCAFE"`)
	f.Add("bit(12)", `511`)
	f.Fuzz(func(t *testing.T, declared, written string) {
		if !json.Valid([]byte(written)) || !utf8.ValidString(written) { // Parse refuses it
			return
		}
		columns := KeyColumns{Names: []string{"k"}, Types: []string{declared}}
		key, err := (&Record{Operation: Insert, Data: Row{{"k", strings.TrimSpace(written)}}}).Key(columns)
		if err != nil || len(key[0]) > 1000 {
			return
		}
		again, err := json.Marshal(key[0])
		require.NoError(t, err)
		same, err := (&Record{Operation: Insert, Data: Row{{"k", string(again)}}}).Key(columns)
		require.NoError(t, err)
		require.Equal(t, key, same, "the normal form is one")
	})
}
