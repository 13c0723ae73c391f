package lambda

import (
	"errors"
	"hash/fnv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
)

const (
	// readLimit is Kinesis's maximum of records per read.
	readLimit = 10_000
	// payloadLimit closes a batch: a call's payload is at most 6 MB,
	// https://docs.aws.amazon.com/lambda/latest/dg/with-kinesis.html#kinesis-polling-and-batching.
	payloadLimit = 6 << 20
	// recordOverhead is a generous estimate of what the event adds to a record's base64.
	recordOverhead = 1 << 10
)

// shard is the progress of reading and processing one shard.
type shard struct {
	id, stream string
	from       types.ShardIteratorType
	empty      atomic.Int64 // reads that found nothing

	mu         sync.Mutex
	checkpoint string // everything up to this sequence number is finished
	flight     []*record
	ended      bool // read to its end, after a split or merge
}

// record is one that was read.
type record struct {
	types.Record

	done bool
}

func (r *record) size() int { return len(r.Data)*4/3 + len(*r.PartitionKey) + recordOverhead }

// done advances the checkpoint to the first record that is not finished.
func (s *shard) done(records []*record) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range records {
		r.done = true
	}
	for len(s.flight) > 0 && s.flight[0].done {
		s.checkpoint = *s.flight[0].SequenceNumber
		s.flight = s.flight[1:]
	}
}

// open counts records that were read but are not finished.
func (s *shard) open() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for _, r := range s.flight {
		if !r.done {
			n++
		}
	}
	return n
}

func (s *shard) finished() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.ended && len(s.flight) == 0
}

// resume discards unfinished records to read them again; false when nothing is left to read.
func (s *shard) resume() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ended = s.ended && len(s.flight) == 0
	s.flight = nil
	return !s.ended
}

// read distributes a shard's records to lanes, one per concurrent call. Each partition key belongs to one lane, so
// the records of a key stay in order.
func (m *mapping) read(s *shard, with *mappingSettings, halt chan struct{}) {
	lanes := make([]chan *record, with.parallelization)
	for i := range lanes {
		lanes[i] = make(chan *record, 2*with.batch)
		one := &lane{mapping: m, settings: with, shard: s, in: lanes[i], halt: halt}
		m.work.Go(one.run)
	}
	iterator := ""
	for {
		if iterator == "" {
			if iterator = m.position(s); iterator == "" {
				if !m.pause(halt, sharedPoll) {
					return
				}
				continue
			}
		}
		out, err := m.stream.GetRecords(m.ctx, &kinesis.GetRecordsInput{StreamARN: &s.stream, ShardIterator: &iterator, Limit: aws.Int32(readLimit)})
		if err != nil {
			if m.ctx.Err() == nil {
				m.log.Warn("a read is repeated", "mapping", m.uuid, "shard", s.id, "error", err)
			}
			if expired := (*types.ExpiredIteratorException)(nil); errors.As(err, &expired) {
				iterator = ""
			}
			if !m.pause(halt, sharedPoll) {
				return
			}
			continue
		}
		if !m.take(s, out.Records, lanes, halt) {
			return
		}
		if iterator = aws.ToString(out.NextShardIterator); iterator == "" {
			s.mu.Lock()
			s.ended = true
			s.mu.Unlock()
			return
		}
		if len(out.Records) == 0 {
			s.empty.Add(1)
		}
		if !m.pause(halt, with.poll) {
			return
		}
	}
}

// position is an iterator after the last record read, or after the checkpoint; empty when none is available yet.
func (m *mapping) position(s *shard) string {
	in := &kinesis.GetShardIteratorInput{StreamARN: &s.stream, ShardId: &s.id, ShardIteratorType: s.from}
	s.mu.Lock()
	if s.checkpoint != "" {
		in.ShardIteratorType, in.StartingSequenceNumber = types.ShardIteratorTypeAfterSequenceNumber, aws.String(s.checkpoint)
	}
	if n := len(s.flight); n > 0 {
		in.ShardIteratorType, in.StartingSequenceNumber = types.ShardIteratorTypeAfterSequenceNumber, s.flight[n-1].SequenceNumber
	}
	s.mu.Unlock()
	out, err := m.stream.GetShardIterator(m.ctx, in)
	if err != nil {
		if m.ctx.Err() == nil {
			m.log.Warn("positioning is repeated", "mapping", m.uuid, "shard", s.id, "error", err)
		}
		return ""
	}
	return aws.ToString(out.ShardIterator)
}

// take passes records to their lanes, and waits while those are full.
func (m *mapping) take(s *shard, read []types.Record, lanes []chan *record, halt <-chan struct{}) bool {
	m.stats.change(func(v *MappingStats) { v.Records += int64(len(read)) })
	records := make([]*record, len(read))
	for i, r := range read {
		records[i] = &record{Record: r}
	}
	s.mu.Lock()
	s.flight = append(s.flight, records...)
	s.mu.Unlock()
	if m.onRead != nil && len(read) > 0 {
		raw := make([][]byte, len(read))
		for i, r := range read {
			raw[i] = r.Data
		}
		m.onRead(raw)
	}
	for _, r := range records {
		select {
		case lanes[laneOf(*r.PartitionKey, len(lanes))] <- r:
		case <-halt:
			return false
		case <-m.ctx.Done():
			return false
		}
	}
	return true
}

func laneOf(key string, lanes int) int {
	h := fnv.New32a()
	_, _ = h.Write([]byte(key)) // a hash never fails
	return int(h.Sum32() % uint32(lanes))
}

// lane forms batches of its records and processes them one after the other.
type lane struct {
	*mapping

	settings *mappingSettings
	shard    *shard
	in       chan *record
	halt     chan struct{}
	over     *record // the record that did not fit the last batch
}

// batch returns the next batch: a full one, or the records of a window. It returns none when the mapping stops.
func (l *lane) batch() []*record {
	var batch []*record
	bytes := 0
	add := func(r *record) bool {
		if len(batch) > 0 && bytes+r.size() > payloadLimit {
			l.over = r
			return false
		}
		batch, bytes = append(batch, r), bytes+r.size()
		return len(batch) < l.settings.batch
	}
	first := l.over
	l.over = nil
	if first == nil {
		select {
		case first = <-l.in:
		case <-l.halt:
			return nil
		case <-l.ctx.Done():
			return nil
		}
	}
	window := time.NewTimer(l.settings.window)
	defer window.Stop()
	for more := add(first); more; {
		select {
		case r := <-l.in:
			more = add(r)
			continue
		default:
		}
		select {
		case r := <-l.in:
			more = add(r)
		case <-window.C:
			return batch
		case <-l.halt:
			return nil
		case <-l.ctx.Done():
			return nil
		}
	}
	return batch
}
