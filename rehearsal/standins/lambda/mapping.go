package lambda

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
)

const (
	// reshardCheck is the interval of checks for new shards.
	reshardCheck = 2 * time.Second
	// drainCheck is the interval of a drain's checks.
	drainCheck = 50 * time.Millisecond
)

// shards is the part of Kinesis that a mapping calls.
type shards interface {
	ListShards(context.Context, *kinesis.ListShardsInput, ...func(*kinesis.Options)) (*kinesis.ListShardsOutput, error)
	GetShardIterator(context.Context, *kinesis.GetShardIteratorInput, ...func(*kinesis.Options)) (*kinesis.GetShardIteratorOutput, error)
	GetRecords(context.Context, *kinesis.GetRecordsInput, ...func(*kinesis.Options)) (*kinesis.GetRecordsOutput, error)
}

// mapping reads the shards of one stream for one function.
type mapping struct {
	*Mappings

	uuid  string
	stats mappingStats

	turn     sync.Mutex // for start and stop
	settings *mappingSettings
	stream   shards
	halt     chan struct{} // closed to stop; nil while it is stopped
	work     sync.WaitGroup

	shardsMu sync.Mutex
	shards   map[string]*shard
}

func newMapping(m *Mappings, uuid string) *mapping {
	return &mapping{Mappings: m, uuid: uuid, shards: map[string]*shard{}}
}

// start starts the mapping, or resumes where it was stopped.
func (m *mapping) start(s *mappingSettings) error {
	m.turn.Lock()
	defer m.turn.Unlock()
	m.settings = s
	m.stats.change(func(v *MappingStats) {
		v.Function, v.Stream, v.Enabled, v.FanOut = bareName(s.function), streamArn(s.source), s.enabled, s.poll == fanOutPoll
	})
	if !s.enabled || m.ctx.Err() != nil {
		return nil
	}
	if m.stream == nil {
		m.stream = kinesis.NewFromConfig(m.account.AsRole(s.role, "lambda"))
	}
	if _, err := m.discover(m.ctx); err != nil {
		return err
	}
	halt := make(chan struct{})
	m.halt = halt
	for _, one := range m.unfinished() {
		m.work.Go(func() { m.read(one, s, halt) })
	}
	m.work.Go(func() { m.watch(s, halt) })
	return nil
}

// stop waits for the current batches.
func (m *mapping) stop() {
	m.turn.Lock()
	defer m.turn.Unlock()
	if m.halt != nil {
		close(m.halt)
		m.halt = nil
		m.work.Wait()
	}
}

// watch finds and reads new shards.
func (m *mapping) watch(s *mappingSettings, halt chan struct{}) {
	for m.pause(halt, reshardCheck) {
		found, err := m.discover(m.ctx)
		if err != nil {
			m.log.Warn("shards are looked up again later", "mapping", m.uuid, "error", err)
		}
		for _, one := range found {
			m.work.Go(func() { m.read(one, s, halt) })
		}
	}
}

// discover finds unknown shards. A child shard waits until its parent has been read completely, because its records
// are newer.
func (m *mapping) discover(ctx context.Context) ([]*shard, error) {
	arn := streamArn(m.settings.source)
	listed, err := m.stream.ListShards(ctx, &kinesis.ListShardsInput{StreamARN: &arn})
	if err != nil {
		return nil, fmt.Errorf("listing the shards of %s: %w", arn, err)
	}
	m.shardsMu.Lock()
	defer m.shardsMu.Unlock()
	first := len(m.shards) == 0
	var found []*shard
	for _, s := range listed.Shards {
		id := aws.ToString(s.ShardId)
		parent := m.shards[aws.ToString(s.ParentShardId)]
		if m.shards[id] != nil || parent != nil && !parent.finished() {
			continue
		}
		one := &shard{id: id, stream: arn, from: m.settings.from}
		if !first {
			one.from = "TRIM_HORIZON"
		}
		m.shards[id] = one
		found = append(found, one)
	}
	return found, nil
}

// unfinished are the known shards that have not been read to their end.
func (m *mapping) unfinished() []*shard {
	var open []*shard
	for _, one := range m.every() {
		if one.resume() {
			open = append(open, one)
		}
	}
	return open
}

func (m *mapping) every() []*shard {
	m.shardsMu.Lock()
	defer m.shardsMu.Unlock()
	all := make([]*shard, 0, len(m.shards))
	for _, one := range m.shards {
		all = append(all, one)
	}
	return all
}

// pause waits; it returns false when there is no more work.
func (m *mapping) pause(halt <-chan struct{}, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-halt:
		return false
	case <-m.ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

// drain waits until each shard was found empty twice and no record is open. The first read may already have
// started; the second one starts later.
func (m *mapping) drain(ctx context.Context) error {
	if !m.stats.snapshot().Enabled {
		return nil
	}
	marks := map[*shard]int64{}
	for _, one := range m.every() {
		marks[one] = one.empty.Load()
	}
	for {
		open := 0
		for one, mark := range marks {
			open += one.open()
			if !one.finished() && one.empty.Load() < mark+2 {
				open++
			}
		}
		if open == 0 {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("draining the event source mapping of %s: %w", m.stats.snapshot().Function, context.Cause(ctx))
		case <-time.After(drainCheck):
		}
	}
}
