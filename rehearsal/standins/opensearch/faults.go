package opensearch

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Faults are what a domain answers now and then when it has too much to do, made to happen: to test callers against.
type Faults struct {
	// Request says of the nth bulk request, from 1, that it is refused as a whole: status 429, and nothing of it is written.
	Request func(n int64) bool
	// Item says of the nth document of the other requests that it alone is refused: status 429 at its place in the
	// answer. It is not written; the others are.
	Item func(n int64) bool
}

// Throttled counts what was refused of a caller.
type Throttled struct{ Requests, Items int64 }

// throttle refuses what the domain's faults say.
type throttle struct {
	faults          atomic.Pointer[Faults]
	requests, items atomic.Int64

	mu      sync.Mutex
	refused map[string]Throttled // by caller
}

func newThrottle() *throttle {
	t := &throttle{refused: map[string]Throttled{}}
	t.faults.Store(&Faults{})
	return t
}

func (t *throttle) count(caller string, requests, items int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	sum := t.refused[caller]
	t.refused[caller] = Throttled{sum.Requests + requests, sum.Items + items}
}

// Inject makes these faults, and none of those before, from the next request on.
func (d *Domain) Inject(f Faults) { d.throttle.faults.Store(&f) }

// Throttled is what the faults have refused, by the ARN of the caller's role; users have none.
func (d *Domain) Throttled() map[string]Throttled {
	d.throttle.mu.Lock()
	defer d.throttle.mu.Unlock()
	return maps.Clone(d.throttle.refused)
}

// Crash kills the domain's node, and starts it again after so long, when the domain is ready. It returns when the node
// answers; until then the endpoint answers 502.
func (d *Domain) Crash(ctx context.Context, down time.Duration) error {
	if err := d.Wait(ctx); err != nil {
		return err
	}
	if err := d.node.Crash(ctx, down); err != nil {
		return fmt.Errorf("domain %s: %w", d.Name, err)
	}
	return nil
}

// isBulk says whether a request writes documents.
func isBulk(r *http.Request) bool {
	return (r.Method == http.MethodPost || r.Method == http.MethodPut) && strings.HasSuffix(r.URL.Path, "/_bulk")
}

// What a node says that has no room for a request, or whose queue has none for a document.
const (
	rejected       = "rejected_execution_exception"
	requestRefused = "rejected execution of coordinating operation"
	itemRefused    = "rejected execution of primary operation"
)

// serveBulk passes on what the faults let through of a bulk request.
func (d *Domain) serveBulk(w http.ResponseWriter, r *http.Request, body []byte, caller string) {
	faults := d.throttle.faults.Load()
	if faults.Request != nil && faults.Request(d.throttle.requests.Add(1)) {
		d.throttle.count(caller, 1, 0)
		fail(w, http.StatusTooManyRequests, rejected, requestRefused)
		return
	}
	if faults.Item == nil {
		d.forward.ServeHTTP(w, r)
		return
	}
	actions, err := bulkActions(r.Header, body)
	if err != nil { // the node says what is wrong with it
		d.forward.ServeHTTP(w, r)
		return
	}
	var kept []byte
	refused := int64(0)
	for i := range actions {
		if actions[i].refused = faults.Item(d.throttle.items.Add(1)); actions[i].refused {
			refused++
		} else {
			kept = append(kept, actions[i].lines...)
		}
	}
	if refused == 0 {
		d.forward.ServeHTTP(w, r)
		return
	}
	status, answered, err := d.forwardPart(r, kept)
	if err != nil {
		refuse(w, http.StatusBadGateway, "the domain's node does not answer: "+err.Error())
		return
	}
	if status == http.StatusOK {
		if answered, err = merged(actions, answered); err != nil {
			refuse(w, http.StatusInternalServerError, "a part of the request was refused, and "+err.Error())
			return
		}
		d.throttle.count(caller, 0, refused)
	}
	w.Header().Set("Content-Type", "application/json; charset=UTF-8")
	w.WriteHeader(status)
	_, _ = w.Write(answered) // a caller who has hung up misses nothing
}

// forwardPart sends what is left of a bulk request, uncompressed. Of nothing the node would say that it is no request.
func (d *Domain) forwardPart(r *http.Request, kept []byte) (int, []byte, error) {
	if len(kept) == 0 {
		empty := `{"took":0,"errors":true,"items":[]}`
		if r.URL.Query().Has("filter_path") {
			empty = `{"items":[]}`
		}
		return http.StatusOK, []byte(empty), nil
	}
	return d.as(r.Header.Get("Authorization")).Call(r.Context(), r.Method, r.URL.RequestURI(), kept)
}

// bulkAction is one document's part of a bulk request.
type bulkAction struct {
	operation, index, id string
	lines                []byte // with their ends
	refused              bool
}

// bulkActions are those of a body, in order,
// https://docs.opensearch.org/latest/api-reference/document-apis/bulk/.
func bulkActions(header http.Header, body []byte) ([]bulkAction, error) {
	if header.Get("Content-Encoding") == "gzip" {
		unzipped, err := gzip.NewReader(bytes.NewReader(body))
		if err != nil {
			return nil, fmt.Errorf("reading a compressed request: %w", err)
		}
		if body, err = io.ReadAll(unzipped); err != nil {
			return nil, fmt.Errorf("reading a compressed request: %w", err)
		}
	}
	var actions []bulkAction
	for len(body) > 0 {
		first, rest, _ := bytes.Cut(body, []byte("\n"))
		var action map[string]struct {
			Index string `json:"_index"`
			ID    string `json:"_id"`
		}
		if err := json.Unmarshal(first, &action); err != nil || len(action) != 1 {
			return nil, errors.Join(errors.New("a line is no action"), err)
		}
		one := bulkAction{}
		for operation, target := range action {
			one.operation, one.index, one.id = operation, target.Index, target.ID
		}
		if one.operation != "delete" {
			_, rest, _ = bytes.Cut(rest, []byte("\n"))
		}
		one.lines, body = body[:len(body)-len(rest)], rest
		actions = append(actions, one)
	}
	return actions, nil
}

// merged is the node's answer for the actions that it got, with those that it did not get at their places.
func merged(actions []bulkAction, answered []byte) ([]byte, error) {
	var content map[string]json.RawMessage
	var items []json.RawMessage
	if err := json.Unmarshal(answered, &content); err != nil {
		return nil, fmt.Errorf("the node's answer is not JSON: %w", err)
	}
	if list, ok := content["items"]; ok {
		if err := json.Unmarshal(list, &items); err != nil {
			return nil, fmt.Errorf("the node's items are no list: %w", err)
		}
	}
	all := make([]any, 0, len(actions))
	for _, a := range actions {
		switch {
		case a.refused:
			all = append(all, map[string]any{a.operation: map[string]any{
				"_index": a.index, "_id": a.id, "status": http.StatusTooManyRequests,
				"error": map[string]any{"type": rejected, "reason": itemRefused},
			}})
		case len(items) == 0:
			return nil, errors.New("the node did not answer for every document that it got")
		default:
			all, items = append(all, items[0]), items[1:]
		}
	}
	if len(items) > 0 {
		return nil, errors.New("the node answered for more documents than it got")
	}
	list, err := json.Marshal(all)
	if err != nil {
		return nil, fmt.Errorf("writing the items: %w", err)
	}
	content["items"] = list
	if _, ok := content["errors"]; ok { // filter_path may have left it out
		content["errors"] = json.RawMessage("true")
	}
	text, err := json.Marshal(content)
	if err != nil {
		return nil, fmt.Errorf("writing the answer: %w", err)
	}
	return text, nil
}
