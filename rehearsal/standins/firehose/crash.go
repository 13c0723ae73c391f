package firehose

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
)

// Crash ends a delivery stream's worker with its buffers' content, and starts another one after the downtime. The new
// worker reads each shard again from the first undelivered record. So records that were delivered after that one come
// twice, as https://docs.aws.amazon.com/firehose/latest/dev/basic-deliver.html says about retried deliveries. It
// returns how many records were in buffers.
func (s *Service) Crash(ctx context.Context, name string, down time.Duration) (held int, err error) {
	one, ok := s.get(name)
	if !ok {
		return 0, fmt.Errorf("delivery stream %s is not at work", name)
	}
	one.stop()
	one.done.Wait()
	first := one.undelivered()
	for _, n := range first {
		held += n.count
	}
	pause(ctx, down)
	if err := one.reader.rewind(ctx, first); err != nil {
		return held, fmt.Errorf("delivery stream %s: %w", name, err)
	}
	one.stats.change(func(v *Stats) { v.Records = v.Delivered + v.Parked }) // the rest is read again
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.deliveries[name] != one {
		return held, errors.New("delivery stream " + name + " was deleted meanwhile")
	}
	s.begin(one)
	return held, nil
}

// begin starts a delivery stream's worker.
func (s *Service) begin(one *running) {
	var work context.Context
	work, one.stop = context.WithCancel(context.Background())
	one.done.Go(func() { one.reader.run(work) })
	one.done.Go(func() { one.run(work) })
}

// begun is the position where a worker's undelivered records of a shard begin.
type begun struct {
	sequence string
	count    int
}

// undelivered returns the records in an ended worker's buffers, by shard.
func (d *delivery) undelivered() map[string]begun {
	first := map[string]begun{}
	hold := func(r record) {
		shard, sequence, _ := strings.Cut(r.id, ".")
		b := first[shard]
		if b.sequence == "" || earlier(sequence, b.sequence) {
			b.sequence = sequence
		}
		b.count++
		first[shard] = b
	}
	for _, b := range d.buffers {
		for _, r := range b.records {
			hold(r)
		}
	}
	for {
		select {
		case batch := <-d.in:
			for _, r := range batch {
				hold(r)
			}
		default:
			d.buffers = nil
			d.stats.oldest(time.Time{})
			return first
		}
	}
}

// earlier compares sequence numbers of any length.
func earlier(a, b string) bool {
	if len(a) != len(b) {
		return len(a) < len(b)
	}
	return a < b
}

// rewind reads shards again from these records.
func (r *reader) rewind(ctx context.Context, to map[string]begun) error {
	for _, s := range r.all() {
		first, ok := to[s.id]
		if !ok {
			continue
		}
		out, err := r.client.GetShardIterator(ctx, &kinesis.GetShardIteratorInput{
			StreamName: &r.stream, ShardId: &s.id, ShardIteratorType: types.ShardIteratorTypeAtSequenceNumber, StartingSequenceNumber: &first.sequence,
		})
		if err != nil {
			return fmt.Errorf("going back in %s of %s: %w", s.id, r.stream, err)
		}
		s.iterator = aws.ToString(out.ShardIterator)
		s.empty.Store(0)
	}
	return nil
}
