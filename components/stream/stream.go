// Package stream makes the Kinesis data stream between replication and its consumers.
//
// The stream is the pipeline's only buffer: what a consumer cannot deliver waits here, so its retention is the time
// an outage may last.
package stream

import (
	"cdcpipeline/config"
	"errors"
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/kinesis"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// ChangeStreamArgs configures a ChangeStream.
type ChangeStreamArgs struct {
	config.Stream
	// Environment chooses defaults; prod protects the stream. Default dev.
	Environment config.Environment
	// KmsKeyArn encrypts the records. Required.
	KmsKeyArn pulumi.StringInput
}

// ChangeStream is an encrypted Kinesis data stream, on-demand unless a number of shards is given.
type ChangeStream struct {
	pulumi.ResourceState

	// Arn of the stream.
	Arn pulumi.StringOutput
	// Name of the stream.
	Name pulumi.StringOutput
}

// NewChangeStream makes the stream.
func NewChangeStream(ctx *pulumi.Context, name string, args *ChangeStreamArgs, opts ...pulumi.ResourceOption) (*ChangeStream, error) {
	if args == nil || args.KmsKeyArn == nil {
		return nil, errors.New("stream.ChangeStream needs args with a KmsKeyArn")
	}
	env := args.Environment
	if env == "" {
		env = config.Dev
	}
	cfg := args.Stream.WithDefaults(env)
	if err := cfg.Validate(); err != nil {
		return nil, fmt.Errorf("checking the stream's configuration: %w", err)
	}

	s := &ChangeStream{}
	props := pulumi.Map{
		"environment":    pulumi.String(env),
		"shards":         pulumi.Int(cfg.Shards),
		"retentionHours": pulumi.Int(cfg.RetentionHours),
	}
	if err := ctx.RegisterComponentResourceV2("cdcpipeline:stream:ChangeStream", name, props, s, opts...); err != nil {
		return nil, fmt.Errorf("registering the change stream: %w", err)
	}
	if err := s.provision(ctx, name, cfg, env, args.KmsKeyArn); err != nil {
		return nil, err
	}
	if err := ctx.RegisterResourceOutputs(s, pulumi.Map{"arn": s.Arn, "name": s.Name}); err != nil {
		return nil, fmt.Errorf("registering the outputs of the change stream: %w", err)
	}
	return s, nil
}

func (s *ChangeStream) provision(ctx *pulumi.Context, name string, cfg config.Stream, env config.Environment, key pulumi.StringInput) error {
	args := &kinesis.StreamArgs{
		Name:            pulumi.String(cfg.Name),
		RetentionPeriod: pulumi.Int(cfg.RetentionHours),
		EncryptionType:  pulumi.String("KMS"),
		KmsKeyId:        key.ToStringOutput().ToStringPtrOutput(),
		// A consumer with enhanced fan-out that is registered by hand must not keep destroy from finishing.
		EnforceConsumerDeletion: pulumi.Bool(true),
	}
	capacity(args, cfg.Shards)
	stream, err := kinesis.NewStream(ctx, name+"-stream", args, pulumi.Parent(s), pulumi.Protect(env == config.Prod))
	if err != nil {
		return fmt.Errorf("making the change stream: %w", err)
	}
	s.Arn, s.Name = stream.Arn, stream.Name
	return nil
}

// capacity is on-demand, or a number of shards with the metrics that show which of them is hot. An on-demand stream
// splits a hot shard itself, and metrics per shard are charged per shard,
// https://docs.aws.amazon.com/streams/latest/dev/monitoring-with-cloudwatch.html#kinesis-metrics-shard.
func capacity(args *kinesis.StreamArgs, shards int) {
	if shards == 0 {
		args.StreamModeDetails = &kinesis.StreamStreamModeDetailsArgs{StreamMode: pulumi.String("ON_DEMAND")}
		return
	}
	args.StreamModeDetails = &kinesis.StreamStreamModeDetailsArgs{StreamMode: pulumi.String("PROVISIONED")}
	args.ShardCount = pulumi.Int(shards)
	args.ShardLevelMetrics = pulumi.ToStringArray([]string{
		"IncomingBytes", "ReadProvisionedThroughputExceeded", "WriteProvisionedThroughputExceeded",
	})
}
