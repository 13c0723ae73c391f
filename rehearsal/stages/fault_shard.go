package stages

import (
	"cdcpipeline/rehearsal/stages/tool"
	"context"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
)

// reshardings change the stream's shards.
var reshardings = []fault{
	{
		name:   "shards-split-and-merged",
		what:   "Each shard of the stream is split while records come, and two of the new ones are merged.",
		load:   tool.Load{Count: 900, Rate: usualRate},
		inject: splitShards, lasts: shardsFound, heal: mergeShards,
	},
}

// shardsFound is the time after which each reader of the stream has found new shards.
const shardsFound = 12 * time.Second

// openShards are the writable shards, in the order of their hash keys.
func openShards(ctx context.Context, s *scene) (*kinesis.Client, []types.Shard, error) {
	client := kinesis.NewFromConfig(s.World.Account.Config())
	listed, err := client.ListShards(ctx, &kinesis.ListShardsInput{StreamName: aws.String(s.output("streamName"))})
	if err != nil {
		return nil, nil, fmt.Errorf("listing the shards: %w", err)
	}
	shards := slices.DeleteFunc(listed.Shards, func(x types.Shard) bool { return x.SequenceNumberRange.EndingSequenceNumber != nil })
	slices.SortFunc(shards, func(a, b types.Shard) int {
		return compareHashes(aws.ToString(a.HashKeyRange.StartingHashKey), aws.ToString(b.HashKeyRange.StartingHashKey))
	})
	return client, shards, nil
}

// compareHashes compares two large numbers.
func compareHashes(a, b string) int {
	if len(a) != len(b) {
		return len(a) - len(b)
	}
	return strings.Compare(a, b)
}

func splitShards(ctx context.Context, s *scene) error {
	client, shards, err := openShards(ctx, s)
	if err != nil {
		return err
	}
	for _, shard := range shards {
		middle, err := middle(aws.ToString(shard.HashKeyRange.StartingHashKey), aws.ToString(shard.HashKeyRange.EndingHashKey))
		if err != nil {
			return err
		}
		if _, err := client.SplitShard(ctx, &kinesis.SplitShardInput{
			StreamName: aws.String(s.output("streamName")), ShardToSplit: shard.ShardId, NewStartingHashKey: &middle,
		}); err != nil {
			return fmt.Errorf("splitting %s: %w", aws.ToString(shard.ShardId), err)
		}
	}
	s.Log.Detail("%d shards were split when the task had read %d changes", len(shards), read(s.Run))
	return nil
}

// mergeShards merges the first two, and waits until readers have found the result.
func mergeShards(ctx context.Context, s *scene) error {
	client, shards, err := openShards(ctx, s)
	if err != nil {
		return err
	}
	if len(shards) < 2 {
		return errors.New("there are no two shards to merge: " + strconv.Itoa(len(shards)))
	}
	if _, err := client.MergeShards(ctx, &kinesis.MergeShardsInput{
		StreamName: aws.String(s.output("streamName")), ShardToMerge: shards[0].ShardId, AdjacentShardToMerge: shards[1].ShardId,
	}); err != nil {
		return fmt.Errorf("merging %s and %s: %w", aws.ToString(shards[0].ShardId), aws.ToString(shards[1].ShardId), err)
	}
	return pause(ctx, shardsFound)
}

// middle of a range of hash keys.
func middle(from, to string) (string, error) {
	a, ok := new(big.Int).SetString(from, 10)
	b, also := new(big.Int).SetString(to, 10)
	if !ok || !also {
		return "", fmt.Errorf("%s and %s are no hash keys", from, to)
	}
	return a.Add(a, b).Rsh(a, 1).String(), nil
}
