package opensearch

import (
	"cdcpipeline/rehearsal/standins/bulk"
	"cdcpipeline/rehearsal/standins/front"
	"maps"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"time"
)

// Faults are a busy domain's answers that can be forced, to test callers.
type Faults struct {
	// Request reports whether the nth bulk request, from 1, is refused as a whole: status 429, nothing written.
	Request func(n int64) bool
	// Item reports whether the nth document of the other requests is refused alone: status 429 at its position in the
	// answer. The others are written.
	Item func(n int64) bool
	// Status of these refusals: 429, or 503 when the domain has no room for the request or no shard for the document.
	// Default 429.
	Status int
	// Slow is the delay of the nth bulk request.
	Slow func(n int64) time.Duration
	// Mute reports whether the nth bulk request is processed without an answer: the connection ends.
	Mute func(n int64) bool
	// Expired refuses every signature, as if the credentials had expired.
	Expired bool
}

// refusal is the error for a request or for a document.
func (f *Faults) refusal() (status int, ofRequest, ofItem bulk.Refusal) {
	if f.Status == http.StatusServiceUnavailable {
		return f.Status, bulk.Refusal{Type: "cluster_manager_not_discovered_exception", Reason: "not enough nodes"},
			bulk.Refusal{Status: f.Status, Type: "unavailable_shards_exception", Reason: "primary shard is not active"}
	}
	return http.StatusTooManyRequests, bulk.Refusal{Type: rejected, Reason: requestRefused}, bulk.Refusal{Status: http.StatusTooManyRequests, Type: rejected, Reason: itemRefused}
}

// Throttled counts a caller's refusals.
type Throttled struct{ Requests, Items int64 }

// throttle refuses requests as the domain's faults say.
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

// Inject replaces the faults from the next request on.
func (d *Domain) Inject(f Faults) { d.throttle.faults.Store(&f) }

// Throttled counts the faults' refusals by the caller's role ARN; users have none.
func (d *Domain) Throttled() map[string]Throttled {
	d.throttle.mu.Lock()
	defer d.throttle.mu.Unlock()
	return maps.Clone(d.throttle.refused)
}

// A node's errors when it has no room for a request, or its queue has none for a document.
const (
	rejected       = "rejected_execution_exception"
	requestRefused = "rejected execution of coordinating operation"
	itemRefused    = "rejected execution of primary operation"
)

// serveBulk passes on the part of a bulk request that the faults do not refuse.
func (d *Domain) serveBulk(w http.ResponseWriter, r *http.Request, body []byte, caller string) {
	faults := d.throttle.faults.Load()
	n := d.throttle.requests.Add(1)
	if !faults.hold(r, n) {
		return
	}
	status, ofRequest, ofItem := faults.refusal()
	if faults.Request != nil && faults.Request(n) {
		d.throttle.count(caller, 1, 0)
		front.Fail(w, status, ofRequest.Type, ofRequest.Reason)
		return
	}
	if faults.Mute != nil && faults.Mute(n) {
		d.throttle.count(caller, 1, 0)
		d.Forward(httptest.NewRecorder(), r)
		panic(http.ErrAbortHandler) // which ends the connection, https://pkg.go.dev/net/http#ErrAbortHandler
	}
	if faults.Item == nil {
		d.Forward(w, r)
		return
	}
	actions, err := bulk.Parse(r.Header, body)
	if err != nil { // the node reports what is wrong with it
		d.Forward(w, r)
		return
	}
	for i := range actions {
		if faults.Item(d.throttle.items.Add(1)) {
			actions[i].Refused = &ofItem
		}
	}
	refused := bulk.Refused(actions)
	if refused == 0 {
		d.Forward(w, r)
		return
	}
	if d.ForwardPart(w, r, actions) == http.StatusOK {
		d.throttle.count(caller, 0, refused)
	}
}

// hold delays a request as the faults say; false when its caller leaves first.
func (f *Faults) hold(r *http.Request, n int64) bool {
	if f.Slow == nil {
		return true
	}
	select {
	case <-time.After(f.Slow(n)):
		return true
	case <-r.Context().Done():
		return false
	}
}
