package dms

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	"github.com/aws/smithy-go"
)

// These are the limits of PutRecords: https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecords.html.
const (
	maxBatch      = 500
	maxBatchBytes = 5 << 20
	maxRecord     = 1 << 20
)

// putter is the part of Kinesis that a target calls.
type putter interface {
	PutRecords(context.Context, *kinesis.PutRecordsInput, ...func(*kinesis.Options)) (*kinesis.PutRecordsOutput, error)
}

// record is a record on its way, or only a mark with an action for when everything before it is in the stream.
type record struct {
	key       string
	data      []byte
	delivered func()
}

func (r *record) size() int { return len(r.key) + len(r.data) }

// writer puts records into the stream in order.
type writer struct {
	client putter
	stream string
	wait   func(n int) (time.Duration, bool)
}

// run writes until the channel is closed. A batch contains everything that arrived while the last one was written.
func (w *writer) run(ctx context.Context, in <-chan record) error {
	var held *record
	for {
		var batch []record
		bytes := 0
		take := func(r record) bool {
			if len(batch) == maxBatch || bytes+r.size() > maxBatchBytes {
				held = &r
				return false
			}
			batch, bytes = append(batch, r), bytes+r.size()
			return true
		}
		if held != nil {
			r := *held
			held = nil
			take(r)
		} else {
			r, ok := <-in
			if !ok {
				return nil
			}
			take(r)
		}
		for more := true; more && held == nil; {
			select {
			case r, ok := <-in:
				more = ok && take(r)
			default:
				more = false
			}
		}
		if err := w.put(ctx, batch); err != nil {
			return err
		}
		for _, r := range batch {
			if r.delivered != nil {
				r.delivered()
			}
		}
	}
}

// put writes a batch. Refused records are written again before any later ones.
func (w *writer) put(ctx context.Context, batch []record) error {
	entries := make([]types.PutRecordsRequestEntry, 0, len(batch))
	for _, r := range batch {
		if r.data == nil {
			continue
		}
		if r.size() > maxRecord {
			return fmt.Errorf("a record of %d bytes with key %s is more than Kinesis takes (%d)", r.size(), r.key, maxRecord)
		}
		entries = append(entries, types.PutRecordsRequestEntry{PartitionKey: aws.String(r.key), Data: r.data})
	}
	for n := 1; len(entries) > 0; n++ {
		out, err := w.client.PutRecords(ctx, &kinesis.PutRecordsInput{StreamARN: &w.stream, Records: entries})
		if err == nil {
			if entries = refused(entries, out.Records); len(entries) == 0 {
				return nil
			}
		} else if ctx.Err() != nil || !throttled(err) {
			return fmt.Errorf("writing to the stream: %w", err)
		}
		pause, ok := w.wait(n)
		if !ok {
			return fmt.Errorf("writing to the stream: still refused after %d tries: %w", n, err)
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("writing to the stream: %w", ctx.Err())
		case <-time.After(pause):
		}
	}
	return nil
}

// refused are the entries to write again: failed ones, and later ones with the same key. So the last record of a key
// in the stream is the last one in the batch.
func refused(entries []types.PutRecordsRequestEntry, results []types.PutRecordsResultEntry) []types.PutRecordsRequestEntry {
	failed := map[string]bool{}
	var again []types.PutRecordsRequestEntry
	for i, entry := range entries {
		if i < len(results) && results[i].ErrorCode != nil {
			failed[*entry.PartitionKey] = true
		}
		if failed[*entry.PartitionKey] {
			again = append(again, entry)
		}
	}
	return again
}

// throttled reports whether an error is temporary: too many requests, or no answer.
func throttled(err error) bool {
	var known smithy.APIError
	if !errors.As(err, &known) {
		return true // no answer at all
	}
	return known.ErrorFault() == smithy.FaultServer || slices.Contains([]string{
		"ProvisionedThroughputExceededException", "LimitExceededException", "KMSThrottlingException", "ThrottlingException",
		"RequestExpired", "ExpiredTokenException", "InternalFailure", "ServiceUnavailable",
	}, known.ErrorCode())
}
