package status

import (
	"cdcpipeline/internal/currentstate"
	"cdcpipeline/internal/outputs"
	"cdcpipeline/internal/table"
	"cdcpipeline/internal/task"
	"cdcpipeline/internal/task/tasktest"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/databasemigrationservice/types"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write the golden files")

// golden compares text with a file under testdata.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		require.NoError(t, os.WriteFile(path, []byte(got), 0o600))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, string(want), got)
}

var stackOutputs = outputs.Outputs{
	TaskArn: tasktest.TaskArn, StreamName: "changes", SearchDeliveryName: "to-search", LakeDeliveryName: "to-lake",
	HistoryIndex: "retail-trans", CurrentFunctionName: "current-state", LakeBucket: "lake", LakeErrorPrefix: "errors", CurrentFailedPrefix: "aws/lambda/mapping/",
	Tables: []string{"testdb.retail_trans", "shop.%"},
}

const (
	onInstance    = " ReplicationInstanceIdentifier=cdc-dev-instance ReplicationTaskIdentifier=TASK7RESOURCE"
	sourceSeconds = "AWS/DMS CDCLatencySource" + onInstance
	targetSeconds = "AWS/DMS CDCLatencyTarget" + onInstance
	iteratorAge   = "AWS/Kinesis GetRecords.IteratorAgeMilliseconds StreamName=changes"
	searchHolds   = "AWS/Firehose DeliveryToAmazonOpenSearchService.DataFreshness DeliveryStreamName=to-search"
	lakeHolds     = "AWS/Firehose DeliveryToS3.DataFreshness DeliveryStreamName=to-lake"
)

// parts holds everything that a status reads. Tests change some of it.
type parts struct {
	outputs outputs.Outputs
	dms     *tasktest.DMS
	metrics fakeMetrics
	objects fakeObjects
	cluster fakeCluster
	tables  *LakeTables
	open    error
	maxLag  time.Duration
}

func wellParts() *parts {
	retail, orders := tasktest.TableAt("testdb.retail_trans", task.TableCompleted, tasktest.Noon.Add(-30*time.Minute), 3000), tasktest.TableAt("shop.orders", task.TableCompleted, tasktest.Noon.Add(-30*time.Minute), 20)
	retail.Inserts, retail.Updates, retail.Deletes, retail.Ddls = 7012, 2004, 984, 1
	return &parts{
		outputs: stackOutputs,
		dms:     &tasktest.DMS{Ran: true, Looks: []tasktest.Look{tasktest.Running(retail, orders)}},
		metrics: fakeMetrics{points: map[string][]float64{
			sourceSeconds: {90, 1}, targetSeconds: {2}, iteratorAge: {250}, searchHolds: {4}, lakeHolds: {59.6},
		}},
		cluster: fakeCluster{health: "yellow", epochs: []currentstate.TableEpochs{
			{Name: table.Name{Database: "shop", Table: "orders"}, Epochs: []currentstate.Epoch{{Number: 1}}, Current: 1},
			{Name: table.Name{Database: "testdb", Table: "retail_trans"}, Epochs: []currentstate.Epoch{{Number: 1}, {Number: 2, Since: tasktest.Noon.Add(-30 * time.Minute)}}, Current: 2},
		}, indices: []Index{{"retail-trans-2026-11-22", 9000, 1_250_000}, {"retail-trans-2026-11-23", 4020, 640_000}}},
	}
}

func (p *parts) stack(of ...Source) Stack {
	return Stack{DMS: p.dms, CloudWatch: p.metrics, S3: p.objects, Search: func(context.Context) (Cluster, error) { return p.cluster, p.open }, Sources: of}
}

func (p *parts) read(t *testing.T) Status {
	t.Helper()
	stack := p.stack(Source{Outputs: p.outputs, LakeTables: p.tables})
	return stack.Read(t.Context(), Options{Now: func() time.Time { return tasktest.Noon }, MaxLag: p.maxLag})
}

func (p *parts) goldens(t *testing.T, name string) {
	t.Helper()
	status := p.read(t)
	var text strings.Builder
	require.NoError(t, status.WriteTable(&text, false))
	golden(t, name+".golden.txt", text.String())
	form, err := json.MarshalIndent(status, "", "  ")
	require.NoError(t, err)
	golden(t, name+".golden.json", string(form)+"\n")
}

