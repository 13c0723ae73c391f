package currentstate

import (
	"bytes"
	"cdcpipeline/internal/opensearch"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
)

// bulk writes documents of items in requests of bounded size. What the domain postpones waits until everything else has been
// tried: a table whose index is out of order holds up no other table of its batch.
type bulk struct {
	f       *Function
	items   []item
	pending []action
	// writable are the indices that were asked about in this pass, with what is wrong with them.
	writable map[string]error
}

// action writes one document of an item.
type action struct {
	item            int
	index, document string
	// lines are the action and the document.
	lines []byte
	// postponed says why it has to be tried again.
	postponed error
}

// add a document of an item.
func (b *bulk) add(item int, d document) {
	b.pending = append(b.pending, action{item: item, index: d.index, document: d.id, lines: d.lines})
}

// write tries until nothing is left or ctx ends. What is left stays unsettled.
func (b *bulk) write(ctx context.Context) {
	_ = b.f.client.retry(ctx, func() error { return b.pass(ctx) }) // each action has its reason
	for _, a := range b.pending {
		b.items[a.item].err = a.postponed
	}
}

// pass tries all that is pending once, and says why something still is.
func (b *bulk) pass(ctx context.Context) error {
	b.writable = map[string]error{}
	for rest := b.take(); len(rest) > 0; {
		n := b.fits(rest)
		b.try(ctx, rest[:n])
		rest = rest[n:]
	}
	if len(b.pending) == 0 {
		return nil
	}
	return b.pending[0].postponed
}

func (b *bulk) take() []action {
	all := b.pending
	b.pending = nil
	return all
}

// fits is how many of some actions one request holds, one at least.
func (b *bulk) fits(actions []action) int {
	size := 0
	for i, a := range actions {
		size += len(a.lines)
		if i > 0 && (i >= b.f.settings.BulkRecords || size > b.f.settings.BulkBytes) {
			return i
		}
	}
	return len(actions)
}

// try makes one request. One that is refused for what is in it is halved, down to the document that is to blame.
func (b *bulk) try(ctx context.Context, actions []action) {
	err := b.attempt(ctx, actions)
	switch {
	case err == nil:
	case !unacceptable(err):
		for _, a := range actions {
			b.postpone(ctx, a, err)
		}
	case len(actions) == 1:
		b.refuse(actions[0], err.Error())
	default:
		half := len(actions) / 2
		b.try(ctx, actions[:half])
		b.try(ctx, actions[half:])
	}
}

// bulkPath has how long OpenSearch waits for a shard that is not there, a minute by default: longer than the client waits, which would
// then know nothing of the documents that were written.
const bulkPath = "/_bulk?timeout=" + shardTimeout

// attempt makes one request and takes the verdict on each document of it.
func (b *bulk) attempt(ctx context.Context, actions []action) error {
	var out bytes.Buffer
	if err := b.f.client.once.Do(ctx, http.MethodPost, bulkPath+b.f.indices.kind.ofRows(), body(actions), &out); err != nil {
		return fmt.Errorf("writing to %s: %w", named(actions), err)
	}
	verdicts, err := readVerdicts(out.Bytes())
	if err != nil {
		return fmt.Errorf("writing to %s: reading the domain's answer: %w", named(actions), err)
	}
	if len(verdicts) != len(actions) {
		return fmt.Errorf("writing to %s: the domain answered for %d documents of %d", named(actions), len(verdicts), len(actions))
	}
	for i := range actions {
		b.settle(ctx, actions[i], &verdicts[i])
	}
	return nil
}

func body(actions []action) net.Buffers {
	all := make(net.Buffers, len(actions))
	for i := range actions {
		all[i] = actions[i].lines
	}
	return all
}

// named is the first index of some actions, and how many others there are.
func named(actions []action) string {
	indices := make([]string, len(actions))
	for i, a := range actions {
		indices[i] = a.index
	}
	slices.Sort(indices)
	if n := len(slices.Compact(indices)); n > 1 {
		return fmt.Sprintf("%s and %d more", actions[0].index, n-1)
	}
	return actions[0].index
}

// settle takes the verdict on one document. What is not the document's own fault is tried again, whatever its status.
func (b *bulk) settle(ctx context.Context, a action, v *verdict) {
	it := &b.items[a.item]
	switch {
	case v.Status == http.StatusConflict: // a later record of the row was there before, or this very one (kind.versionType)
		it.overtaken++
	case v.Status/100 == 2:
		it.written++
	case b.f.indices.kind.lost(v): // the next call makes the index again
		b.f.indices.forget(a.index)
		it.err = fmt.Errorf("writing to %s: %s", a.index, v.reason())
	case v.kind() == illegalArgument: // too many fields, say; or an alias that leads nowhere
		if err := b.target(ctx, a.index); err != nil {
			b.postpone(ctx, a, err)
			return
		}
		b.refuse(a, v.reason())
	case slices.Contains(unfit, v.kind()):
		b.refuse(a, v.reason())
	default: // too busy, out of space, not allowed yet, closed, broken
		b.postpone(ctx, a, fmt.Errorf("writing to %s: %w: %s", a.index, errPostponed, v.reason()))
	}
}

// target says what is wrong with the name under which an index is written.
func (b *bulk) target(ctx context.Context, index string) error {
	err, asked := b.writable[index]
	if !asked {
		if err = b.f.indices.kind.check(ctx, b.f.indices.client, index); err != nil {
			err = fmt.Errorf("writing to %s: %w: %w", index, errPostponed, err)
		}
		b.writable[index] = err
	}
	return err
}

var errPostponed = errors.New("the domain postponed documents")

// postpone an action. That there was no time for another try says less than why it was needed.
func (b *bulk) postpone(ctx context.Context, a action, why error) {
	if a.postponed == nil || ctx.Err() == nil {
		a.postponed = why
	}
	b.pending = append(b.pending, a)
}

func (b *bulk) refuse(a action, reason string) {
	it := &b.items[a.item]
	it.park(b.f.deps.Now(), Refused, reason)
	it.parked.Index, it.parked.Document = a.index, a.document
}

// illegalArgument is OpenSearch's error type for a document that its index cannot take, among others, but also for a request
// that cannot be served as the indices are.
const illegalArgument = "illegal_argument_exception"

// unfit are the error types of a document that no index of its fields can take. Status 400 alone says nothing: a closed index
// (index_closed_exception) has it too. Tried on OpenSearch 2.19.4; document_parsing_exception is what others call the first.
var unfit = []string{"mapper_parsing_exception", "document_parsing_exception", "strict_dynamic_mapping_exception", "parse_exception", "parsing_exception", "x_content_parse_exception"}

// unacceptable says that a request was refused as a whole for what is in it: its length, or a document's id or form.
func unacceptable(err error) bool {
	e := (*opensearch.Error)(nil)
	if !errors.As(err, &e) {
		return false
	}
	if strings.Contains(e.Reason, "unrecognized parameter") { // that is about what this program asks for
		return false
	}
	malformed := slices.Contains([]string{illegalArgument, "action_request_validation_exception", "json_parse_exception"}, e.Type) || slices.Contains(unfit, e.Type)
	return e.Status == http.StatusRequestEntityTooLarge || e.Status == http.StatusBadRequest && malformed
}
