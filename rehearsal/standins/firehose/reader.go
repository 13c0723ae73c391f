package firehose

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
)

// streams is the part of Kinesis that a reader calls.
type streams interface {
	ListShards(context.Context, *kinesis.ListShardsInput, ...func(*kinesis.Options)) (*kinesis.ListShardsOutput, error)
	GetShardIterator(context.Context, *kinesis.GetShardIteratorInput, ...func(*kinesis.Options)) (*kinesis.GetShardIteratorOutput, error)
	GetRecords(context.Context, *kinesis.GetRecordsInput, ...func(*kinesis.Options)) (*kinesis.GetRecordsOutput, error)
}

// record is a record of the source.
type record struct {
	data    []byte
	arrived time.Time
	id      string // from the shard and the sequence number: the same in every attempt
}

const (
	idle         = 200 * time.Millisecond // Kinesis allows five reads per second and shard
	shardRefresh = 10 * time.Second
	maxRead      = 10_000
)

// reader reads every shard of a stream.
type reader struct {
	client streams
	stream string
	log    *slog.Logger
	out    chan<- []record
	took   func([]record) // called before records are passed on

	mu     sync.Mutex
	shards map[string]*shard
}

// Reading is the progress of a delivery stream's reader.
type Reading struct {
	// Stream is the name of the source stream. Search is true if the destination is a domain or a collection.
	Stream string
	Search bool
	// Age is the age of the last record in a shard's latest read, at the time of the read. It is 0 when the read was
	// empty, which means that everything has been read. Over several shards it is the maximum.
	Age time.Duration
	// Behind is the distance to the stream's end: Age plus the time for which records could not be passed on.
	Behind time.Duration
	// Serverless means that the destination is a collection; Interval is the buffering time.
	Serverless bool
	Interval   time.Duration
}

type shard struct {
	id       string
	iterator string
	// empty counts reads that found nothing. They show that a shard has been read to its end.
	empty atomic.Int64
	// age is the age of the last record of the latest read.
	age atomic.Int64
	// handing is when the latest read began to be passed on, in nanoseconds since 1970; 0 when it has been
	handing atomic.Int64
}

func (r *reader) age() time.Duration {
	var oldest time.Duration
	for _, s := range r.all() {
		oldest = max(oldest, time.Duration(s.age.Load()))
	}
	return oldest
}

func (r *reader) behind() time.Duration {
	var most time.Duration
	for _, s := range r.all() {
		behind := time.Duration(s.age.Load())
		if began := s.handing.Load(); began != 0 {
			behind += time.Since(time.Unix(0, began))
		}
		most = max(most, behind)
	}
	return most
}

func streamName(arn string) string { return arn[strings.LastIndex(arn, "/")+1:] }

// position finds the shards and the start of reading: LATEST, as in Firehose,
// https://docs.aws.amazon.com/firehose/latest/dev/writing-with-kinesis-streams.html.
func (r *reader) position(ctx context.Context) error {
	r.shards = map[string]*shard{}
	_, err := r.discover(ctx, types.ShardIteratorTypeLatest)
	return err
}

func (r *reader) discover(ctx context.Context, from types.ShardIteratorType) ([]*shard, error) {
	var found []*shard
	in := &kinesis.ListShardsInput{StreamName: &r.stream}
	for {
		out, err := r.client.ListShards(ctx, in)
		if err != nil {
			return nil, fmt.Errorf("listing the shards of %s: %w", r.stream, err)
		}
		for _, s := range out.Shards {
			id := aws.ToString(s.ShardId)
			r.mu.Lock()
			known := r.shards[id] != nil
			r.mu.Unlock()
			if known {
				continue
			}
			it, err := r.client.GetShardIterator(ctx, &kinesis.GetShardIteratorInput{StreamName: &r.stream, ShardId: &id, ShardIteratorType: from})
			if err != nil {
				return nil, fmt.Errorf("positioning in %s of %s: %w", id, r.stream, err)
			}
			one := &shard{id: id, iterator: aws.ToString(it.ShardIterator)}
			r.mu.Lock()
			r.shards[id] = one
			r.mu.Unlock()
			found = append(found, one)
		}
		if out.NextToken == nil {
			return found, nil
		}
		in = &kinesis.ListShardsInput{NextToken: out.NextToken}
	}
}