func TestHealthyStatus(t *testing.T) {
	p := wellParts()
	require.True(t, p.read(t).Healthy)
	p.goldens(t, "healthy")
}

func TestBatchesThatLambdaHasGivenUpAreParkedObjectsToo(t *testing.T) {
	p := wellParts()
	p.objects.failed = []s3types.Object{{Key: aws.String("aws/lambda/mapping/shard/x"), Size: aws.Int64(700), LastModified: aws.Time(tasktest.Noon)}}
	status := p.read(t)
	require.False(t, status.Healthy)
	require.EqualValues(t, 1, status.Parked.Objects)
	require.Equal(t, "aws/lambda/mapping/shard/x", status.Parked.Newest)
}

func TestUnhealthyStatus(t *testing.T) {
	p := wellParts()
	p.dms.Looks = []tasktest.Look{{
		State: "failed", Reason: "Stop Reason FATAL_ERROR Error Level FATAL", Failure: "Last Error A value is longer than LobMaxSize", Stopped: tasktest.Noon.Add(-time.Minute),
		Tables: []types.TableStatistics{tasktest.TableAt("testdb.retail_trans", task.TableError, time.Time{}, 12)},
	}}
	p.metrics = fakeMetrics{points: map[string][]float64{iteratorAge: {601_000}}}
	p.objects.objects = []s3types.Object{
		{Key: aws.String("errors/search/b"), Size: aws.Int64(2_000), LastModified: aws.Time(tasktest.Noon.Add(-time.Hour))},
		{Key: aws.String("errors/lake/a"), Size: aws.Int64(500), LastModified: aws.Time(tasktest.Noon.Add(-2 * time.Hour))},
	}
	p.open = errors.New("instance i-0123456789abcdef0 has not registered with SSM yet")
	p.goldens(t, "unhealthy")
}

func TestEmptyStatusWhenNothingCanBeRead(t *testing.T) {
	p := wellParts()
	p.dms.Failing = map[string]error{"describe": tasktest.ErrRefused, "tables": tasktest.ErrRefused}
	p.metrics.err, p.objects.err, p.open = tasktest.ErrRefused, tasktest.ErrRefused, tasktest.ErrRefused
	p.goldens(t, "unreadable")
}

func TestStateOfTheTaskDecides(t *testing.T) {
	for state, problem := range map[string]string{
		"running":   "",
		"ready":     "the task is ready: run `cdc start`",
		"stopped":   "the task is stopped: run `cdc start`",
		"failed":    "the task failed: DMS gives no message",
		"starting":  "the task is starting and not running yet: wait, then look again",
		"stopping":  "the task is stopping and not running yet: wait, then look again",
		"modifying": "the task is modifying and not running yet: wait, then look again",
		"testing":   "the task is testing and not running yet: wait, then look again",
		"creating":  "the task is creating and not running yet: wait, then look again",
		"moving":    "the task is moving and not running yet: wait, then look again",
		"deleting":  "the task is deleting and not running yet: wait, then look again",
	} {
		p := wellParts()
		p.dms.Looks[0].State = state
		s := p.read(t)
		require.Equal(t, problem == "", s.Healthy, state)
		require.Contains(t, strings.Join(s.Problems, "\n"), problem)
	}
	p := wellParts()
	p.dms.Looks[0].State, p.dms.Looks[0].Reason = "stopped", "Stop Reason FULL_LOAD_ONLY_FINISHED"
	require.True(t, p.read(t).Healthy, "a task that only loads has done its work")
}

