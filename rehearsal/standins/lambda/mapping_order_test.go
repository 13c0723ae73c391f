package lambda

import (
	"cdcpipeline/rehearsal/standins/account"
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	kinesistypes "github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/stretchr/testify/require"
)

// Calls for one shard overlap, but the records of a key stay in order.
func TestKeysStayInOrderInParallel(t *testing.T) {
	s := newScene(t, 1)
	var mu sync.Mutex
	working, most := 0, 0
	order := map[string][]string{}
	s.answer = func(b batch) (Result, error) {
		mu.Lock()
		working++
		most = max(most, working)
		mu.Unlock()
		time.Sleep(30 * time.Millisecond)
		mu.Lock()
		defer mu.Unlock()
		working--
		for _, one := range b.data {
			key, _, _ := strings.Cut(one, ":")
			order[key] = append(order[key], one)
		}
		return Result{}, nil
	}
	want := map[string][]string{}
	var entries []kinesistypes.PutRecordsRequestEntry
	for i := range 200 {
		key := fmt.Sprint("key", i%10)
		one := fmt.Sprintf("%s:%03d", key, i)
		want[key] = append(want[key], one)
		entries = append(entries, kinesistypes.PutRecordsRequestEntry{PartitionKey: &key, Data: []byte(one)})
	}
	_, err := s.kinesis.PutRecords(t.Context(), &kinesis.PutRecordsInput{StreamName: &s.name, Records: entries})
	require.NoError(t, err)
	s.connect(func(in *lambda.CreateEventSourceMappingInput) {
		in.ParallelizationFactor, in.BatchSize = aws.Int32(4), aws.Int32(10)
	})
	s.drained()
	require.Equal(t, want, order)
	require.Greater(t, most, 1)
	require.LessOrEqual(t, most, 4)
}

// split is a stream with one split shard: its records, and those of its two children.
type split struct{ records map[string][]string }

func (s split) ListShards(context.Context, *kinesis.ListShardsInput, ...func(*kinesis.Options)) (*kinesis.ListShardsOutput, error) {
	parent := aws.String("parent")
	return &kinesis.ListShardsOutput{Shards: []kinesistypes.Shard{{ShardId: parent}, {ShardId: aws.String("left"), ParentShardId: parent}, {ShardId: aws.String("right"), ParentShardId: parent}}}, nil
}

func (s split) GetShardIterator(_ context.Context, in *kinesis.GetShardIteratorInput, _ ...func(*kinesis.Options)) (*kinesis.GetShardIteratorOutput, error) {
	return &kinesis.GetShardIteratorOutput{ShardIterator: in.ShardId}, nil
}

func (s split) GetRecords(_ context.Context, in *kinesis.GetRecordsInput, _ ...func(*kinesis.Options)) (*kinesis.GetRecordsOutput, error) {
	out := &kinesis.GetRecordsOutput{}
	shard, end, _ := strings.Cut(*in.ShardIterator, "/")
	if end == "" {
		for i, one := range s.records[shard] {
			out.Records = append(out.Records, kinesistypes.Record{
				Data: []byte(one), PartitionKey: aws.String("k"), SequenceNumber: aws.String(fmt.Sprint(i + 1)), ApproximateArrivalTimestamp: aws.Time(time.Now()),
			})
		}
	}
	if shard != "parent" {
		out.NextShardIterator = aws.String(shard + "/end")
	}
	return out, nil
}

func TestASplitShardIsDoneWithBeforeItsChildrenAreRead(t *testing.T) {
	s := &scene{t: t}
	s.Mappings = NewMappings(account.New("http://127.0.0.1:1"), s, slog.New(slog.DiscardHandler))
	t.Cleanup(s.Close)
	parentFails := 2
	s.answer = func(b batch) (Result, error) {
		if b.shard == "parent" && parentFails > 0 {
			parentFails--
			return failed, nil
		}
		return Result{}, nil
	}
	one := newMapping(s.Mappings, "uuid")
	one.stream = split{map[string][]string{"parent": {"1", "2"}, "left": {"3"}, "right": {"4"}}}
	require.NoError(t, one.start(&mappingSettings{
		function: "f", source: "arn:aws:kinesis:us-east-1:1:stream/s", enabled: true, from: kinesistypes.ShardIteratorTypeTrimHorizon, poll: fanOutPoll,
		batch: 10, parallelization: 1, maxAge: never, retries: never,
	}))
	t.Cleanup(one.stop)
	require.Eventually(t, func() bool { return len(s.seen()) == 5 }, patience, 10*time.Millisecond)
	for i, b := range s.seen() {
		require.Equal(t, i < 3, b.shard == "parent")
	}
	require.Eventually(t, func() bool { return one.stats.snapshot().Delivered == 4 }, patience, 10*time.Millisecond)
}

func TestFaultsAreMadeToOrder(t *testing.T) {
	s := newScene(t, 2)
	s.Inject(Faults{Twice: true, Delay: func(shard string) time.Duration {
		if shard == "shardId-000000000000" {
			return time.Second
		}
		return 0
	}})
	for i := range 20 {
		s.put(fmt.Sprintf("key%d:1", i))
	}
	s.connect(nil)
	s.drained()
	var order []string
	times := map[string]int{}
	for _, b := range s.seen() {
		order = append(order, b.shard)
		for _, one := range b.data {
			times[one]++
		}
	}
	require.Equal(t, "shardId-000000000000", order[len(order)-1])
	require.Equal(t, "shardId-000000000001", order[0])
	require.Len(t, times, 20)
	for one, n := range times {
		require.Equal(t, 2, n, one)
	}
	for _, stats := range s.Stats() {
		require.Equal(t, stats.Calls, 2*stats.Twice)
		require.Positive(t, stats.Delayed)
		require.Less(t, stats.Delayed, stats.Twice, "one shard of the two")
	}
}
