// Package tasktest is a fake of DMS for tests: one task whose state changes with each call that reads it.
package tasktest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	dms "github.com/aws/aws-sdk-go-v2/service/databasemigrationservice"
	"github.com/aws/aws-sdk-go-v2/service/databasemigrationservice/types"
)

// TaskArn and InstanceArn belong to the task and its instance; ServerlessArn is the ARN of a serverless task.
const (
	ServerlessArn = "arn:aws:dms:us-east-1:123456789012:replication-config:cdc-dev-replication"

	TaskArn     = "arn:aws:dms:us-east-1:123456789012:task:TASK7RESOURCE"
	InstanceArn = "arn:aws:dms:us-east-1:123456789012:rep:INSTANCE7RESOURCE"
)

// ErrRefused is an IAM denial; Noon is the time of the tests.
var (
	ErrRefused = errors.New("AccessDeniedException: not allowed")
	Noon       = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
)

// Look is the task's state in one reading; the last one stays.
type Look struct {
	State, Reason, Failure string
	Stopped                time.Time
	Tables                 []types.TableStatistics
}

// States are looks that differ only in the state.
func States(all ...string) []Look {
	looks := make([]Look, len(all))
	for i, s := range all {
		looks[i] = Look{State: s}
	}
	return looks
}

// Running is a look at a running task with tables.
func Running(all ...types.TableStatistics) Look { return Look{State: "running", Tables: all} }

// TableAt is a table, database.table, in a state, with the time of its load; zero without one. The load of a table
// with rows has begun.
func TableAt(name, state string, loaded time.Time, rows int64) types.TableStatistics {
	database, short, _ := strings.Cut(name, ".")
	s := types.TableStatistics{SchemaName: &database, TableName: &short, TableState: &state, FullLoadRows: rows}
	if rows > 0 {
		s.FullLoadStartTime = aws.Time(Noon.Add(-time.Hour))
	}
	if !loaded.IsZero() {
		s.FullLoadStartTime, s.FullLoadEndTime = &loaded, &loaded
	}
	return s
}

// DMS has one task, which goes through its looks one after the other. After it has run, its first load is over.
type DMS struct {
	mu   sync.Mutex
	Kind types.MigrationTypeValue // default full-load-and-cdc
	Ran  bool
	// Loading means that the first load is going on.
	Loading bool
	Looks   []Look
	// OnStart, OnStop and OnReload are the looks after such a call.
	OnStart, OnStop, OnReload []Look
	StartErrors               []error
	StopErr, ReloadErr        error
	// Connections by endpoint: their states, one after the other.
	Connections map[string][]string
	// Tested lists the endpoints that were tested.
	Tested []string
	// Failing maps an operation's name to its error.
	Failing map[string]error
	// Calls lists the calls in order.
	Calls []string
	// Hang makes reading calls last until their context ends.
	Hang bool
}

func (f *DMS) begin(ctx context.Context, call string) error {
	f.Calls = append(f.Calls, call)
	if f.Hang {
		f.mu.Unlock() // in virtual time a held lock does not count as idle
		<-ctx.Done()
		f.mu.Lock()
		return ctx.Err() //nolint:wrapcheck // like the SDK's error
	}
	return f.Failing[call]
}

// DescribeReplicationTasks behaves as DMS does.
func (f *DMS) DescribeReplicationTasks(ctx context.Context, _ *dms.DescribeReplicationTasksInput, _ ...func(*dms.Options)) (*dms.DescribeReplicationTasksOutput, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.begin(ctx, "describe"); err != nil {
		return nil, err
	}
	l, ok := f.look()
	if !ok {
		return &dms.DescribeReplicationTasksOutput{}, nil
	}
	task := types.ReplicationTask{
		ReplicationTaskArn: aws.String(TaskArn), ReplicationTaskIdentifier: aws.String("cdc-dev"), ReplicationInstanceArn: aws.String(InstanceArn),
		SourceEndpointArn: aws.String("source-arn"), TargetEndpointArn: aws.String("target-arn"), Status: aws.String(l.State), MigrationType: f.Kind,
	}
	if task.MigrationType == "" {
		task.MigrationType = types.MigrationTypeValueFullLoadAndCdc
	}
	if l.Reason != "" {
		task.StopReason = aws.String(l.Reason)
	}
	if l.Failure != "" {
		task.LastFailureMessage = aws.String(l.Failure)
	}
	if f.Ran {
		task.ReplicationTaskStats = &types.ReplicationTaskStats{StartDate: aws.Time(Noon.Add(-time.Hour))}
		if !f.Loading {
			task.ReplicationTaskStats.FullLoadFinishDate = aws.Time(Noon.Add(-30 * time.Minute))
		}
		if !l.Stopped.IsZero() {
			task.ReplicationTaskStats.StopDate = aws.Time(l.Stopped)
		}
	}
	return &dms.DescribeReplicationTasksOutput{ReplicationTasks: []types.ReplicationTask{task}}, nil
}

