package status

import (
	"cdcpipeline/internal/currentstate"
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cwtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	dms "github.com/aws/aws-sdk-go-v2/service/databasemigrationservice"
	"github.com/aws/aws-sdk-go-v2/service/databasemigrationservice/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
)

const (
	taskArn     = "arn:aws:dms:us-east-1:123456789012:task:TASK7RESOURCE"
	instanceArn = "arn:aws:dms:us-east-1:123456789012:rep:INSTANCE7RESOURCE"
)

var (
	errRefused = errors.New("AccessDeniedException: not allowed")
	noon       = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
)

// look is how the task is at one look; the last one stays.
type look struct {
	state, reason, failure string
	stopped                time.Time
	tables                 []types.TableStatistics
}

// fakeDMS has one task, which is as its looks say, one after the other.
type fakeDMS struct {
	mu    sync.Mutex
	kind  types.MigrationTypeValue
	ran   bool
	looks []look
	// what the task looks like after a call
	onStart, onStop, onReload []look
	startErrors               []error
	stopErr, reloadErr        error
	// connections by endpoint: their states, one after the other
	connections map[string][]string
	tested      []string
	// failing operations by name
	failing map[string]error
	calls   []string
	hang    bool
}

func (f *fakeDMS) begin(ctx context.Context, call string) error {
	f.calls = append(f.calls, call)
	if f.hang {
		f.mu.Unlock() // a lock that is held is no idle in virtual time
		<-ctx.Done()
		f.mu.Lock()
		return ctx.Err()
	}
	return f.failing[call]
}

func (f *fakeDMS) DescribeReplicationTasks(ctx context.Context, _ *dms.DescribeReplicationTasksInput, _ ...func(*dms.Options)) (*dms.DescribeReplicationTasksOutput, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.begin(ctx, "describe"); err != nil {
		return nil, err
	}
	if len(f.looks) == 0 {
		return &dms.DescribeReplicationTasksOutput{}, nil
	}
	l := f.looks[0]
	if len(f.looks) > 1 {
		f.looks = f.looks[1:]
	}
	task := types.ReplicationTask{
		ReplicationTaskArn: aws.String(taskArn), ReplicationTaskIdentifier: aws.String("cdc-dev"), ReplicationInstanceArn: aws.String(instanceArn),
		SourceEndpointArn: aws.String("source-arn"), TargetEndpointArn: aws.String("target-arn"), Status: aws.String(l.state), MigrationType: f.kind,
	}
	if task.MigrationType == "" {
		task.MigrationType = types.MigrationTypeValueFullLoadAndCdc
	}
	if l.reason != "" {
		task.StopReason = aws.String(l.reason)
	}
	if l.failure != "" {
		task.LastFailureMessage = aws.String(l.failure)
	}
	if f.ran {
		task.ReplicationTaskStats = &types.ReplicationTaskStats{StartDate: aws.Time(noon.Add(-time.Hour))}
		if !l.stopped.IsZero() {
			task.ReplicationTaskStats.StopDate = aws.Time(l.stopped)
		}
	}
	return &dms.DescribeReplicationTasksOutput{ReplicationTasks: []types.ReplicationTask{task}}, nil
}

func (f *fakeDMS) DescribeReplicationInstances(ctx context.Context, _ *dms.DescribeReplicationInstancesInput, _ ...func(*dms.Options)) (*dms.DescribeReplicationInstancesOutput, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return &dms.DescribeReplicationInstancesOutput{ReplicationInstances: []types.ReplicationInstance{
		{ReplicationInstanceArn: aws.String(instanceArn), ReplicationInstanceIdentifier: aws.String("cdc-dev-instance")},
	}}, f.begin(ctx, "instance")
}

// DescribeTableStatistics gives one table on a page.
func (f *fakeDMS) DescribeTableStatistics(ctx context.Context, in *dms.DescribeTableStatisticsInput, _ ...func(*dms.Options)) (*dms.DescribeTableStatisticsOutput, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.begin(ctx, "tables"); err != nil {
		return nil, err
	}
	tables := f.looks[0].tables
	var page int
	_, _ = fmt.Sscan(aws.ToString(in.Marker), &page)
	if page >= len(tables) {
		return &dms.DescribeTableStatisticsOutput{}, nil
	}
	out := &dms.DescribeTableStatisticsOutput{TableStatistics: tables[page : page+1]}
	if page+1 < len(tables) {
		out.Marker = aws.String(fmt.Sprint(page + 1))
	}
	return out, nil
}

