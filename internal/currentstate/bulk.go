package currentstate

import (
	"bytes"
	"cdcpipeline/internal/opensearch"
	"context"
	"errors"
	"fmt"
	"net/http"
)

// bulk collects documents and writes them in requests of bounded size.
type bulk struct {
	f     *Function
	items []item
	// lines are the actions' bytes, one after the other.
	lines   bytes.Buffer
	actions []action
}

// newBulk has room for what is usual: a document is shorter than its record.
func newBulk(f *Function, items []item) *bulk {
	b := &bulk{f: f, items: items, actions: make([]action, 0, len(items))}
	room := 0
	for i := range items {
		if r := items[i].record; r != nil {
			room += len(r.Raw())
		}
	}
	b.lines.Grow(min(room, f.settings.BulkBytes))
	return b
}

// action writes one document of an item.
type action struct {
	item            int
	begin, end      int
	index, document string
}

// add a document of an item, after writing what is there when it would become too much.
func (b *bulk) add(ctx context.Context, item int, d document) {
	if len(b.actions) >= b.f.settings.BulkRecords || b.lines.Len() > 0 && b.lines.Len()+len(d.lines) > b.f.settings.BulkBytes {
		b.flush(ctx)
	}
	begin := b.lines.Len()
	b.lines.Write(d.lines)
	b.actions = append(b.actions, action{item: item, begin: begin, end: b.lines.Len(), index: d.index, document: d.id})
}

// flush writes what there is. What cannot be written now stays unsettled.
func (b *bulk) flush(ctx context.Context) {
	if len(b.actions) > 0 {
		b.send(ctx, b.actions)
	}
	b.lines.Reset()
	b.actions = b.actions[:0]
}

// send tries until nothing is left or ctx ends. A request that is refused as a whole is halved, down to the document
// that is to blame.
func (b *bulk) send(ctx context.Context, pending []action) {
	err := b.f.client.retry(ctx, func() (err error) {
		pending, err = b.attempt(ctx, pending)
		return err
	})
	if err == nil {
		return
	}
	status := opensearch.Status(err)
	if b.f.client.outage(err) || status == http.StatusNotFound {
		for _, a := range pending {
			b.items[a.item].err = err
		}
		return
	}
	if len(pending) == 1 {
		a := pending[0]
		b.refuse(a, err.Error())
		return
	}
	half := len(pending) / 2
	b.send(ctx, pending[:half])
	b.send(ctx, pending[half:])
}

// bulkPath asks for no more of an answer than is read.
const bulkPath = "/_bulk?filter_path=items.*.status,items.*.error.type,items.*.error.reason,items.*.error.caused_by.reason"

// answer to a bulk request, as far as it is asked for.
type answer struct {
	Items []map[string]*verdict `json:"items"`
}

type verdict struct {
	Status int `json:"status"`
	Error  *struct {
		Type     string `json:"type"`
		Reason   string `json:"reason"`
		CausedBy struct {
			Reason string `json:"reason"`
		} `json:"caused_by"`
	} `json:"error"`
}

var errPostponed = errors.New("the domain postponed documents")

// attempt makes one request and gives back what is to be tried again, with the reason.
func (b *bulk) attempt(ctx context.Context, pending []action) ([]action, error) {
	var out answer
	if err := b.f.client.once.Do(ctx, http.MethodPost, bulkPath+"&require_alias=true", b.body(pending), &out); err != nil {
		return pending, err
	}
	if len(out.Items) != len(pending) {
		return pending, fmt.Errorf("the domain answered for %d documents of %d", len(out.Items), len(pending))
	}
	var again []action
	var why error
	for i, a := range pending {
		for _, v := range out.Items[i] {
			if err := b.settle(a, v); err != nil {
				again, why = append(again, a), err
			}
		}
	}
	return again, why
}

// body has the lines of pending; no copy is made of one range.
func (b *bulk) body(pending []action) []byte {
	all := b.lines.Bytes()
	first, last := pending[0], pending[len(pending)-1]
	size := 0
	for _, a := range pending {
		size += a.end - a.begin
	}
	if size == last.end-first.begin {
		return all[first.begin:last.end]
	}
	out := make([]byte, 0, size)
	for _, a := range pending {
		out = append(out, all[a.begin:a.end]...)
	}
	return out
}

// settle takes the verdict on one document; an error postpones it.
func (b *bulk) settle(a action, v *verdict) error {
	it := &b.items[a.item]
	reason := ""
	if v.Error != nil {
		reason = v.Error.Type + ": " + v.Error.Reason
		if v.Error.CausedBy.Reason != "" {
			reason += ": " + v.Error.CausedBy.Reason
		}
	}
	switch {
	case v.Status == http.StatusConflict: // a later record of the row was there before
		it.overtaken++
	case v.Status/100 == 2:
		it.written++
	case v.Status == http.StatusBadRequest:
		b.refuse(a, reason)
	case v.Status == http.StatusNotFound: // the index is gone: it will be made again
		b.f.indices.forget(a.index)
		it.err = fmt.Errorf("writing to %s: %s", a.index, reason)
	default: // too busy, out of space, not allowed yet, broken
		return fmt.Errorf("%w: %d %s", errPostponed, v.Status, reason)
	}
	return nil
}

func (b *bulk) refuse(a action, reason string) {
	it := &b.items[a.item]
	it.park(b.f.deps.Now(), Refused, reason)
	it.parked.Index, it.parked.Document = a.index, a.document
}