func TestEachProblemIsNamedAndMakesTheStatusUnhealthy(t *testing.T) {
	for problem, change := range map[string]func(*parts){
		"cannot read the task: reading the task " + tasktest.TaskArn + ": AccessDenied": func(p *parts) { p.dms.Failing = map[string]error{"describe": tasktest.ErrRefused} },
		"cannot read the task: reading the replication instance":                        func(p *parts) { p.dms.Failing = map[string]error{"instance": tasktest.ErrRefused} },
		"cannot read the lag: the task's latencies are unknown":                         func(p *parts) { p.dms.Failing = map[string]error{"instance": tasktest.ErrRefused} },
		"does not exist: `pulumi up --refresh --run-program` makes it again": func(p *parts) {
			p.dms.Looks = []tasktest.Look{}
			p.dms.Failing = map[string]error{"tables": tasktest.ErrRefused}
		},
		"cannot read the tables: reading the table statistics: AccessDenied":                                       func(p *parts) { p.dms.Failing = map[string]error{"tables": tasktest.ErrRefused} },
		"cannot read the lag: reading the metrics: AccessDenied":                                                   func(p *parts) { p.metrics.err = tasktest.ErrRefused },
		"cannot read the parked objects: listing s3://lake/errors/: AccessDen":                                     func(p *parts) { p.objects.err = tasktest.ErrRefused },
		"cannot read the search: AccessDenied":                                                                     func(p *parts) { p.open = tasktest.ErrRefused },
		"cannot read the search: no health":                                                                        func(p *parts) { p.cluster.healthErr = errors.New("no health\nwith details") },
		"cannot read the search: no indices":                                                                       func(p *parts) { p.cluster.indexErr = errors.New("no indices") },
		"the domain is red":                                                                                        func(p *parts) { p.cluster.health = "red" },
		"the task is 2m1s late in reading the database, more than 2m0s":                                            func(p *parts) { p.metrics.points[sourceSeconds] = []float64{1, 121} },
		"the task is 11s late in writing to the stream, more than 10s":                                             func(p *parts) { p.metrics.points[targetSeconds] = []float64{11}; p.maxLag = 10 * time.Second },
		"a consumer is 10m0s late in reading the stream":                                                           func(p *parts) { p.metrics.points[iteratorAge] = []float64{600_000} },
		"the search delivery has held a record for 20m1s, more than 20m0s":                                         func(p *parts) { p.metrics.points[searchHolds] = []float64{1201} },
		"the lake delivery has held a record for 1h0m0s":                                                           func(p *parts) { p.metrics.points[lakeHolds] = []float64{3600} },
		"1 object is parked, the newest s3://lake/":                                                                func(p *parts) { p.objects.objects = []s3types.Object{{Key: aws.String("errors/x")}} },
		"table shop.orders: Table cancelled: read the task's log, then run `cdc start --reload-table shop.orders`": func(p *parts) { p.dms.Looks[0].Tables[1].TableState = aws.String(task.TableCancelled) },
		"the current index of testdb.retail_trans shows epoch 1, with the rows as of 2026-11-23T11:30:00Z, but epoch 2 is the latest: run `cdc epoch switch --table testdb.retail_trans` when it is loaded": func(p *parts) { p.cluster.epochs[1].Current = 1 },
		"the alias of shop.orders shows none of its epochs":                 func(p *parts) { p.cluster.epochs[0].Current = 0 },
		"cannot read the current state: AccessDeniedException: not allowed": func(p *parts) { p.cluster.epochsErr = tasktest.ErrRefused },
		"table a.b is not loaded: run `cdc start --reload-table a.b`":       func(p *parts) { p.outputs.Tables = append(p.outputs.Tables, "a.b") },
		"no table of the task matches x.%: check that one exists":           func(p *parts) { p.outputs.Tables = []string{"x.%"} },
		"table shop.new is not loaded":                                      func(p *parts) { p.outputs.TablesNotLoaded = []string{"shop.new"} },
		"table shop.orders is not loaded": func(p *parts) {
			p.outputs.TablesNotLoaded = []string{"shop.orders"}
			p.dms.Looks[0].Tables[1].FullLoadEndTime = nil
		},
	} {
		t.Run(problem, func(t *testing.T) {
			p := wellParts()
			p.outputs.Tables = append([]string{}, p.outputs.Tables...)
			change(p)
			s := p.read(t)
			require.False(t, s.Healthy)
			require.Contains(t, strings.Join(s.Problems, "\n"), problem)
		})
	}
}

func TestTableLoadedSinceItWasAddedIsNoProblem(t *testing.T) {
	p := wellParts()
	p.outputs.TablesNotLoaded = []string{"shop.orders"}
	require.True(t, p.read(t).Healthy)
}

