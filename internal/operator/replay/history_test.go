package replay

import (
	"bytes"
	"cdcpipeline/internal/opensearch"
	"cdcpipeline/internal/opensearch/opensearchtest"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// history imitates an index in memory. A search finds everything that was made in its minute.
type history struct {
	documents []json.RawMessage
	into      []string // the indices that received documents
	busy      int      // number of documents that the index is too busy for
	refuse    string   // text in a document that the index refuses
	lost      int      // number of answers that are lost
}

func (h *history) answer(r opensearchtest.Request) (int, any) {
	switch {
	case r.Method == http.MethodDelete, r.Parts[0] == "_alias", r.Last() == "_refresh":
		return http.StatusOK, `{}`
	case r.Last() == "point_in_time":
		return http.StatusOK, `{"pit_id":"p"}`
	case r.Last() == "_bulk":
		items := h.write(r.Content)
		if h.lost > 0 {
			h.lost--
			return 0, errors.New("the connection broke")
		}
		return http.StatusOK, map[string]any{"items": items}
	}
	var search struct {
		Query struct {
			Bool struct {
				Filter []struct {
					Range map[string]struct{ Gte, Lt string }
				}
			}
		}
	}
	_ = json.Unmarshal(r.Content, &search)
	within := search.Query.Bool.Filter[2].Range["metadata.timestamp"]
	from, _ := time.Parse(time.RFC3339, within.Gte)
	to, _ := time.Parse(time.RFC3339, within.Lt)
	hits := []any{}
	for i, d := range h.documents {
		var of struct{ Metadata struct{ Timestamp time.Time } }
		_ = json.Unmarshal(d, &of)
		if made := of.Metadata.Timestamp; !made.Before(from) && made.Before(to) {
			hits = append(hits, map[string]any{"_index": "i", "_id": fmt.Sprint(i), "sort": []int{i}, "_source": d})
		}
	}
	return http.StatusOK, map[string]any{"hits": map[string]any{"hits": hits}}
}

func (h *history) write(body []byte) (items []any) {
	lines := bytes.Split(bytes.TrimSpace(body), []byte("\n"))
	for i := 0; i < len(lines); i += 2 {
		var action struct {
			Index struct {
				Index string `json:"_index"`
			}
		}
		_ = json.Unmarshal(lines[i], &action)
		verdict := map[string]any{"status": http.StatusCreated}
		switch {
		case h.busy > 0:
			h.busy--
			verdict = map[string]any{"status": http.StatusTooManyRequests}
		case h.refuse != "" && strings.Contains(string(lines[i+1]), h.refuse):
			verdict = map[string]any{"status": http.StatusBadRequest, "error": map[string]any{"type": "mapper_parsing_exception"}}
		default:
			h.into, h.documents = append(h.into, action.Index.Index), append(h.documents, lines[i+1])
		}
		items = append(items, map[string]any{"index": verdict})
	}
	return items
}

func (h *history) has(record string) { h.documents = append(h.documents, []byte(record)) }

func (h *history) index() History {
	return History{
		Client: opensearch.Client{URL: "https://history", Transport: opensearchtest.Domain(h.answer)}, Index: "changes",
		Into: func(made time.Time) string { return "changes-" + made.Format(time.DateOnly) },
	}
}

func TestAHistoryIsGivenWhatItLacks(t *testing.T) {
	b, h := newBucket(), &history{busy: 1, refuse: `"id":4`}
	b.deliver("1.gz", at(9, 0), insert(1, at(9, 1)), insert(2, at(9, 1)), insert(2, at(9, 1)), insert(3, at(9, 5)))
	b.deliver("2.gz", at(10, 0), insert(4, at(10, 1)), insert(5, at(10, 2)), `{"metadata":{}}`)
	h.has(insert(1, at(9, 1)))
	done := journal(t, t.TempDir())
	filled, err := h.index().Fill(t.Context(), Lake{Lake: b.lake(), Table: orders}, Options{Journal: done})
	require.NoError(t, err)
	require.Equal(t, Filled{Records: 7, Had: 2, Written: 3, Refused: 2, Problems: filled.Problems}, filled)
	require.Contains(t, filled.Problems[0].Detail, "record-type")
	require.Contains(t, filled.Problems[1].Detail, "mapper_parsing_exception")
	require.Equal(t, []string{"changes-2026-11-23", "changes-2026-11-23", "changes-2026-11-23"}, h.into)
	require.Len(t, h.documents, 4)

	again, err := h.index().Fill(t.Context(), Lake{Lake: b.lake(), Table: orders}, Options{Journal: done})
	require.NoError(t, err)
	require.Equal(t, Filled{}, again, "the journal has both objects")
	again, err = h.index().Fill(t.Context(), Lake{Lake: b.lake(), Table: orders}, Options{})
	require.NoError(t, err)
	require.Equal(t, int64(0), again.Written)
}

func TestADryRunCountsWhatAHistoryLacks(t *testing.T) {
	b, h := newBucket(), &history{}
	b.deliver("1.gz", at(9, 0), insert(1, at(9, 1)), insert(2, at(9, 1)))
	h.has(insert(1, at(9, 1)))
	filled, err := h.index().Fill(t.Context(), Lake{Lake: b.lake(), Table: orders}, Options{DryRun: true})
	require.NoError(t, err)
	require.Equal(t, []int64{1, 1}, []int64{filled.Had, filled.Written})
	require.Len(t, h.documents, 1)
}

func TestWhatWasWrittenWithoutAnAnswerIsNotWrittenAgain(t *testing.T) {
	b, h := newBucket(), &history{lost: 1}
	b.deliver("1.gz", at(9, 0), insert(1, at(9, 1)), insert(2, at(9, 1)))
	_, err := h.index().Fill(t.Context(), Lake{Lake: b.lake(), Table: orders}, Options{})
	require.NoError(t, err)
	require.Len(t, h.documents, 2)
}