// look returns the next look; false when there is no task.
func (f *DMS) look() (Look, bool) {
	if len(f.Looks) == 0 {
		return Look{}, false
	}
	l := f.Looks[0]
	if len(f.Looks) > 1 {
		f.Looks = f.Looks[1:]
	}
	return l, true
}

// DescribeReplications returns the task as a serverless one, in DMS's terms.
func (f *DMS) DescribeReplications(ctx context.Context, _ *dms.DescribeReplicationsInput, _ ...func(*dms.Options)) (*dms.DescribeReplicationsOutput, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.begin(ctx, "describe"); err != nil {
		return nil, err
	}
	l, ok := f.look()
	if !ok {
		return &dms.DescribeReplicationsOutput{}, nil
	}
	r := types.Replication{
		ReplicationConfigArn: aws.String(ServerlessArn), ReplicationConfigIdentifier: aws.String("cdc-dev"),
		SourceEndpointArn: aws.String("source-arn"), TargetEndpointArn: aws.String("target-arn"), Status: aws.String(l.State), ReplicationType: f.Kind,
	}
	if r.ReplicationType == "" {
		r.ReplicationType = types.MigrationTypeValueFullLoadAndCdc
	}
	if l.Reason != "" {
		r.StopReason = aws.String(l.Reason)
	}
	if l.Failure != "" {
		r.FailureMessages = []string{l.Failure}
	}
	if f.Ran {
		r.ReplicationStats = &types.ReplicationStats{StartDate: aws.Time(Noon.Add(-time.Hour))}
		if !f.Loading {
			r.ReplicationStats.FullLoadFinishDate = aws.Time(Noon.Add(-30 * time.Minute))
		}
	}
	if !l.Stopped.IsZero() {
		r.ReplicationLastStopTime = aws.Time(l.Stopped)
	}
	return &dms.DescribeReplicationsOutput{Replications: []types.Replication{r}}, nil
}

// DescribeReplicationInstances behaves as DMS does.
func (f *DMS) DescribeReplicationInstances(ctx context.Context, _ *dms.DescribeReplicationInstancesInput, _ ...func(*dms.Options)) (*dms.DescribeReplicationInstancesOutput, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return &dms.DescribeReplicationInstancesOutput{ReplicationInstances: []types.ReplicationInstance{
		{ReplicationInstanceArn: aws.String(InstanceArn), ReplicationInstanceIdentifier: aws.String("cdc-dev-instance")},
	}}, f.begin(ctx, "instance")
}

// DescribeTableStatistics returns one table per page.
func (f *DMS) DescribeTableStatistics(ctx context.Context, in *dms.DescribeTableStatisticsInput, _ ...func(*dms.Options)) (*dms.DescribeTableStatisticsOutput, error) {
	tables, next, err := f.page(ctx, in.Marker)
	return &dms.DescribeTableStatisticsOutput{TableStatistics: tables, Marker: next}, err
}

// DescribeReplicationTableStatistics does the same.
func (f *DMS) DescribeReplicationTableStatistics(
	ctx context.Context, in *dms.DescribeReplicationTableStatisticsInput, _ ...func(*dms.Options),
) (*dms.DescribeReplicationTableStatisticsOutput, error) {
	tables, next, err := f.page(ctx, in.Marker)
	return &dms.DescribeReplicationTableStatisticsOutput{ReplicationTableStatistics: tables, Marker: next}, err
}

func (f *DMS) page(ctx context.Context, marker *string) (tables []types.TableStatistics, next *string, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.begin(ctx, "tables"); err != nil {
		return nil, nil, err
	}
	all := f.Looks[0].Tables
	var page int
	_, _ = fmt.Sscan(aws.ToString(marker), &page)
	if page >= len(all) {
		return nil, nil, nil
	}
	if page+1 < len(all) {
		next = aws.String(fmt.Sprint(page + 1))
	}
	return all[page : page+1], next, nil
}

