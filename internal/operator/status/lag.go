package status

import (
	"cdcpipeline/internal/outputs"
	"cdcpipeline/internal/task"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
)

// Metrics is the part of CloudWatch that a status needs.
type Metrics interface {
	GetMetricData(context.Context, *cloudwatch.GetMetricDataInput, ...func(*cloudwatch.Options)) (*cloudwatch.GetMetricDataOutput, error)
	ListMetrics(context.Context, *cloudwatch.ListMetricsInput, ...func(*cloudwatch.Options)) (*cloudwatch.ListMetricsOutput, error)
}

// recent is how old a metric's point may be. Services publish a point every minute, some minutes late.
const recent = 15 * time.Minute

// figure is one metric of the lag.
type figure struct {
	namespace, metric string
	dimensions        []types.Dimension
	scale             float64 // converts to seconds
	into              **float64
}

const (
	sourceLatency = "CDCLatencySource"
	targetLatency = "CDCLatencyTarget"
)

// figures returns the metrics with their names and dimensions:
// https://docs.aws.amazon.com/streams/latest/dev/monitoring-with-cloudwatch.html and
// https://docs.aws.amazon.com/firehose/latest/dev/monitoring-with-cloudwatch-metrics.html. It leaves out the task's
// metrics if their dimensions are unknown.
func (l *Lag) figures(o outputs.Outputs, task []types.Dimension) []figure {
	delivery := "DeliveryToAmazonOpenSearchService"
	if o.Serverless() {
		delivery = "DeliveryToAmazonOpenSearchServerless"
	}
	all := []figure{
		{"AWS/Kinesis", "GetRecords.IteratorAgeMilliseconds", []types.Dimension{dimension("StreamName", o.StreamName)}, 1e-3, &l.StreamSeconds},
		{"AWS/Firehose", delivery + ".DataFreshness", []types.Dimension{dimension("DeliveryStreamName", o.SearchDeliveryName)}, 1, &l.SearchSeconds},
		{"AWS/Firehose", "DeliveryToS3.DataFreshness", []types.Dimension{dimension("DeliveryStreamName", o.LakeDeliveryName)}, 1, &l.LakeSeconds},
	}
	if task != nil {
		all = append(all, figure{dmsMetrics, sourceLatency, task, 1, &l.SourceSeconds}, figure{dmsMetrics, targetLatency, task, 1, &l.TargetSeconds})
	}
	return all
}

const dmsMetrics = "AWS/DMS"

func dimension(name, value string) types.Dimension {
	return types.Dimension{Name: aws.String(name), Value: aws.String(value)}
}

// taskDimensions returns the dimensions of the task's metrics, or nil if they are unknown. For a task on an instance
// these are the instance's id, which no ARN contains, and the last part of the task's ARN
// (https://github.com/prometheus-community/yet-another-cloudwatch-exporter/pull/492). The names of a serverless task's
// dimensions are not documented, so it searches for their values.
func taskDimensions(ctx context.Context, api Metrics, t TaskStatus) ([]types.Dimension, error) {
	if !task.Serverless(t.Arn) {
		if t.instance == "" {
			return nil, errors.New("AWS did not describe its replication instance")
		}
		return []types.Dimension{dimension("ReplicationInstanceIdentifier", t.instance), dimension("ReplicationTaskIdentifier", task.ResourceID(t.Arn))}, nil
	}
	pages := cloudwatch.NewListMetricsPaginator(api, &cloudwatch.ListMetricsInput{Namespace: aws.String(dmsMetrics), MetricName: aws.String(sourceLatency), RecentlyActive: types.RecentlyActivePt3h})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("listing the metrics: %w", err)
		}
		for _, m := range page.Metrics {
			if measures(m.Dimensions, t) {
				return m.Dimensions, nil
			}
		}
	}
	return nil, nil // there is no measurement yet
}

// measures reports whether a metric belongs to a serverless task. A task on an instance, or its instance, may have the
// same name.
func measures(dimensions []types.Dimension, t TaskStatus) bool {
	its := func(d types.Dimension) bool {
		return slices.Contains([]string{task.ResourceID(t.Arn), t.ID, t.Arn}, aws.ToString(d.Value))
	}
	other := func(d types.Dimension) bool { return aws.ToString(d.Name) == "ReplicationTaskIdentifier" && !its(d) }
	return slices.ContainsFunc(dimensions, its) && !slices.ContainsFunc(dimensions, other)
}

// readLag reads the latest point of every figure in one call.
func readLag(ctx context.Context, api Metrics, o outputs.Outputs, task TaskStatus, now time.Time) Lag {
	var lag Lag
	dimensions, err := taskDimensions(ctx, api, task)
	if err != nil {
		lag.Error = "the task's latencies are unknown: " + explain(ctx, err)
	}
	figures := lag.figures(o, dimensions)
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

// latest finds the latest point in any order of points.
func latest(result types.MetricDataResult) float64 {
	value, at := result.Values[0], time.Time{}
	for i, t := range result.Timestamps {
		if i < len(result.Values) && t.After(at) {
			value, at = result.Values[i], t
		}
	}
	return value
}