// run reads until the context ends; later shards are read from their beginning.
func (r *reader) run(ctx context.Context) {
	var readers sync.WaitGroup
	defer readers.Wait()
	for _, s := range r.all() {
		readers.Go(func() { r.read(ctx, s) })
	}
	for {
		select {
		case <-ctx.Done():
			return
		case <-time.After(shardRefresh):
		}
		found, err := r.discover(ctx, types.ShardIteratorTypeTrimHorizon)
		if err != nil && ctx.Err() == nil {
			r.log.Warn("shards are looked up again later", "error", err)
		}
		for _, s := range found {
			readers.Go(func() { r.read(ctx, s) })
		}
	}
}

func (r *reader) all() []*shard {
	r.mu.Lock()
	defer r.mu.Unlock()
	out := make([]*shard, 0, len(r.shards))
	for _, s := range r.shards {
		out = append(out, s)
	}
	return out
}

func (r *reader) read(ctx context.Context, s *shard) {
	last := "" // sequence number
	for ctx.Err() == nil && s.iterator != "" {
		out, err := r.client.GetRecords(ctx, &kinesis.GetRecordsInput{ShardIterator: &s.iterator, Limit: aws.Int32(maxRead)})
		if err != nil {
			if ctx.Err() == nil {
				r.log.Warn("a read is repeated", "shard", s.id, "error", err)
				r.renew(ctx, s, last, err)
				pause(ctx, time.Second)
			}
			continue
		}
		s.age.Store(0)
		if n := len(out.Records); n > 0 {
			s.age.Store(int64(time.Since(aws.ToTime(out.Records[n-1].ApproximateArrivalTimestamp))))
			last = aws.ToString(out.Records[n-1].SequenceNumber)
			batch := make([]record, n)
			for i, one := range out.Records {
				batch[i] = record{one.Data, aws.ToTime(one.ApproximateArrivalTimestamp), s.id + "." + aws.ToString(one.SequenceNumber)}
			}
			r.took(batch)
			s.handing.Store(time.Now().UnixNano())
			select {
			case r.out <- batch:
				s.handing.Store(0)
			case <-ctx.Done():
				return
			}
		}
		s.iterator = aws.ToString(out.NextShardIterator)
		if s.iterator == "" { // closed and read to its end
			s.empty.Store(1 << 62)
			return
		}
		if len(out.Records) == 0 {
			s.empty.Add(1)
			pause(ctx, idle)
		}
	}
}

// renew replaces an expired iterator; iterators expire after five minutes.
func (r *reader) renew(ctx context.Context, s *shard, last string, err error) {
	var expired *types.ExpiredIteratorException
	if !errors.As(err, &expired) || last == "" {
		return
	}
	out, err := r.client.GetShardIterator(ctx, &kinesis.GetShardIteratorInput{
		StreamName: &r.stream, ShardId: &s.id, ShardIteratorType: types.ShardIteratorTypeAfterSequenceNumber, StartingSequenceNumber: &last,
	})
	if err == nil {
		s.iterator = aws.ToString(out.ShardIterator)
	}
}

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// caughtUp waits until every shard was found empty twice: by a read that may have already started, and by a later
// one.
func (r *reader) caughtUp(ctx context.Context) error {
	marks := map[*shard]int64{}
	for _, s := range r.all() {
		marks[s] = s.empty.Load()
	}
	for {
		done := true
		for s, mark := range marks {
			now := s.empty.Load()
			done = done && (now >= mark+2 || now >= 1<<62)
		}
		if done {
			return nil
		}
		if pause(ctx, idle/4); ctx.Err() != nil {
			return fmt.Errorf("reading %s to its end: %w", r.stream, ctx.Err())
		}
	}
}
