package status

import (
	"cdcpipeline/internal/currentstate"
	"cdcpipeline/internal/operator/ddl"
	"cdcpipeline/internal/outputs"
	"cdcpipeline/internal/table"
	"cdcpipeline/internal/task"
	"cdcpipeline/internal/task/tasktest"
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	dms "github.com/aws/aws-sdk-go-v2/service/databasemigrationservice"
	"github.com/aws/aws-sdk-go-v2/service/databasemigrationservice/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/stretchr/testify/require"
)

// tasks maps ARNs to tasks.
type tasks map[string]*tasktest.DMS

func (f tasks) DescribeReplicationTasks(ctx context.Context, in *dms.DescribeReplicationTasksInput, o ...func(*dms.Options)) (*dms.DescribeReplicationTasksOutput, error) {
	arn := in.Filters[0].Values[0]
	out, err := f[arn].DescribeReplicationTasks(ctx, in, o...)
	if err == nil {
		out.ReplicationTasks[0].ReplicationTaskArn = &arn
	}
	return out, err
}

func (f tasks) DescribeTableStatistics(ctx context.Context, in *dms.DescribeTableStatisticsInput, o ...func(*dms.Options)) (*dms.DescribeTableStatisticsOutput, error) {
	return f[*in.ReplicationTaskArn].DescribeTableStatistics(ctx, in, o...)
}

func (f tasks) DescribeReplicationInstances(ctx context.Context, in *dms.DescribeReplicationInstancesInput, o ...func(*dms.Options)) (*dms.DescribeReplicationInstancesOutput, error) {
	return f[tasktest.TaskArn].DescribeReplicationInstances(ctx, in, o...)
}

func (f tasks) DescribeReplications(ctx context.Context, in *dms.DescribeReplicationsInput, o ...func(*dms.Options)) (*dms.DescribeReplicationsOutput, error) {
	return f[tasktest.TaskArn].DescribeReplications(ctx, in, o...)
}

func (f tasks) DescribeReplicationTableStatistics(ctx context.Context, in *dms.DescribeReplicationTableStatisticsInput, o ...func(*dms.Options)) (*dms.DescribeReplicationTableStatisticsOutput, error) {
	return f[tasktest.TaskArn].DescribeReplicationTableStatistics(ctx, in, o...)
}

// keys lists the keys in the lake's bucket.
type keys []string

func (f keys) ListObjectsV2(_ context.Context, in *s3.ListObjectsV2Input, _ ...func(*s3.Options)) (*s3.ListObjectsV2Output, error) {
	out := &s3.ListObjectsV2Output{}
	for _, key := range f {
		if strings.HasPrefix(key, *in.Prefix) {
			out.Contents = append(out.Contents, s3types.Object{Key: aws.String(key), Size: aws.Int64(500), LastModified: aws.Time(tasktest.Noon)})
		}
	}
	return out, nil
}

// shared imitates the search that two sources share.
type shared struct {
	indices map[string]Index
	epochs  map[currentstate.Place][]currentstate.TableEpochs
	health  error
	opened  *int
}

func (f shared) Health(context.Context) (Health, error) { return Health{Cluster: "green"}, f.health }

func (f shared) Indices(_ context.Context, source currentstate.Source, history string) ([]Index, error) {
	one, ok := f.indices[string(source)+" "+history]
	if !ok {
		return nil, errors.New("no history " + history)
	}
	return []Index{one}, nil
}

func (f shared) Epochs(_ context.Context, o currentstate.EpochsOptions) ([]currentstate.TableEpochs, error) {
	return f.epochs[o.Registry], nil
}

func (f shared) Close() error { return nil }

const otherTask = "arn:aws:dms:us-east-1:123456789012:task:OTHER"

// twoSources have the same table. The unnamed source is healthy, and everything is wrong with orders.
func twoSources() (Stack, *shared) {
	unnamed := outputs.Outputs{
		TaskArn: tasktest.TaskArn, StreamName: "changes", HistoryIndex: "retail-trans", CurrentFunctionName: "current", LakeBucket: "lake", LakeErrorPrefix: "errors", Tables: []string{"shop.orders"},
	}
	other := outputs.Outputs{
		Source: "orders", TaskArn: otherTask, StreamName: "orders-changes", HistoryIndex: "orders-retail-trans", CurrentFunctionName: "orders-current", LakeBucket: "lake",
		LakeErrorPrefix: "errors/source=orders", Tables: []string{"shop.orders", "shop.lines"},
	}
	well, failed := tasktest.TableAt("shop.orders", task.TableCompleted, tasktest.Noon.Add(-time.Hour), 20), tasktest.TableAt("shop.orders", task.TableError, tasktest.Noon.Add(-time.Hour), 20)
	epochs := func(shown int) []currentstate.TableEpochs {
		return []currentstate.TableEpochs{{Name: table.Name{Database: "shop", Table: "orders"}, Epochs: []currentstate.Epoch{{Number: 1}, {Number: 2}}, Current: shown}}
	}
	opened := 0
	cluster := &shared{
		indices: map[string]Index{" retail-trans": {"retail-trans-2026-11-23", 7, 700}, "orders orders-retail-trans": {"orders-retail-trans-2026-11-23", 9, 900}},
		epochs:  map[currentstate.Place][]currentstate.TableEpochs{"current": epochs(2), "current-orders": epochs(1)}, opened: &opened,
	}
	dropped := &fakeDatabase{kept: map[string]ddl.Known{}, tables: map[table.Name]*ddl.Table{}}
	return Stack{
		DMS:        tasks{tasktest.TaskArn: {Ran: true, Looks: []tasktest.Look{tasktest.Running(well)}}, otherTask: {Ran: true, Looks: []tasktest.Look{{State: "stopped", Tables: []types.TableStatistics{failed}}}}},
		CloudWatch: fakeMetrics{points: map[string][]float64{iteratorAge: {1000}, strings.Replace(iteratorAge, "=changes", "=orders-changes", 1): {600_000}}},
		S3:         keys{"errors/source=orders/current/x", "errors/source=orders/lake/y"},
		Search:     func(context.Context) (Cluster, error) { opened++; return *cluster, nil },
		Sources: []Source{
			{Outputs: unnamed, Registry: currentstate.EpochsOptions{Registry: "current"}, Database: func(context.Context) (Database, error) { return wellDatabase(), nil }, Kept: wellDatabase()},
			{Outputs: other, Registry: currentstate.EpochsOptions{Registry: "current-orders"}, Database: func(context.Context) (Database, error) { return dropped, nil }, Kept: dropped},
		},
	}, cluster
}