func (f *fakeDMS) StartReplicationTask(_ context.Context, in *dms.StartReplicationTaskInput, _ ...func(*dms.Options)) (*dms.StartReplicationTaskOutput, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.calls = append(f.calls, "start "+string(in.StartReplicationTaskType))
	if len(f.startErrors) > 0 {
		err := f.startErrors[0]
		f.startErrors = f.startErrors[1:]
		return nil, err
	}
	f.ran = true
	if f.onStart != nil {
		f.looks = f.onStart
	}
	return &dms.StartReplicationTaskOutput{}, nil
}

func (f *fakeDMS) StopReplicationTask(context.Context, *dms.StopReplicationTaskInput, ...func(*dms.Options)) (*dms.StopReplicationTaskOutput, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.calls = append(f.calls, "stop")
	if f.onStop != nil {
		f.looks = f.onStop
	}
	return &dms.StopReplicationTaskOutput{}, f.stopErr
}

func (f *fakeDMS) ReloadTables(_ context.Context, in *dms.ReloadTablesInput, _ ...func(*dms.Options)) (*dms.ReloadTablesOutput, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	call := "reload " + string(in.ReloadOption)
	for _, t := range in.TablesToReload {
		call += " " + *t.SchemaName + "." + *t.TableName
	}
	f.calls = append(f.calls, call)
	if f.onReload != nil {
		f.looks = f.onReload
	}
	return &dms.ReloadTablesOutput{}, f.reloadErr
}

func (f *fakeDMS) TestConnection(_ context.Context, in *dms.TestConnectionInput, _ ...func(*dms.Options)) (*dms.TestConnectionOutput, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.tested = append(f.tested, *in.EndpointArn)
	return &dms.TestConnectionOutput{}, f.failing["test "+*in.EndpointArn]
}

func (f *fakeDMS) DescribeConnections(_ context.Context, in *dms.DescribeConnectionsInput, _ ...func(*dms.Options)) (*dms.DescribeConnectionsOutput, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	endpoint := in.Filters[0].Values[0]
	states := f.connections[endpoint]
	if len(states) == 0 {
		return &dms.DescribeConnectionsOutput{}, nil
	}
	if len(states) > 1 {
		f.connections[endpoint] = states[1:]
	}
	if states[0] == "unlisted" {
		return nil, &types.ResourceNotFoundFault{Message: aws.String("No connections found")}
	}
	return &dms.DescribeConnectionsOutput{Connections: []types.Connection{{
		EndpointArn: &endpoint, ReplicationInstanceArn: aws.String(instanceArn), EndpointIdentifier: aws.String("cdc-" + endpoint),
		Status: aws.String(states[0]), LastFailureMessage: aws.String("timed out"),
	}}}, nil
}

// done are the calls that change something.
func (f *fakeDMS) done() []string {
	var changes []string
	for _, c := range f.calls {
		if c != "describe" && c != "instance" && c != "tables" {
			changes = append(changes, c)
		}
	}
	return changes
}

// fakeMetrics has points by namespace, metric and the values of its dimensions.
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
			result.Timestamps = append(result.Timestamps, in.StartTime.Add(time.Duration(i+1)*time.Minute)) // the last one is the latest
		}
		out.MetricDataResults = append(out.MetricDataResults, result)
	}
	return out, nil
}

// fakeObjects gives one object on a page, of the bucket lake below errors/; and what Lambda has given up.
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
	epochs              []currentstate.TableEpochs
	epochsErr           error
	indices             []Index
	healthErr, indexErr error
	pattern             *string
	closed              *bool
}

func (f fakeCluster) Health(context.Context) (string, error) { return f.health, f.healthErr }

func (f fakeCluster) Indices(_ context.Context, pattern string) ([]Index, error) {
	if f.pattern != nil {
		*f.pattern = pattern
	}
	return f.indices, f.indexErr
}

func (f fakeCluster) Epochs(context.Context) ([]currentstate.TableEpochs, error) {
	return f.epochs, f.epochsErr
}

func (f fakeCluster) Close() error {
	if f.closed != nil {
		*f.closed = true
	}
	return nil
}
