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

// Reason why a record is parked.
type Reason string

// The reasons.
const (
	// Unreadable is no change record.
	Unreadable Reason = "unreadable"
	// Unordered does not say where it stands among the changes of its row, or is of another source than its epoch.
	Unordered Reason = "unordered"
	// Unkeyed is of a row or table whose primary key is not known.
	Unkeyed Reason = "unkeyed"
	// Incomplete is an update of PostgreSQL that does not tell a column which it has not changed.
	Incomplete Reason = "incomplete"
	// Rounded has an integer that may have lost digits.
	Rounded Reason = "rounded"
	// Refused by OpenSearch, for the document's sake.
	Refused Reason = "refused"
	// Panicked is what this program broke on.
	Panicked Reason = "panicked"
)

// Parked is a record that cannot be indexed, as one line of a parked object.
type Parked struct {
	Reason Reason `json:"reason"`
	// Detail is for people.
	Detail string    `json:"detail"`
	At     time.Time `json:"parkedAt"`
	// Where it came from in the stream; empty for a record from elsewhere.
	Stream         string    `json:"stream,omitempty"`
	Event          string    `json:"eventId,omitempty"`
	SequenceNumber string    `json:"sequenceNumber,omitempty"`
	PartitionKey   string    `json:"partitionKey,omitempty"`
	Arrived        time.Time `json:"arrivedAt,omitzero"`
	// Table, Index and Document as far as they were known.
	Table    string `json:"table,omitempty"`
	Index    string `json:"index,omitempty"`
	Document string `json:"document,omitempty"`
	// Record as it came when it is UTF-8, else Bytes.
	Record string `json:"record,omitempty"`
	Bytes  []byte `json:"bytes,omitempty"`
}

// Raw is the record as it came.
func (p *Parked) Raw() []byte {
	if p.Record != "" {
		return []byte(p.Record)
	}
	return p.Bytes
}

// maxDetail bounds what is kept of a reason, in bytes.
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

// store writes parked records of one invocation as lines of one object. Its key depends on nothing but the records, so
// that a batch which is tried again writes its object again and not another one.
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
	record *change.Record             // nil until it is read
	epoch  int                        // 0 for the one that the record is of
	space  *[]byte                    // for the lines of its documents (origin.space)
	// made and version of a data record; committed of a change.
	committed time.Time
	// written counts documents that were indexed, overtaken those that a later record had written before.
	written, overtaken int
	control, retired   bool
	// Unsettled as long as there is an err; parked when there is something wrong with the record.
	parked *Parked
	err    error
}

// unsettled is the first item that has to be tried again; -1 without any.
func unsettled(items []item) int {
	for i := range items {
		if items[i].err != nil {
			return i
		}
	}
	return -1
}
