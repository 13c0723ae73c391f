package bulk

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
)

const body = `{"index":{"_index":"a","_id":"1","version":7}}
{"n":1}
{"delete":{"_index":"b","_id":"2"}}
{"create":{}}
{"n":2}
`

func TestActionsAreReadWithWhatTheirLinesSay(t *testing.T) {
	actions, err := Parse(http.Header{}, []byte(body))
	require.NoError(t, err)
	require.Len(t, actions, 3)
	require.Equal(t, []string{"index", "a", "1"}, []string{actions[0].Operation, actions[0].Index, actions[0].ID})
	require.JSONEq(t, "7", string(actions[0].Metadata["version"]))
	require.Equal(t, "{\"delete\":{\"_index\":\"b\",\"_id\":\"2\"}}\n", string(actions[1].Lines), "a delete has no document")
	require.Empty(t, actions[2].Index)
	_, err = Parse(http.Header{}, []byte("{\"n\":1}\n"))
	require.ErrorContains(t, err, "a line is no action")
}

func TestAnswersAreAtTheirPlaces(t *testing.T) {
	actions, err := Parse(http.Header{}, []byte(body))
	require.NoError(t, err)
	actions[1].Refused = &Refusal{Status: 403, Type: "x", Reason: "y"}
	require.EqualValues(t, 1, Refused(actions))
	require.NotContains(t, string(Kept(actions)), "delete")
	text, err := Merged(actions, []byte(`{"took":1,"errors":false,"items":[{"index":{"status":201}},{"create":{"status":200}}]}`))
	require.NoError(t, err)
	require.JSONEq(t, `{"took":1,"errors":true,"items":[{"index":{"status":201}},{"delete":{"_index":"b","_id":"2","status":403,"error":{"type":"x","reason":"y"}}},{"create":{"status":200}}]}`, string(text))
	actions[1].Refused = nil
	text, err = Merged(actions, []byte(`{"errors":false,"items":[{},{},{}]}`))
	require.NoError(t, err)
	require.JSONEq(t, `{"errors":false,"items":[{},{},{}]}`, string(text), "what was passed on whole is answered as it was")
	actions[1].Refused = &Refusal{Status: 403, Type: "x", Reason: "y"}
	for _, wrong := range []string{`{"items":[]}`, `{"items":[{},{},{}]}`, `[]`} {
		_, err = Merged(actions, []byte(wrong))
		require.Error(t, err, wrong)
	}
}

// The parts of a body, joined, equal the body.
func FuzzParse(f *testing.F) {
	f.Add(body)
	f.Add("{\"delete\":{}}")
	f.Add("{\"index\":{}}\n")
	f.Fuzz(func(t *testing.T, body string) {
		actions, err := Parse(http.Header{}, []byte(body))
		if err != nil {
			return
		}
		var whole []byte
		for _, a := range actions {
			whole = append(whole, a.Lines...)
		}
		require.Equal(t, body, string(whole))
	})
}

func TestAnAnswerForAllOfARequestIsAsTheNodeGivesIt(t *testing.T) {
	answer := `{"took":1,"errors":false,"items":[{"index":{"status":201}}]}`
	text, err := Merged([]Action{{Operation: "index"}}, []byte(answer))
	require.NoError(t, err)
	require.JSONEq(t, answer, string(text))
}
