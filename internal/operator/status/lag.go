package status

import (
	"cdcpipeline/internal/outputs"
	"context"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
)

// Metrics is the part of CloudWatch that a status needs.
type Metrics interface {
	GetMetricData(context.Context, *cloudwatch.GetMetricDataInput, ...func(*cloudwatch.Options)) (*cloudwatch.GetMetricDataOutput, error)
}

// recent is how old a point of a metric may be: services publish every minute, and late by a few.
const recent = 15 * time.Minute

// figure is one metric of the lag.
type figure struct {
	namespace, metric string
	dimensions        []types.Dimension
	scale             float64 // to seconds
	into              **float64
}

// figures under the names and dimensions of their services: DMS wants the instance's id, which no ARN holds, and the last
// part of the task's ARN (https://github.com/prometheus-community/yet-another-cloudwatch-exporter/pull/492);
// https://docs.aws.amazon.com/streams/latest/dev/monitoring-with-cloudwatch.html and
// https://docs.aws.amazon.com/firehose/latest/dev/monitoring-with-cloudwatch-metrics.html.
func (l *Lag) figures(o outputs.Outputs, instance string) []figure {
	dimension := func(name, value string) types.Dimension {
		return types.Dimension{Name: aws.String(name), Value: aws.String(value)}
	}
	all := []figure{
		{"AWS/Kinesis", "GetRecords.IteratorAgeMilliseconds", []types.Dimension{dimension("StreamName", o.StreamName)}, 1e-3, &l.StreamSeconds},
		{"AWS/Firehose", "DeliveryToAmazonOpenSearchService.DataFreshness", []types.Dimension{dimension("DeliveryStreamName", o.SearchDeliveryName)}, 1, &l.SearchSeconds},
		{"AWS/Firehose", "DeliveryToS3.DataFreshness", []types.Dimension{dimension("DeliveryStreamName", o.LakeDeliveryName)}, 1, &l.LakeSeconds},
	}
	if instance != "" {
		task := []types.Dimension{
			dimension("ReplicationInstanceIdentifier", instance), dimension("ReplicationTaskIdentifier", resourceID(o.TaskArn)),
		}
		all = append(all, figure{"AWS/DMS", "CDCLatencySource", task, 1, &l.SourceSeconds}, figure{"AWS/DMS", "CDCLatencyTarget", task, 1, &l.TargetSeconds})
	}
	return all
}

// readLag reads the latest point of every figure in one call.
func readLag(ctx context.Context, api Metrics, o outputs.Outputs, task TaskStatus, now time.Time) Lag {
	var lag Lag
	if task.instance == "" {
		lag.Error = "the task's latencies are unknown: its replication instance could not be read"
	}
	figures := lag.figures(o, task.instance)
	in := &cloudwatch.GetMetricDataInput{
		StartTime: aws.Time(now.Add(-recent)), EndTime: aws.Time(now), ScanBy: types.ScanByTimestampDescending,
	}
	for i, f := range figures {
		in.MetricDataQueries = append(in.MetricDataQueries, types.MetricDataQuery{
			Id: aws.String(fmt.Sprintf("m%d", i)), ReturnData: aws.Bool(true),
			MetricStat: &types.MetricStat{
				Metric: &types.Metric{Namespace: aws.String(f.namespace), MetricName: aws.String(f.metric), Dimensions: f.dimensions},
				Period: aws.Int32(60), Stat: aws.String("Maximum"),
			},
		})
	}
	out, err := api.GetMetricData(ctx, in)
	if err != nil {
		lag.Error = explain(ctx, fmt.Errorf("reading the metrics: %w", err))
		return lag
	}
	for _, result := range out.MetricDataResults {
		for i, f := range figures {
			if aws.ToString(result.Id) == fmt.Sprintf("m%d", i) && len(result.Values) > 0 {
				*f.into = aws.Float64(latest(result) * f.scale)
			}
		}
	}
	return lag
}

// latest does not rely on the order of points.
func latest(result types.MetricDataResult) float64 {
	value, at := result.Values[0], time.Time{}
	for i, t := range result.Timestamps {
		if i < len(result.Values) && t.After(at) {
			value, at = result.Values[i], t
		}
	}
	return value
}
