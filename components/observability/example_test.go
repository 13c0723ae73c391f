package observability_test

import (
	"cdcpipeline/components/feed"
	"cdcpipeline/components/pipeline"
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
