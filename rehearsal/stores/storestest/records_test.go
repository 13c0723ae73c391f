package storestest_test

import (
	"cdcpipeline/rehearsal/standins/account"
	"cdcpipeline/rehearsal/stores/storestest"
	"fmt"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"
)

// Kinesis gives each record a unique sequence number, even with two simultaneous writers, such as two DMS tasks while
// a stack moves between them.
func TestRecordsOfTwoWritersAreAllKept(t *testing.T) {
	client := kinesis.NewFromConfig(account.New(storestest.Moto(t)).Config())
	stream := aws.String("writers")
	_, err := client.CreateStream(t.Context(), &kinesis.CreateStreamInput{StreamName: stream, ShardCount: aws.Int32(1)})
	require.NoError(t, err)
	const writers, batches, batch = 4, 10, 200
	var group errgroup.Group
	for writer := range writers {
		group.Go(func() error {
			for b := range batches {
				in := &kinesis.PutRecordsInput{StreamName: stream}
				for i := range batch {
					in.Records = append(in.Records, types.PutRecordsRequestEntry{PartitionKey: aws.String("k"), Data: fmt.Appendf(nil, "%d %d", writer, b*batch+i)})
				}
				if _, err := client.PutRecords(t.Context(), in); err != nil {
					return err
				}
			}
			return nil
		})
	}
	require.NoError(t, group.Wait())
	shards, err := client.ListShards(t.Context(), &kinesis.ListShardsInput{StreamName: stream})
	require.NoError(t, err)
	from, err := client.GetShardIterator(t.Context(), &kinesis.GetShardIteratorInput{StreamName: stream, ShardId: shards.Shards[0].ShardId, ShardIteratorType: types.ShardIteratorTypeTrimHorizon})
	require.NoError(t, err)
	seen := map[string]bool{}
	for at := from.ShardIterator; at != nil; {
		out, err := client.GetRecords(t.Context(), &kinesis.GetRecordsInput{ShardIterator: at})
		require.NoError(t, err)
		for _, r := range out.Records {
			seen[string(r.Data)] = true
		}
		if at = out.NextShardIterator; len(out.Records) == 0 {
			break
		}
	}
	require.Equal(t, writers*batches*batch, len(seen)) //nolint:testifylint // Len would print thousands of records
}
