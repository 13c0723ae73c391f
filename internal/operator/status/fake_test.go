package status

import (
	"cdcpipeline/internal/currentstate"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cwtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// fakeMetrics holds points by namespace, metric and dimension values.
type fakeMetrics struct {
	points map[string][]float64
	err    error
}

func (f fakeMetrics) GetMetricData(_ context.Context, in *cloudwatch.GetMetricDataInput, _ ...func(*cloudwatch.Options)) (*cloudwatch.GetMetricDataOutput, error) {
	if f.err != nil {
		return nil, f.err
	}
	out := &cloudwatch.GetMetricDataOutput{}
	for _, q := range in.MetricDataQueries {
		key := *q.MetricStat.Metric.Namespace + " " + *q.MetricStat.Metric.MetricName
		for _, d := range q.MetricStat.Metric.Dimensions {
			key += " " + *d.Name + "=" + *d.Value
		}
		result := cwtypes.MetricDataResult{Id: q.Id}
		for i, v := range f.points[key] {
			result.Values = append(result.Values, v)
			result.Timestamps = append(result.Timestamps, in.StartTime.Add(time.Duration(i+1)*time.Minute)) // the last point is the latest
		}
		out.MetricDataResults = append(out.MetricDataResults, result)
	}
	return out, nil
}

// ListMetrics returns one metric on each page.
func (f fakeMetrics) ListMetrics(_ context.Context, in *cloudwatch.ListMetricsInput, _ ...func(*cloudwatch.Options)) (*cloudwatch.ListMetricsOutput, error) {
	if f.err != nil {
		return nil, f.err
	}
	keys := slices.Sorted(maps.Keys(f.points))
	var page int
	_, _ = fmt.Sscan(aws.ToString(in.NextToken), &page)
	out := &cloudwatch.ListMetricsOutput{}
	if page+1 < len(keys) {
		out.NextToken = aws.String(fmt.Sprint(page + 1))
	}
	if page < len(keys) {
		parts := strings.Fields(keys[page])
		if parts[0] == *in.Namespace && parts[1] == *in.MetricName {
			metric := cwtypes.Metric{Namespace: &parts[0], MetricName: &parts[1]}
			for _, d := range parts[2:] {
				name, value, _ := strings.Cut(d, "=")
				metric.Dimensions = append(metric.Dimensions, cwtypes.Dimension{Name: &name, Value: &value})
			}
			out.Metrics = append(out.Metrics, metric)
		}
	}
	return out, nil
}

// fakeObjects returns one object on each page. The objects are in the bucket lake below errors/, or are batches that
// Lambda gave up.
type fakeObjects struct {
	objects []s3types.Object
	failed  []s3types.Object
	err     error
}

func (f fakeObjects) ListObjectsV2(_ context.Context, in *s3.ListObjectsV2Input, _ ...func(*s3.Options)) (*s3.ListObjectsV2Output, error) {
	if f.err != nil {
		return nil, f.err
	}
	var page int
	_, _ = fmt.Sscan(aws.ToString(in.ContinuationToken), &page)
	if *in.Bucket == "lake" && *in.Prefix == "aws/lambda/mapping/" {
		return &s3.ListObjectsV2Output{Contents: f.failed}, nil
	}
	if *in.Bucket != "lake" || *in.Prefix != "errors/" || page >= len(f.objects) {
		return &s3.ListObjectsV2Output{}, nil
	}
	out := &s3.ListObjectsV2Output{Contents: f.objects[page : page+1]}
	if page+1 < len(f.objects) {
		out.NextContinuationToken = aws.String(fmt.Sprint(page + 1))
	}
	return out, nil
}

type fakeCluster struct {
	health              string
	collections         []Collection
	epochs              []currentstate.TableEpochs
	epochsErr           error
	indices             []Index
	healthErr, indexErr error
	pattern             *string
	closed              *bool
}

func (f fakeCluster) Health(context.Context) (Health, error) {
	return Health{Cluster: f.health, Collections: f.collections}, f.healthErr
}

func (f fakeCluster) Indices(_ context.Context, _ currentstate.Source, history string) ([]Index, error) {
	if f.pattern != nil {
		*f.pattern = history
	}
	return f.indices, f.indexErr
}

func (f fakeCluster) Epochs(context.Context, currentstate.EpochsOptions) ([]currentstate.TableEpochs, error) {
	return f.epochs, f.epochsErr
}

func (f fakeCluster) Close() error {
	if f.closed != nil {
		*f.closed = true
	}
	return nil
}
