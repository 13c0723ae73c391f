package currentstate

import (
	"cdcpipeline/internal/scan"
	"encoding/base64"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/aws/aws-lambda-go/events"
)

// batchReader decodes the event of a batch in one pass, in the form that Lambda writes. It reuses the memory of
// the previous batch. encoding/json reads each byte three times, which would take most of the function's time.
//
// It decodes only events for which its result certainly equals that of encoding/json. All other events, for
// example those with escapes in texts, are left to encoding/json.
type batchReader struct {
	scan.Scanner
	event   []byte
	records []events.KinesisEventRecord
	// data has the data of all records in sequence.
	data []byte
	// last is the previous record. Most texts of the next record are equal to its texts.
	last *events.KinesisEventRecord
	// odd is true if this reader cannot decode the event.
	odd bool
}

// read decodes a batch. It returns false if the event is no batch or must be left to encoding/json. The records
// and their data are valid until the next call.
func (b *batchReader) read(event []byte) (batch events.KinesisEvent, ok bool) {
	if !utf8.Valid(event) {
		return batch, false
	}
	b.Scanner, b.event, b.records, b.last, b.odd = scan.New(event), event, b.records[:0], &events.KinesisEventRecord{}, false
	// The data are never longer than the event, so no data move while later records are decoded.
	b.data = slices.Grow(b.data[:0], base64.StdEncoding.DecodedLen(len(event)))
	known := 0
	for b.Enter('{'); b.More('}'); {
		if b.member("Records") != "Records" || b.Next() != '[' {
			return batch, false // perhaps another kind of event
		}
		known++
		for b.Enter('['); b.More(']'); {
			b.records = append(b.records, events.KinesisEventRecord{})
			r := &b.records[len(b.records)-1]
			b.record(r)
			b.last = r
		}
	}
	batch.Records = b.records
	return batch, b.Done() && !b.odd && known == 1 && len(b.records) > 0
}

func (b *batchReader) record(r *events.KinesisEventRecord) {
	for b.Enter('{'); b.More('}'); {
		switch b.member("awsRegion", "eventID", "eventName", "eventSource", "eventSourceARN", "eventVersion", "invokeIdentityArn", "kinesis") {
		case "awsRegion":
			b.string(&r.AwsRegion, b.last.AwsRegion)
		case "eventID":
			b.string(&r.EventID, "")
		case "eventName":
			b.string(&r.EventName, b.last.EventName)
		case "eventSource":
			b.string(&r.EventSource, b.last.EventSource)
		case "eventSourceARN":
			b.string(&r.EventSourceArn, b.last.EventSourceArn)
		case "eventVersion":
			b.string(&r.EventVersion, b.last.EventVersion)
		case "invokeIdentityArn":
			b.string(&r.InvokeIdentityArn, b.last.InvokeIdentityArn)
		case "kinesis":
			b.kinesis(&r.Kinesis, &b.last.Kinesis)
		default:
			b.Value()
		}
	}
}

func (b *batchReader) kinesis(r, last *events.KinesisRecord) {
	for b.Enter('{'); b.More('}'); {
		switch b.member("approximateArrivalTimestamp", "data", "encryptionType", "kinesisSchemaVersion", "partitionKey", "sequenceNumber") {
		case "approximateArrivalTimestamp":
			r.ApproximateArrivalTimestamp.Time = b.seconds()
		case "data":
			r.Data = b.decoded()
		case "encryptionType":
			b.string(&r.EncryptionType, last.EncryptionType)
		case "kinesisSchemaVersion":
			b.string(&r.KinesisSchemaVersion, last.KinesisSchemaVersion)
		case "partitionKey":
			b.string(&r.PartitionKey, "")
		case "sequenceNumber":
			b.string(&r.SequenceNumber, "")
		default:
			b.Value()
		}
	}
}

// member reads a member's name, and returns it if it is known. A name that differs from a known one only in case
// is odd, because encoding/json treats both as equal.
func (b *batchReader) member(known ...string) string {
	name := b.plain(b.Name())
	for _, k := range known {
		if string(name) == k {
			return k
		}
	}
	if slices.ContainsFunc(known, func(k string) bool { return strings.EqualFold(k, string(name)) }) {
		b.odd = true
	}
	return ""
}

func (b *batchReader) plain(at scan.Span, plain bool) []byte {
	if !plain {
		b.odd = true
	}
	return at.In(b.event)
}

// string reads a text member. It reuses the previous record's text if they are equal. A repeated member or a null
// is odd.
func (b *batchReader) string(into *string, last string) {
	if b.Next() != '"' || *into != "" {
		b.odd = true
		b.Value()
		return
	}
	if text := b.plain(b.Text()); string(text) == last {
		*into = last
	} else {
		*into = string(text)
	}
}

// decoded reads a base64 text and returns its bytes.
func (b *batchReader) decoded() []byte {
	if b.Next() != '"' {
		b.odd = true
		b.Value()
		return nil
	}
	begin := len(b.data)
	var err error
	if b.data, err = base64.StdEncoding.AppendDecode(b.data, b.plain(b.Text())); err != nil {
		b.odd = true
	}
	return b.data[begin:len(b.data):len(b.data)]
}

// seconds reads a time in seconds since 1970, like [events.SecondsEpochTime].
func (b *batchReader) seconds() time.Time {
	if c := b.Next(); c != '-' && (c < '0' || c > '9') {
		b.odd = true
		b.Value()
		return time.Time{}
	}
	seconds, err := strconv.ParseFloat(string(b.Value().In(b.event)), 64)
	if err != nil {
		b.odd = true
	}
	whole := int64(seconds)
	return time.Unix(whole, int64((seconds-float64(whole))*float64(time.Second)))
}
