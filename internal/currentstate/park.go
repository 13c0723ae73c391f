package currentstate

import (
	"bytes"
	"cdcpipeline/internal/change"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"
	"unicode/utf8"

	"github.com/aws/aws-lambda-go/events"
)

// Reason is why a record is parked.
type Reason string

// These are the reasons.
const (
	// Unreadable means that the text is no change record.
	Unreadable Reason = "unreadable"
	// Unordered means that the record's position among the changes of its row is unknown, or that its source
	// differs from its epoch's.
	Unordered Reason = "unordered"
	// Unkeyed means that the primary key of the row or table is unknown.
	Unkeyed Reason = "unkeyed"
	// Incomplete means that a PostgreSQL update omits a column whose value is unknown.
	Incomplete Reason = "incomplete"
	// Rounded means that an integer may have lost digits.
	Rounded Reason = "rounded"
	// Refused means that OpenSearch refuses the document for its content.
	Refused Reason = "refused"
	// Panicked means that this program panicked on the record.
	Panicked Reason = "panicked"
)

// Parked is a record that cannot be indexed. It is one line of a parked object.
type Parked struct {
	Reason Reason `json:"reason"`
	// Detail explains the reason to people.
	Detail string    `json:"detail"`
	At     time.Time `json:"parkedAt"`
	// These members tell the record's place in the stream. They are empty for a record from elsewhere.
	Stream         string    `json:"stream,omitempty"`
	Event          string    `json:"eventId,omitempty"`
	SequenceNumber string    `json:"sequenceNumber,omitempty"`
	PartitionKey   string    `json:"partitionKey,omitempty"`
	Arrived        time.Time `json:"arrivedAt,omitzero"`
	// Table, Index and Document are set as far as they were known.
	Table    string `json:"table,omitempty"`
	Index    string `json:"index,omitempty"`
	Document string `json:"document,omitempty"`
	// Record is the original record if it is UTF-8; otherwise Bytes has it.
	Record string `json:"record,omitempty"`
	Bytes  []byte `json:"bytes,omitempty"`
}

// Raw returns the original record.
func (p *Parked) Raw() []byte {
	if p.Record != "" {
		return []byte(p.Record)
	}
	return p.Bytes
}

// maxDetail is the longest detail that is kept, in bytes.
const maxDetail = 4000

// park settles an item.
func (it *item) park(at time.Time, reason Reason, detail string) {
	if len(detail) > maxDetail {
		detail = detail[:maxDetail]
	}
	p := &Parked{Reason: reason, Detail: detail, At: at.UTC()}
	raw := ""
	if it.from != nil {
		k := &it.from.Kinesis
		p.Stream, p.Event, p.SequenceNumber, p.PartitionKey = it.from.EventSourceArn, it.from.EventID, k.SequenceNumber, k.PartitionKey
		p.Arrived, raw = k.ApproximateArrivalTimestamp.UTC(), string(k.Data)
	}
	if it.record != nil {
		p.Table, raw = it.record.Name(), it.record.Raw()
	}
	if utf8.ValidString(raw) {
		p.Record = raw
	} else {
		p.Bytes = []byte(raw)
	}
	it.parked, it.err = p, nil
}

// store writes parked records of one invocation as lines of one object. The object's key depends only on the
// records, so a retried batch overwrites its object and makes no second one.
func (f *Function) store(ctx context.Context, parked []Parked) error {
	if len(parked) == 0 {
		return nil
	}
	var lines bytes.Buffer
	sum := sha256.New()
	for _, p := range parked {
		line, err := json.Marshal(p)
		if err != nil {
			return fmt.Errorf("writing a parked record: %w", err)
		}
		lines.Write(append(line, '\n'))
		fmt.Fprintf(sum, "%s\n", p.Event)
	}
	first := parked[0]
	key := f.settings.Prefix + first.Arrived.Format("2006/01/02/15/") + first.SequenceNumber + "-" + hex.EncodeToString(sum.Sum(nil)[:8]) + ".jsonl"
	if err := f.deps.Bucket.Put(ctx, key, lines.Bytes()); err != nil {
		return fmt.Errorf("parking %d records: %w", len(parked), err)
	}
	f.deps.Log.Warn("records were parked", "count", len(parked), "key", key, "reason", first.Reason, "detail", first.Detail)
	return nil
}

// item is a record on its way into an index.
type item struct {
	from   *events.KinesisEventRecord // nil for a record from elsewhere
	record *change.Record             // nil until it is parsed
	epoch  int                        // 0 means the record's own epoch
	space  *[]byte                    // memory for the lines of its documents (origin.space)
	// committed is the commit time of a change.
	committed time.Time
	// written counts indexed documents. overtaken counts documents for which the index had a later version.
	written, overtaken int
	control, retired   bool
	// The item is unsettled while err is set. parked is set if the record has a problem.
	parked *Parked
	err    error
}

// unsettled returns the index of the first item that must be retried, or -1 if there is none.
func unsettled(items []item) int {
	for i := range items {
		if items[i].err != nil {
			return i
		}
	}
	return -1
}
