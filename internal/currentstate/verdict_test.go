package currentstate

import (
	"cdcpipeline/internal/change"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
)

// FuzzVerdicts checks that the one-pass decoder gives the same result as encoding/json.
func FuzzVerdicts(f *testing.F) {
	for _, seed := range []string{
		`{"items":[{"index":{"status":200}},{"index":{"status":201}}]}`, `{"items":[]}`, `{"items":[{"index":{"status":409,"error":{"type":"t"}}}]}`, `{"items":[{"index":{"error":{},"status":409}}]}`,
		`{"errors":false,"items":[]}`, `{"items":[{"index":{"status":200}}],"items":[]}`, `{"items":[{"delete":{"status":200}}]}`, `{"items":[{"index":{"status":200}},]}`, `{"items":[{"index":{"status":2e2}}]}`,
		`{"items":[{"index":{"status":"200"}}]}`, `{"items":[{"index":{"\u0073tatus":200}}]}`, `{"items":[{"index":{"status":200}}]`, `{"items":[{}]}`, `{"items":[{"index":null}]}`, `{"items":null}`, `{}`, ``, `[]`,
		`{"items":[{"index":{"status":200},"create":{"status":200}}]}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		quick, ok := statuses(text)
		if !ok {
			return
		}
		var want answer
		require.NoError(t, json.Unmarshal(text, &want))
		require.Len(t, quick, len(want.Items))
		for i, item := range want.Items {
			require.Equal(t, map[string]*verdict{"index": &quick[i]}, item)
		}
	})
}

func TestTheUsualAnswerIsReadInOnePass(t *testing.T) {
	verdicts, ok := statuses([]byte(`{"items":[{"index":{"status":200}},{"index":{"status":409}}]}`))
	require.True(t, ok)
	require.Equal(t, []verdict{{Status: 200}, {Status: 409}}, verdicts)
}

func TestAnAnswerSaysWhatBecameOfEachDocument(t *testing.T) {
	verdicts, err := readVerdicts([]byte(`{"took":1,"items":[{"index":{"_id":"1","status":200}},{"index":{"status":400,"error":{"type":"t","reason":"r","caused_by":{"reason":"c"}}}}]}`))
	require.NoError(t, err)
	require.Equal(t, []int{200, 400}, []int{verdicts[0].Status, verdicts[1].Status})
	require.Equal(t, "t: r: c", verdicts[1].reason())
	for _, text := range []string{`{"items":[{}]}`, `{"items":[{"index":null}]}`, `{"items":[{"a":{},"b":{}}]}`, `{"items":`, ``} {
		_, err := readVerdicts([]byte(text))
		require.Error(t, err, text)
	}
}

// The lines of a batch reuse the memory of the previous batch. No document may contain another's bytes.
func TestDocumentsOfABatchAreNotThoseOfTheOneBefore(t *testing.T) {
	space := append(make([]byte, 0, 40), "left over"...)
	space = space[:0]
	var lines, alone []document
	for id := range 20 {
		record, err := change.Parse([]byte(realistic(id, 1<<10)))
		require.NoError(t, err)
		o := origin{record: record, position: "p", committed: began, indexed: began, space: &space}
		columns := change.KeyColumns{Names: []string{"region", "id"}}
		docs, err := rows(domainIndices{}, "i", columns, 1, o)
		require.NoError(t, err)
		for _, d := range docs {
			require.Equal(t, string(d.lines), string(space[d.begin:d.begin+len(d.lines)]))
			d.begin = 0
			lines = append(lines, d)
		}
		o.space = nil
		docs, err = rows(domainIndices{}, "i", columns, 1, o)
		require.NoError(t, err)
		alone = append(alone, docs...)
	}
	require.Equal(t, alone, lines)
}

// net/http may read a request's body even after the request has failed. What it reads then must be this request.
func TestAFailedRequestsBodyStaysAsItIs(t *testing.T) {
	r := newRig(t, func(s *Settings) { s.BulkPlain = true })
	r.domain.plain = true
	var bodies []io.ReadCloser
	failing := true
	r.f.client.once.Transport = roundTripper(func(request *http.Request) (*http.Response, error) {
		if request.URL.Path == "/_bulk" && failing {
			body, err := request.GetBody()
			require.NoError(t, err)
			bodies = append(bodies, body)
			return nil, errors.New("connection reset")
		}
		return r.domain.RoundTrip(request)
	})
	require.Zero(t, r.handle(t, row(1, 10, `,"text":"first"`)))
	failing = false
	require.Equal(t, -1, r.handle(t, row(2, 20, `,"text":"second"`)))
	require.NotEmpty(t, bodies)
	for _, body := range bodies {
		text, err := io.ReadAll(body)
		require.NoError(t, err)
		require.Contains(t, string(text), "first")
		require.NotContains(t, string(text), "second")
	}
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
