package change

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

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
	key, err := r.Key([]string{"a", "b", "c", "d", "e", "f", "g"})
	require.NoError(t, err)
	require.Equal(t, Key{"18446744073709551615", "x,y", "1.5", "true", "", "100", "0"}, key)
	require.Equal(t, "18446744073709551615,x%2Cy,1.5,true,%e,100,0", key.ID())
}

func TestAKeyThatIsNotCertainIsRefused(t *testing.T) {
	r := row(t, "insert", `{"big":1.2345678901234568E16,"none":null,"list":[1]}`, "")
	for column, message := range map[string]string{"big": "scientific notation", "none": "missing or null", "absent": "missing or null", "list": "not a string, number or boolean"} {
		_, err := r.Key([]string{column})
		require.ErrorContains(t, err, message)
		require.ErrorContains(t, err, "db.t")
	}
	_, err := r.Key(nil)
	require.ErrorContains(t, err, "no columns")
}

func TestAnUpdateOfTheKeyNamesThePreviousOne(t *testing.T) {
	_, moved, err := row(t, "update", `{"id":1}`, `{"id":1}`).PreviousKey([]string{"id"})
	require.NoError(t, err)
	require.False(t, moved)
	key, moved, err := row(t, "update", `{"id":2}`, `{"id":1}`).PreviousKey([]string{"id"})
	require.NoError(t, err)
	require.True(t, moved)
	require.Equal(t, Key{"1"}, key)
	_, _, err = row(t, "update", `{"id":2}`, `{"other":1}`).PreviousKey([]string{"id"})
	require.ErrorContains(t, err, "before an update of db.t")
	_, moved, err = row(t, "update", `{"id":2}`, "").PreviousKey([]string{"id"})
	require.NoError(t, err)
	require.False(t, moved)
}

func TestLongKeysAreHashed(t *testing.T) {
	long := Key{strings.Repeat("김", 200)}
	require.Regexp(t, "^#[0-9a-f]{64}$", long.ID())
	require.NotEqual(t, long.ID(), Key{strings.Repeat("김", 201)}.ID())
	require.Equal(t, strings.Repeat("x", 512), Key{strings.Repeat("x", 512)}.ID())
	// What looks like the hash of another key is a key of its own.
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
		a, err := row(t, "insert", `{"k":`+string(escaped)+`}`, "").Key([]string{"k"})
		require.NoError(t, err)
		b, err := row(t, "insert", `{"\u006b":"`+all.String()+`"}`, "").Key([]string{"k"})
		require.NoError(t, err)
		require.Equal(t, Key{s}, a)
		require.Equal(t, a.ID(), b.ID())
	})
}
