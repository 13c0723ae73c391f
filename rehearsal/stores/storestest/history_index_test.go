package storestest_test

import (
	"bytes"
	"cdcpipeline/rehearsal/stores"
	"cdcpipeline/rehearsal/stores/storestest"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

// historyDay is a daily index with the history's template, to which records are written unchanged like by the
// delivery.
func historyDay(t *testing.T, index string) *stores.Client {
	t.Helper()
	template, err := os.ReadFile("../../../components/search/testdata/template_dev.golden.json")
	require.NoError(t, err)
	node := storestest.OpenSearch(t).Master()
	require.NoError(t, node.Do(t.Context(), http.MethodPut, "/_index_template/retail-trans", bytes.TrimSpace(template), nil))
	require.NoError(t, node.Do(t.Context(), http.MethodPut, "/"+index, nil, nil))
	return node
}

// write writes a record's data and returns the error type of a refused document, or an empty text.
func write(t *testing.T, node *stores.Client, index, of, data string) string {
	t.Helper()
	record := fmt.Appendf(nil, `{"data":%s,"before-image":%s,"metadata":{"timestamp":"2026-11-28T08:00:00.000000Z","table-name":%q}}`, data, data, of)
	_, answer, err := node.Call(t.Context(), http.MethodPost, "/"+index+"/_doc?refresh=true", record)
	require.NoError(t, err)
	var out struct {
		Error struct {
			Type string `json:"type"`
		} `json:"error"`
	}
	require.NoError(t, json.Unmarshal(answer, &out))
	return out.Error.Type
}

func found(t *testing.T, node *stores.Client, index, query string) int {
	t.Helper()
	hits, err := node.Search(t.Context(), index, json.RawMessage(`{"query":`+query+`}`))
	require.NoError(t, err)
	return len(hits)
}

// Three tables use one column name for three kinds of values. Every record is accepted, in any order, and numbers and
// texts can be found.
func TestTablesShareAHistoryWhateverTheirColumnsAre(t *testing.T) {
	values := []struct{ of, data string }{
		{"numbers", `{"amount":8,"shared":8,"id":"n"}`},
		{"texts", `{"amount":"eight","shared":"eight","trans_datetime":"whenever","id":"t"}`},
		{"objects", `{"amount":{"of":[8]},"shared":{"id":"nobody","of":[8]},"trans_datetime":[{"a":1}],"id":"o"}`},
		{"odd", `{"amount":18446744073709551616,"trans_id":1e400,"trans_datetime":99999999999999999999,"id":"q"}`},
		{"flags", `{"amount":true,"shared":false,"id":"f"}`},
	}
	for first := range 2 { // the first of the numbers and the texts
		index := fmt.Sprintf("retail-trans-kinds-%d", first)
		node := historyDay(t, index)
		for i := range values {
			v := values[(first+i)%len(values)]
			require.Empty(t, write(t, node, index, v.of, v.data), v.data)
		}
		for query, want := range map[string]int{
			`{"range":{"data.amount":{"gte":7,"lt":9}}}`:          1,
			`{"term":{"data.amount":8}}`:                          1,
			`{"term":{"data.amount.keyword":"eight"}}`:            1,
			`{"term":{"data.trans_datetime.keyword":"whenever"}}`: 1,
			`{"term":{"data.shared":"eight"}}`:                    1,
			`{"term":{"data.shared":8}}`:                          1,
			`{"term":{"before-image.shared":"eight"}}`:            1,
			`{"term":{"data.id":"nobody"}}`:                       0,
			`{"term":{"data.id":"o"}}`:                            1,
			`{"term":{"metadata.table-name":"objects"}}`:          1,
			`{"match_all":{}}`:                                    len(values),
		} {
			require.Equal(t, want, found(t, node, index, query), "%s: %s", index, query)
		}
	}
}

// The bootstrap's text about such columns (internal/source/mysql/dotted.go).
func TestWhatTheHistoryMakesOfNamesWithDots(t *testing.T) {
	const index, refused = "retail-trans-dots", "mapper_parsing_exception"
	node := historyDay(t, index)
	require.Empty(t, write(t, node, index, "alone", `{"alone.too":"x","id":"1"}`))
	require.Zero(t, found(t, node, index, `{"term":{"data.alone.too":"x"}}`), "it is kept, and not found")
	require.Equal(t, 1, found(t, node, index, `{"term":{"data.id":"1"}}`), "the others are")
	require.Empty(t, write(t, node, index, "beside", `{"alone":"x"}`))
	require.Zero(t, found(t, node, index, `{"term":{"data.alone":"x"}}`), "nor is another table's column")
	require.Empty(t, write(t, node, index, "beside", `{"test":"x"}`))
	require.Equal(t, refused, write(t, node, index, "alone", `{"test.CreatedBy":"x"}`), "nor taken, when that was first")
	require.Equal(t, 1, found(t, node, index, `{"term":{"data.test":"x"}}`))
	for _, name := range []string{".x", "a..b", "."} {
		require.NotEmpty(t, write(t, node, index, "dots", `{"`+name+`":"x"}`), name)
	}
	require.Empty(t, write(t, node, index, "dots", `{"end.":"x"}`))
	require.Equal(t, 1, found(t, node, index, `{"term":{"data.end":"x"}}`))
}

// The history is not a flat_object, because that would refuse a long text.
func TestAFlatObjectRefusesALongText(t *testing.T) {
	node := storestest.OpenSearch(t).Master()
	require.NoError(t, node.Do(t.Context(), http.MethodPut, "/flat", json.RawMessage(`{"mappings":{"properties":{"data":{"type":"flat_object"},"before-image":{"type":"flat_object"}}}}`), nil))
	require.Empty(t, write(t, node, "flat", "texts", `{"a.b":"x",".x":"y"}`))
	require.Equal(t, "illegal_argument_exception", write(t, node, "flat", "texts", `{"text":"`+string(bytes.Repeat([]byte("x"), 40_000))+`"}`))
}