// StartReplicationTask behaves as DMS does.
func (f *DMS) StartReplicationTask(_ context.Context, in *dms.StartReplicationTaskInput, _ ...func(*dms.Options)) (*dms.StartReplicationTaskOutput, error) {
	return &dms.StartReplicationTaskOutput{}, f.start(string(in.StartReplicationTaskType))
}

// StartReplication does the same.
func (f *DMS) StartReplication(_ context.Context, in *dms.StartReplicationInput, _ ...func(*dms.Options)) (*dms.StartReplicationOutput, error) {
	return &dms.StartReplicationOutput{}, f.start(*in.StartReplicationType)
}

func (f *DMS) start(how string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.Calls = append(f.Calls, "start "+how)
	if len(f.StartErrors) > 0 {
		err := f.StartErrors[0]
		f.StartErrors = f.StartErrors[1:]
		return err
	}
	f.Ran = true
	if f.OnStart != nil {
		f.Looks = f.OnStart
	}
	return nil
}

// StopReplicationTask behaves as DMS does.
func (f *DMS) StopReplicationTask(context.Context, *dms.StopReplicationTaskInput, ...func(*dms.Options)) (*dms.StopReplicationTaskOutput, error) {
	return &dms.StopReplicationTaskOutput{}, f.stop()
}

// StopReplication does the same.
func (f *DMS) StopReplication(context.Context, *dms.StopReplicationInput, ...func(*dms.Options)) (*dms.StopReplicationOutput, error) {
	return &dms.StopReplicationOutput{}, f.stop()
}

func (f *DMS) stop() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.Calls = append(f.Calls, "stop")
	if f.OnStop != nil {
		f.Looks = f.OnStop
	}
	return f.StopErr
}

// ReloadTables behaves as DMS does.
func (f *DMS) ReloadTables(_ context.Context, in *dms.ReloadTablesInput, _ ...func(*dms.Options)) (*dms.ReloadTablesOutput, error) {
	return &dms.ReloadTablesOutput{}, f.reload(in.ReloadOption, in.TablesToReload)
}

// ReloadReplicationTables does the same.
func (f *DMS) ReloadReplicationTables(_ context.Context, in *dms.ReloadReplicationTablesInput, _ ...func(*dms.Options)) (*dms.ReloadReplicationTablesOutput, error) {
	return &dms.ReloadReplicationTablesOutput{}, f.reload(in.ReloadOption, in.TablesToReload)
}

func (f *DMS) reload(option types.ReloadOptionValue, tables []types.TableToReload) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	call := "reload " + string(option)
	for _, t := range tables {
		call += " " + *t.SchemaName + "." + *t.TableName
	}
	f.Calls = append(f.Calls, call)
	if f.OnReload != nil {
		f.Looks = f.OnReload
	}
	return f.ReloadErr
}

// TestConnection behaves as DMS does.
func (f *DMS) TestConnection(_ context.Context, in *dms.TestConnectionInput, _ ...func(*dms.Options)) (*dms.TestConnectionOutput, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.Tested = append(f.Tested, *in.EndpointArn)
	return &dms.TestConnectionOutput{}, f.Failing["test "+*in.EndpointArn]
}

// DescribeConnections behaves as DMS does.
func (f *DMS) DescribeConnections(_ context.Context, in *dms.DescribeConnectionsInput, _ ...func(*dms.Options)) (*dms.DescribeConnectionsOutput, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	endpoint := in.Filters[0].Values[0]
	states := f.Connections[endpoint]
	if len(states) == 0 {
		return &dms.DescribeConnectionsOutput{}, nil
	}
	if len(states) > 1 {
		f.Connections[endpoint] = states[1:]
	}
	if states[0] == "unlisted" {
		return nil, &types.ResourceNotFoundFault{Message: aws.String("No connections found")}
	}
	return &dms.DescribeConnectionsOutput{Connections: []types.Connection{{
		EndpointArn: &endpoint, ReplicationInstanceArn: aws.String(InstanceArn), EndpointIdentifier: aws.String("cdc-" + endpoint),
		Status: aws.String(states[0]), LastFailureMessage: aws.String("timed out"),
	}}}, nil
}

// Done lists the calls that change something.
func (f *DMS) Done() []string {
	var changes []string
	for _, c := range f.Calls {
		if c != "describe" && c != "instance" && c != "tables" {
			changes = append(changes, c)
		}
	}
	return changes
}
