package scan

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// texts are test cases and seeds of the fuzz test: valid and invalid JSON.
var texts = []string{
	`{}`, `[]`, `""`, `0`, `-0.5e+10`, `1E5`, `true`, ` null `, `{"a":{"b":[1,"x",{}]},"c":"\u00e9\n\\\""}`, "[\t1 ,\r\n2 ]", `"` + strings.Repeat("long 고객 ", 20) + `"`,
	`"12345678"`, `"1234567\""`, `{"":0}`, strings.Repeat("[", 10_000) + strings.Repeat("]", 10_000),
	``, ` `, `{`, `[`, `"`, `"\`, `"\u12`, `"\u12g4"`, `"\x"`, "\"a\nb\"", "\"12345678\x01\"", `01`, `-`, `1.`, `.5`, `1e`, `1e+`, `+1`, `tru`, `nul`, `falsy`, `{"a"}`, `{"a":}`, `{"a":1,}`,
	`{,}`, `{1:2}`, `[1,]`, `[,1]`, `[1 2]`, `[1]]`, `{}{}`, `{"a":1]`, `[1}`, `'a'`, `{"a":1 "b":2}`, `:`, `,`, strings.Repeat("[", 10_001) + strings.Repeat("]", 10_001), "\x00", "[\x00]",
}

func FuzzWhatIsJSON(f *testing.F) {
	for _, text := range texts {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		s := New(text)
		value := s.Value()
		require.Equal(t, json.Valid(text), s.Done(), "%.200q", text)
		if s.Done() {
			require.Equal(t, strings.Trim(string(text), " \t\r\n"), value.Of(string(text)))
		}
	})
}

func FuzzMembers(f *testing.F) {
	for _, text := range texts {
		if len(text) >= maxDepth { // depth counts from the value's beginning, not from the text's
			continue
		}
		f.Add([]byte(`{"some":` + text + `, "\u0061\n" :[1,{"x":2}], "last":` + text + "}"))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		var want map[string]json.RawMessage
		whole := json.Unmarshal(text, &want) == nil && want != nil
		got, s := map[string]json.RawMessage{}, New(text)
		for s.Enter('{'); s.More('}'); {
			name, plain := s.Name()
			in := `"` + name.Of(string(text)) + `"`
			var read string
			value := s.Value()
			if s.Bad() {
				break
			}
			require.NoError(t, json.Unmarshal([]byte(in), &read))
			require.Equal(t, !strings.Contains(in, `\`), plain)
			got[read] = json.RawMessage(value.Of(string(text)))
		}
		require.Equal(t, whole, s.Done(), "%.200q", text)
		if whole {
			require.Equal(t, want, got)
		}
	})
}