func TestLatenciesOfAServerlessTaskAreFoundByTheirValues(t *testing.T) {
	p := wellParts()
	p.outputs.TaskArn = tasktest.ServerlessArn
	p.metrics = fakeMetrics{points: map[string][]float64{
		// A task on an instance of the same name keeps its metrics for two weeks after its deletion.
		"AWS/DMS CDCLatencySource ReplicationInstanceIdentifier=cdc-dev-replication ReplicationTaskIdentifier=OTHER": {99},
		"AWS/DMS CDCLatencySource SomeIdentifier=cdc-dev-replication":                                                {3},
		"AWS/DMS CDCLatencyTarget SomeIdentifier=cdc-dev-replication":                                                {4},
	}}
	lag := p.read(t).Lag
	require.Empty(t, lag.Error)
	require.InDelta(t, 3, *lag.SourceSeconds, 0)
	require.InDelta(t, 4, *lag.TargetSeconds, 0)
}

func TestEpochsAreAskedForWhereACurrentStateIsKept(t *testing.T) {
	p := wellParts()
	p.cluster.epochs[1].Current = 1
	s := p.read(t)
	require.Equal(t, CurrentTable{Name: "testdb.retail_trans", Shown: 1, Latest: 2, Until: aws.Time(tasktest.Noon.Add(-30 * time.Minute))}, s.Current.Tables[1])
	var text strings.Builder
	require.NoError(t, s.WriteTable(&text, false))
	require.Regexp(t, `│ current │ 1 behind +│ +│ testdb.retail_trans shows epoch 1 of 2 +│`, text.String())
	p.outputs.CurrentFunctionName, p.cluster.epochsErr = "", tasktest.ErrRefused
	require.True(t, p.read(t).Healthy)
}

func TestConfiguredTablesMayHoldWildcards(t *testing.T) {
	for configured, known := range map[string]bool{"a.b": true, "a.%": true, "%.b": true, "a.b%": true, "a.c%": false, "a.bc": false, "b": false, "axb": false} {
		missing := notLoaded(outputs.Outputs{Tables: []string{configured}}, task.Description{}, []types.TableStatistics{tasktest.TableAt("a.b", task.TableCompleted, tasktest.Noon, 1)})
		require.Equal(t, known, len(missing) == 0, configured)
	}
}

func TestSilentSourceDoesNotHoldUpTheOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := wellParts()
		p.dms.Hang = true
		began := time.Now()
		s := p.read(t)
		require.Equal(t, 30*time.Second, time.Since(began))
		require.Contains(t, s.Task.Error, "no answer in time")
		require.Equal(t, "yellow", s.Search.Cluster)
		require.InDelta(t, 4, *s.Lag.SearchSeconds, 0)
	})
}

func TestHistoryIsAskedForWithoutItsAlias(t *testing.T) {
	p := wellParts()
	var closed bool
	var pattern string
	p.cluster.closed, p.cluster.pattern = &closed, &pattern
	p.read(t)
	require.Equal(t, "retail-trans", pattern)
	require.True(t, closed)
}

func TestColourIsForTerminals(t *testing.T) {
	p := wellParts()
	p.open = tasktest.ErrRefused
	var plain, coloured strings.Builder
	s := p.read(t)
	require.NoError(t, s.WriteTable(&plain, false))
	require.NoError(t, s.WriteTable(&coloured, true))
	require.NotContains(t, plain.String(), "\x1b")
	require.Contains(t, coloured.String(), "\x1b[31munreadable\x1b[0m")
}

func TestAmountsArePrintedForPeople(t *testing.T) {
	for n, want := range map[int64]string{0: "0 B", 999: "999 B", 1000: "1.0 kB", 2_340_000: "2.3 MB", 5_000_000_000_000_000: "5000.0 TB"} {
		require.Equal(t, want, bytes(n))
	}
	for seconds, want := range map[float64]string{0: "0s", 0.25: "300ms", 9.96: "10s", 59.6: "1m0s", 4000: "1h6m40s"} {
		require.Equal(t, want, duration(&seconds))
	}
	require.Equal(t, "-", duration(nil))
}
