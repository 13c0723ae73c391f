package verify

import (
	"cdcpipeline/internal/awsapi"
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	"github.com/cenkalti/backoff/v5"
)

// Kinesis is the part of Kinesis's API that this package uses.
type Kinesis interface {
	ListShards(context.Context, *kinesis.ListShardsInput, ...func(*kinesis.Options)) (*kinesis.ListShardsOutput, error)
	GetShardIterator(context.Context, *kinesis.GetShardIteratorInput, ...func(*kinesis.Options)) (*kinesis.GetShardIteratorOutput, error)
	GetRecords(context.Context, *kinesis.GetRecordsInput, ...func(*kinesis.Options)) (*kinesis.GetRecordsOutput, error)
}

// Stream is the stream of changes.
type Stream struct {
	Client Kinesis
	Name   string
}

const (
	// shardIdle is the pause between two reads of a shard. A shard allows five reads a second, and the pipeline's own
	// consumers need most of them, https://docs.aws.amazon.com/kinesis/latest/APIReference/API_GetRecords.html.
	shardIdle = 500 * time.Millisecond
	// shardRefresh is the interval of the search for shards that were split or merged.
	shardRefresh = 10 * time.Second
)

// Arrival is a record from the stream.
type Arrival struct {
	Shard, Sequence string
	PartitionKey    string
	// At is when the record arrived, by Kinesis's clock.
	At   time.Time
	Data []byte
}

// Read passes every record that arrives after a time to visit, one at a time. It ends when ctx ends or visit fails.
func (s Stream) Read(ctx context.Context, from time.Time, visit func(Arrival) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	r := &streamReader{Stream: s, from: from, visit: visit, known: map[string]bool{}, fail: cancel}
	var readers sync.WaitGroup
	defer readers.Wait()
	for {
		found, err := r.discover(ctx)
		if err != nil {
			cancel(err)
			readers.Wait()
			return context.Cause(ctx) //nolint:wrapcheck // the reason why the reading ended
		}
		for _, one := range found {
			readers.Go(func() { r.follow(ctx, one) })
		}
		if !sleep(ctx, shardRefresh) {
			readers.Wait()
			return context.Cause(ctx) //nolint:wrapcheck // the reason why the reading ended
		}
	}
}

type streamReader struct {
	Stream
	from  time.Time
	fail  context.CancelCauseFunc
	known map[string]bool

	mu    sync.Mutex // one visit at a time
	visit func(Arrival) error
}

// discover lists the shards that are not followed yet.
func (r *streamReader) discover(ctx context.Context) ([]string, error) {
	var found []string
	for in := (&kinesis.ListShardsInput{StreamName: &r.Name}); ; {
		out, err := r.Client.ListShards(ctx, in)
		if err != nil {
			return nil, fmt.Errorf("listing the shards of the stream %s: %w", r.Name, err)
		}
		for _, shard := range out.Shards {
			if id := aws.ToString(shard.ShardId); !r.known[id] {
				r.known[id] = true
				found = append(found, id)
			}
		}
		if out.NextToken == nil {
			return found, nil
		}
		in = &kinesis.ListShardsInput{NextToken: out.NextToken}
	}
}

// follow reads one shard to its end. After a temporary error (throttling, a lost connection, an expired iterator) it
// continues after the last record that was seen.
func (r *streamReader) follow(ctx context.Context, shard string) {
	wait := backoff.NewExponentialBackOff()
	wait.InitialInterval, wait.MaxInterval = time.Second, 10*time.Second
	var iterator *string
	last := ""
	for ctx.Err() == nil {
		err := r.step(ctx, shard, &iterator, &last)
		var refused *visitError
		switch {
		case errors.As(err, &refused):
			r.fail(refused.error)
			return
		case err != nil && permanent(err):
			r.fail(err)
			return
		case err != nil:
			iterator = nil
			sleep(ctx, wait.NextBackOff())
		case iterator == nil:
			return // the shard was split or merged, and has been read to its end
		default:
			wait.Reset()
		}
	}
}

// visitError marks an error of the visitor, as opposed to one of the stream.
type visitError struct{ error }

// step reads once and passes the records on.
func (r *streamReader) step(ctx context.Context, shard string, iterator **string, last *string) error {
	if *iterator == nil {
		in := &kinesis.GetShardIteratorInput{StreamName: &r.Name, ShardId: &shard, ShardIteratorType: types.ShardIteratorTypeAtTimestamp, Timestamp: &r.from}
		if *last != "" {
			in = &kinesis.GetShardIteratorInput{StreamName: &r.Name, ShardId: &shard, ShardIteratorType: types.ShardIteratorTypeAfterSequenceNumber, StartingSequenceNumber: last}
		}
		out, err := r.Client.GetShardIterator(ctx, in)
		if err != nil {
			return fmt.Errorf("positioning in %s of the stream %s: %w", shard, r.Name, err)
		}
		*iterator = out.ShardIterator
	}
	out, err := r.Client.GetRecords(ctx, &kinesis.GetRecordsInput{ShardIterator: *iterator})
	if err != nil {
		return fmt.Errorf("reading %s of the stream %s: %w", shard, r.Name, err)
	}
	for _, record := range out.Records {
		*last = aws.ToString(record.SequenceNumber)
		r.mu.Lock()
		err := r.visit(Arrival{shard, *last, aws.ToString(record.PartitionKey), aws.ToTime(record.ApproximateArrivalTimestamp), record.Data})
		r.mu.Unlock()
		if err != nil {
			return &visitError{err}
		}
	}
	*iterator = out.NextShardIterator
	if *iterator != nil && len(out.Records) == 0 {
		sleep(ctx, shardIdle)
	}
	return nil
}

// permanent reports whether an error will not go away with a retry.
func permanent(err error) bool {
	var missing *types.ResourceNotFoundException
	var denied *types.KMSAccessDeniedException
	return errors.As(err, &missing) || errors.As(err, &denied) || awsapi.Is(err, "AccessDeniedException")
}

// sleep returns false if ctx has ended.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}
