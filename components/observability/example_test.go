package observability_test

import (
	"cdcpipeline/components/feed"
	"cdcpipeline/components/lake"
	"cdcpipeline/components/observability"
	"cdcpipeline/components/pipeline"
	"cdcpipeline/components/stream"
	"cdcpipeline/config"
	"cdcpipeline/internal/componenttest"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// A program with a pipeline whose alarms are mailed. It adds its own threshold on one of the pipeline's metrics.
func Example() {
	componenttest.Example(func(ctx *pulumi.Context) error {
		zip := pulumi.NewAssetArchive(map[string]any{"bootstrap": pulumi.NewStringAsset("")})
		p, err := pipeline.New(ctx, "cdc", &pipeline.Args{
			Config: config.Config{Alarms: config.Alarms{Emails: []string{"ops@example.com"}}}, Code: feed.Code{Bootstrap: zip, Rotation: zip, CurrentState: zip, Canary: zip},
		})
		if err != nil {
			return err
		}
		written := p.Feeds[0].Stream.MetricIncomingRecords()
		_, err = cloudwatch.NewMetricAlarm(ctx, "nobody-writes", &cloudwatch.MetricAlarmArgs{
			Namespace: pulumi.String(written.Namespace), MetricName: pulumi.String(written.Name), Dimensions: written.Dimensions,
			Statistic: pulumi.String(written.Statistic), Period: pulumi.Int(3600), EvaluationPeriods: pulumi.Int(1),
			ComparisonOperator: pulumi.String("LessThanThreshold"), Threshold: pulumi.Float64(1), TreatMissingData: pulumi.String("breaching"),
			AlarmActions: pulumi.Array{p.Observability.TopicArn},
		})
		if err != nil {
			return err
		}
		ctx.Export("alarms", p.Observability.TopicArn)
		return nil
	})
}

// A stream and its delivery into a lake are watched. The feed names what has alarms and graphs; nothing else has any.
func ExampleNew() {
	componenttest.Example(func(ctx *pulumi.Context) error {
		settings := config.Config{Alarms: config.Alarms{Emails: []string{"ops@example.com"}}}.WithDefaults()
		source := settings.Feeds()[0]
		key := pulumi.String("arn:aws:kms:eu-west-1:123456789012:key/1234")
		changes, err := stream.NewChangeStream(ctx, "changes", &stream.ChangeStreamArgs{Stream: source.Stream, KmsKeyArn: key})
		if err != nil {
			return err
		}
		delivery, err := lake.NewDelivery(ctx, "delivery", &lake.DeliveryArgs{
			Lake: source.Lake, StreamArn: changes.Arn, BucketArn: pulumi.String("arn:aws:s3:::changes"), KmsKeyArn: key,
		})
		if err != nil {
			return err
		}
		watch, err := observability.New(ctx, "watch", &observability.Args{
			Alarms: settings.Alarms, KmsKeyArn: key, Feeds: []*feed.Feed{{Config: source, Stream: changes, Lake: delivery}},
		})
		if err != nil {
			return err
		}
		ctx.Export("topicArn", watch.TopicArn)
		return nil
	})
	// Output:
	// aws:cloudwatch/compositeAlarm:CompositeAlarm: cdc-behind, cdc-data-at-risk
	// aws:cloudwatch/dashboard:Dashboard: watch-dashboard
	// aws:cloudwatch/logGroup:LogGroup: delivery-log
	// aws:cloudwatch/logStream:LogStream: delivery-log
	// aws:cloudwatch/metricAlarm:MetricAlarm: 7
	// aws:iam/role:Role: delivery-role
	// aws:iam/rolePolicy:RolePolicy: delivery-policy
	// aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream: delivery-delivery
	// aws:kinesis/stream:Stream: changes-stream
	// aws:sns/topic:Topic: watch-topic
	// aws:sns/topicPolicy:TopicPolicy: watch-topic
	// aws:sns/topicSubscription:TopicSubscription: watch-email-0
	// cdcpipeline:lake:Delivery: delivery
	// cdcpipeline:observability:Observability: watch
	// cdcpipeline:stream:ChangeStream: changes
}