func readAtNoon(t *testing.T, s Stack) Status {
	t.Helper()
	return s.Read(t.Context(), Options{Now: func() time.Time { return tasktest.Noon }})
}

func TestEachSourceHasAStatusOfItsOwnAndHealthIsOfAll(t *testing.T) {
	stack, cluster := twoSources()
	s := readAtNoon(t, stack)
	require.Equal(t, 1, *cluster.opened, "what all share is asked once")
	require.False(t, s.Healthy)
	require.Empty(t, s.SourceStatus.judge(stack.Sources[0].Outputs, SearchStatus{}, MaxLag), "nothing of the other source is the unnamed one's")
	require.Equal(t, []any{"running", 1.0, int64(0), int64(7), 2}, []any{s.Task.State, *s.Lag.StreamSeconds, s.Parked.Objects, s.Search.Indices[0].Documents, s.Current.Tables[0].Shown})
	orders := s.Sources["orders"]
	require.False(t, orders.Healthy)
	require.Equal(t, []any{"stopped", 600.0, int64(2), int64(9), 1}, []any{orders.Task.State, *orders.Lag.StreamSeconds, orders.Parked.Objects, orders.Search.Indices[0].Documents, orders.Current.Tables[0].Shown})
	require.Equal(t, []string{"green", "green"}, []string{s.Search.Cluster, orders.Search.Cluster})
	for _, want := range []string{
		"the task is stopped: run `cdc start --source orders`", "table shop.lines is not loaded: run `cdc start --source orders --reload-table shop.lines`",
		"then run `cdc start --source orders --reload-table shop.orders`", "`cdc replay --source orders --parked-only`, and those of the lake's tables with `cdc tables replay --source orders`", "`cdc epoch switch --source orders --table shop.orders`",
	} {
		require.Contains(t, strings.Join(orders.Problems, "\n"), want)
		require.Contains(t, strings.Join(s.Problems, "\n"), want)
	}
	for _, p := range s.Problems {
		require.True(t, strings.HasPrefix(p, "source orders: "), p)
	}
	var text strings.Builder
	require.NoError(t, s.WriteTable(&text, false))
	golden(t, "sources.golden.txt", text.String())
}

func TestTheJSONHasASourceByItsNameBesideTheUnnamedOnesKeys(t *testing.T) {
	stack, _ := twoSources()
	var read map[string]any
	keysOf := func(s Status) map[string]any {
		form, err := json.Marshal(s)
		require.NoError(t, err)
		read = nil
		require.NoError(t, json.Unmarshal(form, &read))
		return read
	}
	all := keysOf(readAtNoon(t, stack))
	require.Equal(t, "running", all["task"].(map[string]any)["state"])
	require.Equal(t, "stopped", all["sources"].(map[string]any)["orders"].(map[string]any)["task"].(map[string]any)["state"])
	unnamed := stack
	unnamed.Sources = stack.Sources[:1]
	require.NotContains(t, keysOf(readAtNoon(t, unnamed)), "sources")
	named := stack
	named.Sources = stack.Sources[1:]
	s := readAtNoon(t, named)
	require.NotContains(t, keysOf(s), "task", "there is no unnamed source")
	require.Contains(t, read, "sources")
	var text strings.Builder
	require.NoError(t, s.WriteTable(&text, false))
	require.Contains(t, text.String(), "the source orders")
	require.NotContains(t, text.String(), "without a name")
}

func TestWhatAllShareIsSaidOnceWhenItCannotBeRead(t *testing.T) {
	stack, cluster := twoSources()
	stack.Sources[1] = stack.Sources[0]
	stack.Sources[1].Outputs.Source = "orders"
	cluster.health = errors.New("no health")
	require.Equal(t, []string{"cannot read the search: no health"}, readAtNoon(t, stack).Problems)
	cluster.health = nil
	require.Equal(t, []string{"source orders: cannot read the search: no history retail-trans"}, readAtNoon(t, stack).Problems)
}
