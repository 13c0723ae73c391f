package opensearch

import (
	"bytes"
	"cdcpipeline/rehearsal/stores"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// lines returns a bulk request. It writes documents with these ids, and deletes those with a leading minus.
func lines(ids ...string) string {
	var b strings.Builder
	for _, id := range ids {
		if strings.HasPrefix(id, "-") {
			fmt.Fprintf(&b, "{\"delete\":{\"_index\":\"i\",\"_id\":%q}}\n", id)
		} else {
			fmt.Fprintf(&b, "{\"index\":{\"_index\":\"i\",\"_id\":%q}}\n{\"delete\":{}}\n", id)
		}
	}
	return b.String()
}

func zipped(t *testing.T, text string) string {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, err := io.WriteString(w, text)
	require.NoError(t, err)
	require.NoError(t, w.Close())
	return b.String()
}

// answered is the answer to a bulk request.
type answered struct {
	Took   *int  `json:"took"`
	Errors *bool `json:"errors"`
	Items  []map[string]struct {
		ID     string `json:"_id"`
		Status int    `json:"status"`
		Error  *struct {
			Type string `json:"type"`
		} `json:"error"`
	} `json:"items"`
	Error *struct {
		Type string `json:"type"`
	} `json:"error"`
}

// bulk is sent as the delivery role, compressed or not.
func (r *rig) bulk(t *testing.T, domain *Domain, path, body string, compressed bool) (int, answered) {
	t.Helper()
	encoding := func(req *http.Request) { req.Header.Set("Content-Encoding", "gzip") }
	if compressed {
		body = zipped(t, body)
	} else {
		encoding = func(*http.Request) {}
	}
	request := signed(t, domain, http.MethodPost, path, body, nil, nil)
	encoding(request)
	res, err := r.client(domain, "").HTTP.Do(request)
	require.NoError(t, err)
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	var out answered
	require.NoError(t, json.Unmarshal(text, &out), string(text))
	return res.StatusCode, out
}

func every(n int64) func(int64) bool { return func(i int64) bool { return i%n == 0 } }

func TestAWholeRequestIsRefusedAndNothingOfItIsWritten(t *testing.T) {
	r := newRig(t)
	domain, node := r.ready(t)
	node.mapped = true
	domain.Inject(Faults{Request: every(2)})
	status, out := r.bulk(t, domain, "/_bulk", lines("a"), true)
	require.Equal(t, http.StatusOK, status)
	require.Len(t, out.Items, 1)
	status, out = r.bulk(t, domain, "/_bulk", lines("b"), true)
	require.Equal(t, http.StatusTooManyRequests, status)
	require.Equal(t, "rejected_execution_exception", out.Error.Type)
	require.Equal(t, []string{"a"}, node.written)
	require.Equal(t, map[string]Throttled{deliveryRole: {Requests: 1}}, domain.Throttled())

	domain.Inject(Faults{})
	for range 2 {
		status, _ = r.bulk(t, domain, "/_bulk", lines("b"), true)
		require.Equal(t, http.StatusOK, status)
	}
}

func TestOnlySomeDocumentsOfARequestAreRefused(t *testing.T) {
	ids := []string{"1", "-2", "3", "4", "-5", "6", "7"}
	for name, c := range map[string]struct {
		path       string
		compressed bool
		item       func(int64) bool
		refused    []int // positions in the request
	}{
		"as it is":        {"/_bulk", false, every(3), []int{2, 5}},
		"compressed":      {"/_bulk", true, every(3), []int{2, 5}},
		"filtered":        {"/_bulk?filter_path=items.*.status,items.*.error.type", true, every(2), []int{1, 3, 5}},
		"none":            {"/_bulk", true, func(int64) bool { return false }, nil},
		"all":             {"/_bulk", true, every(1), []int{0, 1, 2, 3, 4, 5, 6}},
		"all, filtered":   {"/_bulk?filter_path=items.*.status", false, every(1), []int{0, 1, 2, 3, 4, 5, 6}},
		"the first":       {"/_bulk", true, func(n int64) bool { return n == 1 }, []int{0}},
		"all but a place": {"/_bulk", true, func(n int64) bool { return n != 4 }, []int{0, 1, 2, 4, 5, 6}},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			domain, node := r.ready(t)
			node.mapped = true
			domain.Inject(Faults{Item: c.item})
			status, out := r.bulk(t, domain, c.path, lines(ids...), c.compressed)
			require.Equal(t, http.StatusOK, status)
			require.Len(t, out.Items, len(ids))
			var written []string
			for i, id := range ids {
				operation := "index"
				if strings.HasPrefix(id, "-") {
					operation = "delete"
				}
				item := out.Items[i][operation]
				require.Equal(t, id, item.ID, "the answer is in the order of the request")
				if slices.Contains(c.refused, i) {
					require.Equal(t, http.StatusTooManyRequests, item.Status)
					require.Equal(t, "rejected_execution_exception", item.Error.Type)
				} else {
					require.Equal(t, http.StatusCreated, item.Status)
					written = append(written, id)
				}
			}
			require.Equal(t, written, node.written, "what was refused is not written, and the rest is, once")
			require.Equal(t, int64(len(c.refused)), domain.Throttled()[deliveryRole].Items)
			if filtered := strings.Contains(c.path, "filter_path"); filtered {
				require.Nil(t, out.Errors)
				require.Nil(t, out.Took)
			} else {
				require.Equal(t, len(c.refused) > 0, *out.Errors)
			}
		})
	}
}

