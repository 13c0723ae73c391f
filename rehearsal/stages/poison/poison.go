// Package poison makes records that the current-state function cannot index, one or two for every reason, and finds
// them where they were parked.
package poison

import (
	"cdcpipeline/internal/currentstate"
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
)

// Record is a record that the function cannot index.
type Record struct {
	What string
	Data []byte
	// Reason for which the function parks it.
	Reason currentstate.Reason
	// InHistory and InLake report which deliveries accept it anyway, because for a delivery it is an ordinary
	// document. A delivery that refuses it parks it.
	InHistory, InLake bool
}

// tooManyColumns exceeds the maximum number of fields: 5,000 in the history, and 10,000 in a current index, which has
// two for an undescribed number.
const tooManyColumns = 5100

// Records are one or two records for every reason that an outside record can cause. Only a bug could make the
// function panic, and none is known.
func Records(at time.Time) []Record {
	record := func(operation, table, columns string, made time.Time, more string) []byte {
		return fmt.Appendf(nil, `{"data":{%s},"metadata":{"timestamp":%q,"record-type":"data","operation":%q,"schema-name":"testdb","table-name":%q%s}}`,
			columns, made.UTC().Format("2006-01-02T15:04:05.000000Z"), operation, table, more)
	}
	const followed = "retail_trans"
	committed := fmt.Sprintf(`,"commit-timestamp":%q,"transaction-id":4294967300,"transaction-record-id":1`, at.UTC().Format("2006-01-02T15:04:05.000000Z"))
	var wide strings.Builder
	for i := range tooManyColumns {
		fmt.Fprintf(&wide, `,"poison_%d":%d`, i, i)
	}
	return []Record{
		{"bytes that are no text", []byte("\xff\xfe\x00 poison"), currentstate.Unreadable, false, false},
		{"half a record", record("load", followed, `"trans_id":9000000001`, at, "")[:60], currentstate.Unreadable, false, false},
		{"a row without its key", record("load", followed, `"customer_id":"poison","amount":1`, at, ""), currentstate.Unkeyed, true, true},
		// The function waits up to a minute for a table's create-table record.
		{"a row of a table that nobody has described", record("load", "poison", `"trans_id":9000000002`, at.Add(-time.Hour), ""), currentstate.Unkeyed, true, true},
		{"a change without a place in the binlog", record("insert", followed, `"trans_id":9000000003`, at, committed), currentstate.Unordered, true, true},
		{"a change of another server", record("insert", followed, `"trans_id":9000000004`, at, committed+`,"stream-position":"poison-bin.000001:4:0:9"`), currentstate.Unordered, true, true},
		{"a row of too many columns", record("load", followed, `"trans_id":9000000005`+wide.String(), at, ""), currentstate.Refused, false, true},
	}
}

// Put writes records to the stream. Those that the history refuses go to one shard, because its delivery retries each
// buffer with such a record until search.retrySeconds have passed.
func Put(ctx context.Context, cfg aws.Config, stream string, records []Record) error {
	in := &kinesis.PutRecordsInput{StreamName: &stream}
	for _, r := range records {
		key := "poison"
		if r.InHistory {
			key = r.What
		}
		in.Records = append(in.Records, types.PutRecordsRequestEntry{PartitionKey: &key, Data: r.Data})
	}
	out, err := kinesis.NewFromConfig(cfg).PutRecords(ctx, in)
	if err != nil {
		return fmt.Errorf("putting poison into the stream: %w", err)
	}
	if n := aws.ToInt32(out.FailedRecordCount); n > 0 {
		return fmt.Errorf("the stream has refused %d poison records", n)
	}
	return nil
}
