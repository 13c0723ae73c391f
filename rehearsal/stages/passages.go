package stages

import (
	"cdcpipeline/rehearsal/report/reconcile"
	"cdcpipeline/rehearsal/world"
	"context"
	"fmt"
	"hash/maphash"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
)

// passages count what has passed the hops of a world, and note when each record first did. They keep only the latest
// records.
type passages struct {
	seed maphash.Seed

	mu     sync.Mutex
	first  map[world.Hop]map[uint64]time.Time
	counts map[world.Hop]int64
	// latest searchable records, the newest last.
	latest []passage
}

// passage is a record that has passed a hop.
type passage struct {
	record []byte
	at     time.Time
}

// kept is how many of the latest records are kept.
const kept = 12

func newPassages() *passages {
	return &passages{seed: maphash.MakeSeed(), first: map[world.Hop]map[uint64]time.Time{}, counts: map[world.Hop]int64{}}
}

// record notes records that have passed a hop.
func (p *passages) record(hop world.Hop, records [][]byte, at time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	seen := p.first[hop]
	if seen == nil {
		seen = map[uint64]time.Time{}
		p.first[hop] = seen
	}
	for _, r := range records {
		if id := maphash.Bytes(p.seed, r); seen[id].IsZero() {
			seen[id] = at
		}
	}
	p.counts[hop] += int64(len(records))
	if hop == world.InSearch {
		for _, r := range records[max(0, len(records)-kept):] {
			p.latest = append(p.latest, passage{r, at})
		}
		p.latest = p.latest[max(0, len(p.latest)-kept):]
	}
}

// count counts the records that have passed a hop; repeated ones count again.
func (p *passages) count(hop world.Hop) int64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.counts[hop]
}

// recent are the latest searchable records.
func (p *passages) recent() []passage {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.latest)
}

// sample is the time from a commit's return until its change had passed a hop.
type sample struct {
	committed time.Time
	after     time.Duration
}

func durations(samples []sample) []time.Duration {
	all := make([]time.Duration, len(samples))
	for i, s := range samples {
		all[i] = s.after
	}
	return all
}

// trail is the fate of the written changes, identified by their records in the stream.
type trail struct {
	*passages
	known map[uint64]traced
}

type traced struct {
	committed, came time.Time
	loaded          bool
}

// trace finds the written changes among a stream's records.
func (p *passages) trace(written []reconcile.Change, stream []types.Record) *trail {
	f := &trail{p, map[uint64]traced{}}
	open := map[string][]time.Time{}
	for _, c := range written {
		open[c.ID] = append(open[c.ID], c.At)
	}
	for _, r := range stream {
		id := maphash.Bytes(p.seed, r.Data)
		if _, again := f.known[id]; again { // an interrupted task rewrites what it is not sure of
			continue
		}
		change, ok, err := reconcile.Record(r.Data)
		if times := open[change.ID]; err == nil && ok && len(times) > 0 { // a record that is not a change was not written
			f.known[id] = traced{times[0], aws.ToTime(r.ApproximateArrivalTimestamp), strings.Contains(change.ID, " load ")}
			open[change.ID] = times[1:]
		}
	}
	return f
}

// inStream counts the rows in the stream, with their time since commit; loaded rows have none.
func (f *trail) inStream() (rows int, samples []sample) {
	return f.among(func(_ uint64, w traced) time.Time { return w.came })
}

// past does the same for a hop.
func (f *trail) past(hop world.Hop) (rows int, samples []sample) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.among(func(id uint64, _ traced) time.Time { return f.first[hop][id] })
}

func (f *trail) among(when func(uint64, traced) time.Time) (rows int, samples []sample) {
	for id, w := range f.known {
		at := when(id, w)
		if at.IsZero() {
			continue
		}
		rows++
		if !w.loaded {
			samples = append(samples, sample{w.committed, max(0, at.Sub(w.committed))})
		}
	}
	return rows, samples
}

// streamed are all records now in a stream, in order within each shard. The stream has at most a thousand shards.
func streamed(ctx context.Context, client *kinesis.Client, name string) ([]types.Record, error) {
	listed, err := client.ListShards(ctx, &kinesis.ListShardsInput{StreamName: &name})
	if err != nil {
		return nil, fmt.Errorf("listing the shards of %s: %w", name, err)
	}
	var all []types.Record
	for _, shard := range listed.Shards {
		found, err := inShard(ctx, client, name, aws.ToString(shard.ShardId))
		if err != nil {
			return nil, err
		}
		all = append(all, found...)
	}
	return all, nil
}

func inShard(ctx context.Context, client *kinesis.Client, stream, shard string) ([]types.Record, error) {
	from, err := client.GetShardIterator(ctx, &kinesis.GetShardIteratorInput{StreamName: &stream, ShardId: &shard, ShardIteratorType: types.ShardIteratorTypeTrimHorizon})
	if err != nil {
		return nil, fmt.Errorf("positioning in %s of %s: %w", shard, stream, err)
	}
	var all []types.Record
	for at := from.ShardIterator; at != nil; {
		out, err := client.GetRecords(ctx, &kinesis.GetRecordsInput{ShardIterator: at})
		if err != nil {
			return nil, fmt.Errorf("reading %s of %s: %w", shard, stream, err)
		}
		if len(out.Records) == 0 {
			break
		}
		all, at = append(all, out.Records...), out.NextShardIterator
	}
	return all, nil
}