func TestWhatTheNodeRefusesIsItsOwnAnswer(t *testing.T) {
	r := newRig(t)
	domain, node := r.ready(t)
	domain.Inject(Faults{Item: every(2)})
	status, out := r.bulk(t, domain, "/_bulk", lines("a", "b"), true) // the role is not mapped yet
	require.Equal(t, http.StatusForbidden, status)
	require.Empty(t, out.Items)
	node.mapped = true
	status, _ = r.bulk(t, domain, "/_bulk", "no action\n", false)
	require.Equal(t, http.StatusOK, status, "the node was asked")
	require.Empty(t, domain.Throttled())
}

func TestOnlyBulkRequestsAreThrottled(t *testing.T) {
	r := newRig(t)
	domain, node := r.ready(t)
	node.mapped = true
	domain.Inject(Faults{Request: every(1), Item: every(1)})
	admin := r.client(domain, stores.BasicAuthorization("admin", "secret"))
	require.NoError(t, admin.Do(t.Context(), http.MethodGet, "/_search", nil, nil))
	require.ErrorContains(t, admin.Do(t.Context(), http.MethodPost, "/index/_bulk", []byte(lines("a")), nil), "429")
	require.Equal(t, map[string]Throttled{"": {Requests: 1}}, domain.Throttled(), "a user has no role")
}

func TestADomainsNodeCrashesWhenItIsReady(t *testing.T) {
	r := newRig(t)
	domain, node := r.ready(t)
	require.NoError(t, domain.Crash(t.Context(), 3*time.Second))
	require.Equal(t, []time.Duration{3 * time.Second}, node.crashes)
	require.NoError(t, r.Err())
}

func TestADomainWithoutRoomSays503(t *testing.T) {
	r := newRig(t)
	domain, node := r.ready(t)
	node.mapped = true
	domain.Inject(Faults{Request: every(2), Item: every(2), Status: http.StatusServiceUnavailable})
	status, out := r.bulk(t, domain, "/_bulk", lines("a", "b"), true)
	require.Equal(t, http.StatusOK, status)
	require.Equal(t, http.StatusServiceUnavailable, out.Items[1]["index"].Status)
	require.Equal(t, "unavailable_shards_exception", out.Items[1]["index"].Error.Type)
	status, _ = r.bulk(t, domain, "/_bulk", lines("c"), true)
	require.Equal(t, http.StatusServiceUnavailable, status)
	require.Equal(t, []string{"a"}, node.written)
}

func TestASlowDomainAnswersLate(t *testing.T) {
	r := newRig(t)
	domain, node := r.ready(t)
	node.mapped = true
	domain.Inject(Faults{Slow: func(int64) time.Duration { return 300 * time.Millisecond }})
	began := time.Now()
	status, _ := r.bulk(t, domain, "/_bulk", lines("a"), true)
	require.Equal(t, http.StatusOK, status)
	require.GreaterOrEqual(t, time.Since(began), 300*time.Millisecond)
}

func TestAnAnswerThatIsLostWasServedAllTheSame(t *testing.T) {
	r := newRig(t)
	domain, node := r.ready(t)
	node.mapped = true
	domain.Inject(Faults{Mute: every(1)})
	res, err := r.client(domain, "").HTTP.Do(signed(t, domain, http.MethodPost, "/_bulk", lines("a"), nil, nil))
	if err == nil {
		_ = res.Body.Close()
	}
	require.Error(t, err)
	require.Equal(t, []string{"a"}, node.written)
}

func TestExpiredCredentialsAreRefused(t *testing.T) {
	r := newRig(t)
	domain, node := r.ready(t)
	node.mapped = true
	domain.Inject(Faults{Expired: true})
	res, err := r.client(domain, "").HTTP.Do(signed(t, domain, http.MethodPost, "/_bulk", lines("a"), nil, nil))
	require.NoError(t, err)
	text, err := io.ReadAll(res.Body)
	_ = res.Body.Close()
	require.NoError(t, err)
	require.Equal(t, http.StatusForbidden, res.StatusCode)
	require.Contains(t, string(text), "The security token included in the request is expired.")
	require.Empty(t, node.written)
	require.NoError(t, r.client(domain, stores.BasicAuthorization("admin", "secret")).Do(t.Context(), http.MethodGet, "/_search", nil, nil), "a password does not expire")
}
