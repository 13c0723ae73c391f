package stream_test

import (
	"cdcpipeline/components/stream"
	"cdcpipeline/config"
	"cdcpipeline/internal/componenttest"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/kms"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// An on-demand stream that keeps records for two weeks, encrypted with your key.
func ExampleNewChangeStream() {
	componenttest.Example(func(ctx *pulumi.Context) error {
		key, err := kms.NewKey(ctx, "key", &kms.KeyArgs{EnableKeyRotation: pulumi.Bool(true)})
		if err != nil {
			return err
		}
		changes, err := stream.NewChangeStream(ctx, "changes", &stream.ChangeStreamArgs{
			Stream:      config.Stream{Name: "orders", RetentionHours: 336},
			Environment: config.Prod,
			KmsKeyArn:   key.Arn,
		})
		if err != nil {
			return err
		}
		ctx.Export("streamArn", changes.Arn)
		return nil
	})
	// Output:
	// aws:kinesis/stream:Stream: changes-stream
	// aws:kms/key:Key: key
	// cdcpipeline:stream:ChangeStream: changes
}
