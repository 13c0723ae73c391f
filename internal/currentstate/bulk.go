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

// bulk writes the documents of items in requests of limited size. It retries a postponed document only after it
// has tried all others, so a broken index delays no other table of the batch.
type bulk struct {
	f     *Function
	items []item
	// space has the lines of all documents in sequence.
	space *[]byte
	// lent is true if a request has failed. Then net/http may read its body, and with it space, even later.
	lent    bool
	pending []action
	// writable has the result of checking each index in this pass: nil, or the error.
	writable map[string]error
}

// action writes one document of an item.
type action struct {
	item            int
	index, document string
	// lines has the action and the document. They begin at the place begin of the batch's lines.
	lines []byte
	begin int
	// postponed is the error because of which the action must be retried.
	postponed error
}

// add queues a document of an item.
func (b *bulk) add(item int, d document) {
	b.pending = append(b.pending, action{item: item, index: d.index, document: d.id, lines: d.lines, begin: d.begin})
}

// write retries until all documents are settled or ctx ends. The remaining ones stay unsettled.
func (b *bulk) write(ctx context.Context) {
	_ = b.f.client.retry(ctx, func() error { return b.pass(ctx) }) // each action keeps its own error
	for _, a := range b.pending {
		b.items[a.item].err = a.postponed
	}
}

// pass tries all pending actions once. It returns an error if some are still pending.
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

// fits returns how many of the actions fit into one request, at least one.
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

// try sends one request. If OpenSearch refuses the request for its content, try halves it until it finds the bad
// document.
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

// bulkPath limits how long OpenSearch waits for a missing shard. The default is a minute. The client does not wait
// that long, and so would not learn which documents were written.
const bulkPath = "/_bulk?timeout=" + shardTimeout

// attempt sends one request and handles the verdict on each document.
func (b *bulk) attempt(ctx context.Context, actions []action) error {
	var out bytes.Buffer
	const verdict = len(`{"index":{"status":200}},`)
	out.Grow(len(actions)*verdict + bytes.MinRead)
	if err := b.f.client.once.Do(ctx, http.MethodPost, bulkPath+b.f.indices.kind.ofRows(), b.body(actions), &out); err != nil {
		b.lent = true
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

// body returns the lines of actions. Those that follow each other are one part, which need not be copied.
func (b *bulk) body(actions []action) (parts net.Buffers) {
	for i := 0; i < len(actions); {
		begin, end := actions[i].begin, actions[i].begin
		for ; i < len(actions) && actions[i].begin == end; i++ {
			end += len(actions[i].lines)
		}
		parts = append(parts, (*b.space)[begin:end])
	}
	return parts
}

// named describes actions in an error: the first index, and the number of further ones.
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

// settle handles the verdict on one document. It retries every failure that the document itself did not cause,
// whatever the status.
func (b *bulk) settle(ctx context.Context, a action, v *verdict) {
	it := &b.items[a.item]
	switch {
	case v.Status == http.StatusConflict: // the index has a later version of the row, or this one (kind.versionType)
		it.overtaken++
	case v.Status/100 == 2:
		it.written++
	case b.f.indices.kind.lost(v): // the next call makes the index again
		b.f.indices.forget(a.index)
		it.err = fmt.Errorf("writing to %s: %s", a.index, v.reason())
	case v.kind() == illegalArgument: // for example too many fields, or a broken alias
		if err := b.target(ctx, a.index); err != nil {
			b.postpone(ctx, a, err)
			return
		}
		b.refuse(a, v.reason())
	case slices.Contains(unfit, v.kind()):
		b.refuse(a, v.reason())
	default: // for example too busy, no space, no permission yet, index closed or broken
		b.postpone(ctx, a, fmt.Errorf("writing to %s: %w: %s", a.index, errPostponed, v.reason()))
	}
}

// target checks the name under which an index is written.
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

// postpone keeps an action for another try. If time ran out, it keeps the earlier error, because that explains
// more.
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

// illegalArgument is an OpenSearch error type. OpenSearch returns it for a document that the index cannot accept,
// but also for a request that the present indices cannot serve.
const illegalArgument = "illegal_argument_exception"

// unfit lists the error types of a document that no index with its fields can accept. Status 400 is not enough: a
// closed index (index_closed_exception) has it too. The types were tried on OpenSearch 2.19.4. Other versions call
// the first one document_parsing_exception.
var unfit = []string{"mapper_parsing_exception", "document_parsing_exception", "strict_dynamic_mapping_exception", "parse_exception", "parsing_exception", "x_content_parse_exception"}

// unacceptable reports whether OpenSearch refused a whole request for its content: its length, or the id or form
// of a document.
func unacceptable(err error) bool {
	e := (*opensearch.Error)(nil)
	if !errors.As(err, &e) {
		return false
	}
	if strings.Contains(e.Reason, "unrecognized parameter") { // the program sent a wrong parameter; no document is at fault
		return false
	}
	malformed := slices.Contains([]string{illegalArgument, "action_request_validation_exception", "json_parse_exception"}, e.Type) || slices.Contains(unfit, e.Type)
	return e.Status == http.StatusRequestEntityTooLarge || e.Status == http.StatusBadRequest && malformed
}
