package cloudwatch

import (
	"cdcpipeline/internal/operator/status"
	"cdcpipeline/internal/outputs"
	"cdcpipeline/rehearsal/standins/account"
	"cdcpipeline/rehearsal/standins/dms"
	"cdcpipeline/rehearsal/standins/firehose"
	"cdcpipeline/rehearsal/stores/storestest"
	"context"
	"errors"
	"log/slog"
	"os"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cwtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	api "github.com/aws/aws-sdk-go-v2/service/databasemigrationservice"
	"github.com/aws/aws-sdk-go-v2/service/databasemigrationservice/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/stretchr/testify/require"
)

func TestMain(m *testing.M) { os.Exit(storestest.Run(m)) }

type fakeTasks struct {
	arn    string
	behind atomic.Int64 // seconds
}

func (f *fakeTasks) Latencies() map[string]dms.Latency {
	return map[string]dms.Latency{f.arn: {Source: 2 * time.Second, Target: time.Duration(f.behind.Load()) * time.Second}}
}

type fakeDeliveries struct{}

func (fakeDeliveries) Stats() map[string]firehose.Stats {
	return map[string]firehose.Stats{"to-search": {Oldest: 4 * time.Second}, "to-lake": {Oldest: 59 * time.Second}}
}

func (fakeDeliveries) Readings() map[string]firehose.Reading {
	return map[string]firehose.Reading{
		"to-search": {Stream: "changes", Search: true, Age: 250 * time.Millisecond}, "to-lake": {Stream: "changes", Age: 100 * time.Millisecond},
	}
}

type fakeDatabases struct{}

func (fakeDatabases) LogsKept(context.Context) (map[string]int64, error) {
	return map[string]int64{"shop": 1 << 20}, nil
}

// declare makes a task in the control plane.
func declare(t *testing.T, acc account.Account) (task string) {
	t.Helper()
	client := api.NewFromConfig(acc.Config())
	instance, err := client.CreateReplicationInstance(t.Context(), &api.CreateReplicationInstanceInput{
		ReplicationInstanceIdentifier: aws.String("the-instance"), ReplicationInstanceClass: aws.String("dms.t3.micro"),
	})
	require.NoError(t, err)
	made, err := client.CreateReplicationTask(t.Context(), &api.CreateReplicationTaskInput{
		ReplicationTaskIdentifier: aws.String("the-task"), ReplicationInstanceArn: instance.ReplicationInstance.ReplicationInstanceArn,
		SourceEndpointArn: aws.String("arn:aws:dms:us-east-1:123456789012:endpoint:a"), TargetEndpointArn: aws.String("arn:aws:dms:us-east-1:123456789012:endpoint:b"),
		MigrationType: types.MigrationTypeValueCdc, TableMappings: aws.String("{}"),
	})
	require.NoError(t, err)
	return aws.ToString(made.ReplicationTask.ReplicationTaskArn)
}

func TestStatusReadsWhatIsPublished(t *testing.T) {
	acc := account.New(storestest.Moto(t))
	tasks := &fakeTasks{arn: declare(t, acc)}
	tasks.behind.Store(3)
	stop := Start(t.Context(), acc, tasks, fakeDeliveries{}, fakeDatabases{}, 200*time.Millisecond, slog.New(slog.NewTextHandler(t.Output(), nil)))
	defer stop()
	stack := status.Stack{
		DMS: api.NewFromConfig(acc.Config()), CloudWatch: cloudwatch.NewFromConfig(acc.Config()),
		S3:     s3.NewFromConfig(acc.Config(), func(o *s3.Options) { o.UsePathStyle = true }),
		Search: func(context.Context) (status.Cluster, error) { return nil, errors.New("there is no domain") },
	}
	stack.Sources = []status.Source{{Outputs: outputs.Outputs{TaskArn: tasks.arn, StreamName: "changes", SearchDeliveryName: "to-search", LakeDeliveryName: "to-lake", LakeBucket: "lake"}}}
	lag := func() status.Lag { return stack.Read(t.Context(), status.Options{}).Lag }
	require.Eventually(t, func() bool { return lag().TargetSeconds != nil }, 20*time.Second, 100*time.Millisecond)
	require.Eventually(t, func() bool { return lag().StreamSeconds != nil && lag().LakeSeconds != nil }, 20*time.Second, 100*time.Millisecond)
	got := lag()
	require.Empty(t, got.Error)
	for name, c := range map[string]struct {
		want float64
		got  *float64
	}{"source": {2, got.SourceSeconds}, "target": {3, got.TargetSeconds}, "stream": {0.25, got.StreamSeconds}, "search": {4, got.SearchSeconds}, "lake": {59, got.LakeSeconds}} {
		require.NotNil(t, c.got, name)
		require.InDelta(t, c.want, *c.got, 0.001, name)
	}
	out, err := cloudwatch.NewFromConfig(acc.Config()).GetMetricStatistics(t.Context(), &cloudwatch.GetMetricStatisticsInput{
		Namespace: aws.String("AWS/RDS"), MetricName: aws.String("TransactionLogsDiskUsage"), Period: aws.Int32(60), Statistics: []cwtypes.Statistic{cwtypes.StatisticMaximum},
		Dimensions: []cwtypes.Dimension{dimension("DBClusterIdentifier", "shop"), dimension("Role", "WRITER")},
		StartTime:  aws.Time(time.Now().Add(-time.Hour)), EndTime: aws.Time(time.Now().Add(time.Minute)),
	})
	require.NoError(t, err)
	require.NotEmpty(t, out.Datapoints)
	require.InDelta(t, 1<<20, *out.Datapoints[0].Maximum, 0)
	tasks.behind.Store(240)
	require.Eventually(t, func() bool { return *lag().TargetSeconds == 240 }, 20*time.Second, 200*time.Millisecond, "a later point wins")
}
