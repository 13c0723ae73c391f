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

// batchReader reads the event of a batch as Lambda writes it, in one pass and into the memory of the batch before. encoding/json goes three times over
// each byte of it, which is most of what the function would do.
//
// It reads what it knows for certain to read as encoding/json does. An event that is written otherwise in any respect, with escapes in its texts for
// instance, it leaves to that.
type batchReader struct {
	scan.Scanner
	event   []byte
	records []events.KinesisEventRecord
	// data of all records, one after the other.
	data []byte
	// last is the record before the one that is read, which has most texts in common with it.
	last *events.KinesisEventRecord
	// odd is what is not read here.
	odd bool
}

// read a batch; false for an event that is none, or is left to encoding/json. The records and their data are there until the next one is read.
func (b *batchReader) read(event []byte) (batch events.KinesisEvent, ok bool) {
	if !utf8.Valid(event) {
		return batch, false
	}
	b.Scanner, b.event, b.records, b.last, b.odd = scan.New(event), event, b.records[:0], &events.KinesisEventRecord{}, false
	// Never more than the event: no record's data move while the next ones are read.
	b.data = slices.Grow(b.data[:0], base64.StdEncoding.DecodedLen(len(event)))
	known := 0
	for b.Enter('{'); b.More('}'); {
		if b.member("Records") != "Records" || b.Next() != '[' {
			return batch, false // another event, perhaps
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

// member goes to a member's value and is its name, if it is known. A name like one of those is odd: encoding/json takes it for that one.
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

// string of a member, which may be that of the record before. One that comes twice, or null, is odd.
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

// decoded are the bytes of a text in base64.
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

// seconds since 1970, as [events.SecondsEpochTime] reads them.
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
