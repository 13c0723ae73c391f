package stream_test

import (
	"cdcpipeline/components/stream"
	"cdcpipeline/config"
	"cdcpipeline/internal/componenttest"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"
)

const key = "arn:aws:kms:us-east-1:123456789012:key/k"

func program(args *stream.ChangeStreamArgs) pulumi.RunFunc {
	return func(ctx *pulumi.Context) error {
		_, err := stream.NewChangeStream(ctx, "changes", args)
		return err
	}
}

func made(t *testing.T, args *stream.ChangeStreamArgs) componenttest.Registered {
	t.Helper()
	args.KmsKeyArn = pulumi.String(key)
	return componenttest.Run(t, program(args)).One(t, "aws:kinesis/stream:Stream", "changes-stream")
}

func TestStreamIsOnDemandEncryptedAndKeepsAWeek(t *testing.T) {
	s := made(t, &stream.ChangeStreamArgs{})

	require.Equal(t, "retail_trans_stream", s.Input("name"))
	require.Equal(t, map[string]any{"streamMode": "ON_DEMAND"}, s.Input("streamModeDetails"))
	require.EqualValues(t, 168, s.Input("retentionPeriod"))
	require.Equal(t, "KMS", s.Input("encryptionType"))
	require.Equal(t, key, s.Input("kmsKeyId"))
	require.Equal(t, true, s.Input("enforceConsumerDeletion"))
	require.Contains(t, s.Parent, "cdcpipeline:stream:ChangeStream::changes")
}

func TestOnDemandStreamHasNeitherShardsNorTheirMetrics(t *testing.T) {
	s := made(t, &stream.ChangeStreamArgs{})

	require.Nil(t, s.Input("shardCount"))
	require.Nil(t, s.Input("shardLevelMetrics"))
}

func TestShardsMakeAProvisionedStreamThatShowsAHotShard(t *testing.T) {
	s := made(t, &stream.ChangeStreamArgs{Stream: config.Stream{Shards: 4, RetentionHours: 336}})

	require.Equal(t, map[string]any{"streamMode": "PROVISIONED"}, s.Input("streamModeDetails"))
	require.EqualValues(t, 4, s.Input("shardCount"))
	require.EqualValues(t, 336, s.Input("retentionPeriod"))
	require.Contains(t, s.Input("shardLevelMetrics"), "WriteProvisionedThroughputExceeded")
}

func TestStreamIsProtectedInProdOnly(t *testing.T) {
	require.True(t, made(t, &stream.ChangeStreamArgs{Environment: config.Prod}).Protect)
	require.False(t, made(t, &stream.ChangeStreamArgs{Environment: config.Dev}).Protect)
}

func TestStreamIsRefused(t *testing.T) {
	for name, c := range map[string]struct {
		args *stream.ChangeStreamArgs
		want string
	}{
		"without args":         {nil, "stream.ChangeStream needs args"},
		"without a key":        {&stream.ChangeStreamArgs{}, "the arguments of stream.ChangeStream: KmsKeyArn: is missing"},
		"with a short memory":  {&stream.ChangeStreamArgs{Stream: config.Stream{RetentionHours: 24}, KmsKeyArn: pulumi.String(key)}, "stream.retentionHours"},
		"with negative shards": {&stream.ChangeStreamArgs{Stream: config.Stream{Shards: -1}, KmsKeyArn: pulumi.String(key)}, "stream.shards"},
	} {
		t.Run(name, func(t *testing.T) {
			r, err := componenttest.Try(program(c.args))
			require.ErrorContains(t, err, c.want)
			require.Empty(t, r.All("aws:kinesis/stream:Stream"))
		})
	}
}
