// Package stream makes the Kinesis data stream between replication and its consumers.
//
// The stream is the pipeline's only buffer: records wait here until a consumer can deliver them. So its retention is
// the longest outage without loss.
package stream

import (
	"cdcpipeline/config"
	"cdcpipeline/internal/component"
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/kinesis"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

const kind component.Kind = "stream.ChangeStream"

// ChangeStreamArgs configures a ChangeStream.
type ChangeStreamArgs struct {
	config.Stream `pulumi:"stream,optional"`
	// Environment chooses defaults; prod protects the stream. Default dev.
	Environment config.Environment `pulumi:"environment,optional"`
	// KmsKeyArn encrypts the records. Required.
	KmsKeyArn pulumi.StringInput `pulumi:"kmsKeyArn"`
	// StartAfter must exist before the stream.
	StartAfter []pulumi.Resource
}

// ChangeStream is an encrypted Kinesis data stream, on-demand unless a number of shards is given.
type ChangeStream struct {
	pulumi.ResourceState

	// Arn of the stream.
	Arn pulumi.StringOutput `pulumi:"arn"`
	// Name of the stream.
	Name pulumi.StringOutput `pulumi:"name"`
	// Resource is the stream, to depend on.
	Resource *kinesis.Stream
}

// NewChangeStream makes the stream.
func NewChangeStream(ctx *pulumi.Context, name string, args *ChangeStreamArgs, opts ...pulumi.ResourceOption) (*ChangeStream, error) {
	a, err := args.check()
	if err != nil {
		return nil, err
	}
	s := &ChangeStream{}
	return component.Make(ctx, kind, name, s, component.Steps{
		Inputs: pulumi.Map{
			"environment":    pulumi.String(a.Environment),
			"shards":         pulumi.Int(a.Shards),
			"retentionHours": pulumi.Int(a.RetentionHours),
		},
		Provision: func() error { return s.provision(ctx, name, a) },
		Outputs: func() pulumi.Map {
			return pulumi.Map{"arn": s.Arn, "name": s.Name, "environment": pulumi.String(a.Environment)}
		},
	}, opts...)
}

func (args *ChangeStreamArgs) check() (*ChangeStreamArgs, error) {
	a, err := component.Args(kind, args)
	if err != nil {
		return nil, err
	}
	a.Environment = a.Environment.WithDefault()
	a.Stream = a.Stream.WithDefaults(a.Environment)
	return a, kind.Check(a.Stream.Validate(), component.Required(component.Given{"KmsKeyArn": a.KmsKeyArn != nil}))
}

func (s *ChangeStream) provision(ctx *pulumi.Context, name string, a *ChangeStreamArgs) error {
	args := &kinesis.StreamArgs{
		Name:            pulumi.String(a.Name),
		RetentionPeriod: pulumi.Int(a.RetentionHours),
		EncryptionType:  pulumi.String("KMS"),
		KmsKeyId:        a.KmsKeyArn.ToStringOutput().ToStringPtrOutput(),
		// A consumer with enhanced fan-out that somebody registered by hand must not block destroy.
		EnforceConsumerDeletion: pulumi.Bool(true),
	}
	capacity(args, a.Shards)
	stream, err := kinesis.NewStream(ctx, name+"-stream", args, pulumi.Parent(s), pulumi.DependsOn(a.StartAfter), pulumi.Protect(a.Environment == config.Prod))
	if err != nil {
		return fmt.Errorf("making the change stream: %w", err)
	}
	s.Arn, s.Name, s.Resource = stream.Arn, stream.Name, stream
	return nil
}

// capacity is on-demand, or a number of shards with metrics that show the hot ones. An on-demand stream splits a hot
// shard itself, and metrics per shard cost extra,
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
