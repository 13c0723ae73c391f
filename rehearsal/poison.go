package main

import (
	"cdcpipeline/internal/currentstate"
	"cdcpipeline/rehearsal/report/reconcile"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
)

// poison is a record that the function cannot index.
type poison struct {
	what string
	data []byte
	// reason that the function parks it for.
	reason currentstate.Reason
	// inHistory and inLake say who takes it all the same: to a delivery it is a document like any other. One that does not
	// parks it.
	inHistory, inLake bool
}

// tooManyColumns are more fields than an index may have: 5,000 of the history, and 10,000 of a current index, which has two
// for a number that nobody has described.
const tooManyColumns = 5100

// poisons are one or two of every reason that a record from outside can give; what makes the function panic would be a
// mistake in it, and none is known.
func poisons(at time.Time) []poison {
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
	return []poison{
		{"bytes that are no text", []byte("\xff\xfe\x00 poison"), currentstate.Unreadable, false, false},
		{"half a record", record("load", followed, `"trans_id":9000000001`, at, "")[:60], currentstate.Unreadable, false, false},
		{"a row without its key", record("load", followed, `"customer_id":"poison","amount":1`, at, ""), currentstate.Unkeyed, true, true},
		// A table that has a create-table record coming is waited for, for a minute.
		{"a row of a table that nobody has described", record("load", "poison", `"trans_id":9000000002`, at.Add(-time.Hour), ""), currentstate.Unkeyed, true, true},
		{"a change without a place in the binlog", record("insert", followed, `"trans_id":9000000003`, at, committed), currentstate.Unordered, true, true},
		{"a change of another server", record("insert", followed, `"trans_id":9000000004`, at, committed+`,"stream-position":"poison-bin.000001:4:0:9"`), currentstate.Unordered, true, true},
		{"a row of too many columns", record("load", followed, `"trans_id":9000000005`+wide.String(), at, ""), currentstate.Refused, false, true},
	}
}

// putPoison writes poison to the stream. What the history refuses is written to one shard, because its delivery tries each
// buffer with such a record until search.retrySeconds have passed.
func (r *rehearsal) putPoison(ctx context.Context, put []poison) error {
	in := &kinesis.PutRecordsInput{StreamName: aws.String(r.output("streamName"))}
	for _, p := range put {
		key := "poison"
		if p.inHistory {
			key = p.what
		}
		in.Records = append(in.Records, types.PutRecordsRequestEntry{PartitionKey: &key, Data: p.data})
	}
	out, err := kinesis.NewFromConfig(r.world.Account.Config()).PutRecords(ctx, in)
	if err != nil {
		return fmt.Errorf("putting poison into the stream: %w", err)
	}
	if n := aws.ToInt32(out.FailedRecordCount); n > 0 {
		return fmt.Errorf("the stream has refused %d poison records", n)
	}
	return nil
}

// expectPoison adds what the sinks take of poison, and what they park.
func (r *rehearsal) expectPoison(put []poison, want *expected) error {
	history, lake := r.output("searchDeliveryName"), r.output("lakeDeliveryName")
	want.parked, want.giveUp = map[string]int64{}, giveUp
	for _, p := range put {
		change, _, err := reconcile.Record(p.data)
		if err != nil && (p.inHistory || p.inLake) {
			return fmt.Errorf("%s: %w", p.what, err)
		}
		if p.inHistory {
			want.history = append(want.history, change)
		} else {
			want.parked[history]++
		}
		if p.inLake {
			want.lake = append(want.lake, change)
		} else {
			want.parked[lake]++
		}
	}
	return nil
}

// findPoison finds each poison record where whoever could not take it has parked it: the function with its reason, at least
// once (a batch that comes again may end elsewhere), a delivery below its own prefix, once. It returns how many the function
// has.
func (r *rehearsal) findPoison(ctx context.Context, put []poison) (int, error) {
	byFunction := map[string][]currentstate.Reason{}
	others := 0
	err := r.lines(ctx, r.output("currentParkedPrefix"), func(_ string, line []byte) error {
		var p currentstate.Parked
		if err := json.Unmarshal(line, &p); err != nil {
			return fmt.Errorf("reading a parked record: %w", err)
		}
		data := p.Record + string(p.Bytes)
		byFunction[data] = append(byFunction[data], p.Reason)
		others++
		return nil
	})
	if err != nil {
		return 0, err
	}
	byHistory, err := r.undelivered(ctx, r.output("lakeErrorPrefix")+"/search/")
	if err != nil {
		return 0, err
	}
	byLake, err := r.undelivered(ctx, r.output("lakeErrorPrefix")+"/lake/")
	if err != nil {
		return 0, err
	}
	found := 0
	var problems []error
	for _, p := range put {
		reasons := byFunction[string(p.data)]
		others -= len(reasons)
		if len(reasons) > 0 && !slices.ContainsFunc(reasons, func(r currentstate.Reason) bool { return r != p.reason }) {
			found++
		} else {
			problems = append(problems, fmt.Errorf("%s: the function has parked it as %v, not as %s", p.what, reasons, p.reason))
		}
		for _, delivery := range []struct {
			name  string
			takes bool
			has   int
		}{{"history", p.inHistory, byHistory[string(p.data)]}, {"lake", p.inLake, byLake[string(p.data)]}} {
			if want := map[bool]int{false: 1}[delivery.takes]; delivery.has != want {
				problems = append(problems, fmt.Errorf("%s: the delivery of the %s has parked it %d times, not %d", p.what, delivery.name, delivery.has, want))
			}
		}
	}
	if others > 0 {
		problems = append(problems, fmt.Errorf("the function has parked %d records that are no poison", others))
	}
	return found, errors.Join(problems...)
}

// undelivered are the records that a delivery has parked below a prefix, with how often.
func (r *rehearsal) undelivered(ctx context.Context, prefix string) (map[string]int, error) {
	found := map[string]int{}
	err := r.lines(ctx, prefix, func(_ string, line []byte) error {
		var failed struct {
			RawData []byte `json:"rawData"`
		}
		if err := json.Unmarshal(line, &failed); err != nil {
			return fmt.Errorf("reading a record that was not delivered: %w", err)
		}
		found[string(failed.RawData)]++
		return nil
	})
	return found, err
}
