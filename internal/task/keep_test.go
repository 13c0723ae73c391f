package task

import (
	"cdcpipeline/internal/task/tasktest"
	"context"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/databasemigrationservice/types"
	"github.com/stretchr/testify/require"
)

func keep(ctx context.Context, task Task) error { return task.Keep(ctx) }

func TestATaskIsKeptRunning(t *testing.T) {
	tested := map[string][]string{"source-arn": {"successful"}, "target-arn": {"successful"}}
	running := tasktest.States("starting", "running")
	for name, c := range map[string]struct {
		fake   *tasktest.DMS
		calls  []string
		tested []string
	}{
		"runs":                                {&tasktest.DMS{Ran: true, Looks: tasktest.States("running"), Connections: tested}, nil, nil},
		"runs, and nobody tested":             {&tasktest.DMS{Ran: true, Looks: tasktest.States("running")}, nil, nil},
		"is on its way":                       {&tasktest.DMS{Ran: true, Looks: tasktest.States("modifying", "starting", "running"), Connections: tested}, nil, nil},
		"was stopped":                         {&tasktest.DMS{Ran: true, Looks: tasktest.States("stopped"), OnStart: running, Connections: tested}, []string{"start resume-processing"}, nil},
		"failed":                              {&tasktest.DMS{Ran: true, Looks: tasktest.States("failed"), OnStart: running, Connections: tested}, []string{"start resume-processing"}, nil},
		"never ran":                           {&tasktest.DMS{Looks: tasktest.States("ready"), OnStart: running, Connections: tested}, []string{"start start-replication"}, nil},
		"never ran, is modified":              {&tasktest.DMS{Looks: tasktest.States("modifying", "ready"), OnStart: running, Connections: tested}, []string{"start start-replication"}, nil},
		"only loads, and has":                 {&tasktest.DMS{Ran: true, Kind: types.MigrationTypeValueFullLoad, Looks: []tasktest.Look{{State: "stopped", Reason: "Stop Reason FULL_LOAD_ONLY_FINISHED"}}}, nil, nil},
		"only loads, and was stopped over it": {&tasktest.DMS{Ran: true, Kind: types.MigrationTypeValueFullLoad, Looks: []tasktest.Look{{State: "stopped", Reason: "Stop Reason STOPPED_BY_USER"}}, OnStart: running, Connections: tested}, []string{"start resume-processing"}, nil},
		"an endpoint was changed, and DMS tests it": {&tasktest.DMS{
			Ran: true, Looks: tasktest.States("stopped"), OnStart: running,
			Connections: map[string][]string{"source-arn": {"testing", "testing", "successful"}, "target-arn": {"successful"}},
		}, []string{"start resume-processing"}, nil},
		"an endpoint was never tested": {&tasktest.DMS{
			Looks: tasktest.States("ready"), OnStart: running,
			Connections: map[string][]string{"source-arn": {"unlisted", "testing", "successful"}, "target-arn": {"successful"}},
		}, []string{"start start-replication"}, []string{"source-arn"}},
		"an endpoint could not be reached before": {&tasktest.DMS{
			Ran: true, Looks: tasktest.States("running"),
			Connections: map[string][]string{"source-arn": {"successful"}, "target-arn": {"failed", "testing", "successful"}},
		}, nil, []string{"target-arn"}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := onTask(t, c.fake, keep)
			require.NoError(t, err)
			require.Equal(t, c.calls, c.fake.Done())
			require.Equal(t, c.tested, c.fake.Tested)
		})
	}
}

func TestATaskThatCannotBeKeptRunningSaysWhy(t *testing.T) {
	tested := map[string][]string{"source-arn": {"successful"}, "target-arn": {"successful"}}
	for name, c := range map[string]struct {
		fake  *tasktest.DMS
		err   string
		calls []string
	}{
		"both endpoints": {
			&tasktest.DMS{Looks: tasktest.States("ready"), Connections: map[string][]string{"source-arn": {"testing", "failed"}, "target-arn": {"failed"}}},
			"the connection to the source endpoint cdc-source-arn failed: timed out\nthe connection to the target endpoint cdc-target-arn failed: timed out", nil,
		},
		"runs, but an endpoint was lost": {
			&tasktest.DMS{Ran: true, Looks: tasktest.States("running"), Connections: map[string][]string{"source-arn": {"failed"}, "target-arn": {"successful"}}},
			"the connection to the source endpoint cdc-source-arn failed: timed out", nil,
		},
		"fails again": {
			&tasktest.DMS{Ran: true, Looks: tasktest.States("failed"), OnStart: []tasktest.Look{{State: "starting"}, {State: "failed", Failure: "no binlog"}}, Connections: tested},
			"the task failed: no binlog\nits log: aws logs tail dms-tasks-cdc-dev-instance",
			[]string{"start resume-processing"},
		},
		"is gone": {&tasktest.DMS{}, "does not exist", nil},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := onTask(t, c.fake, keep)
			require.ErrorContains(t, err, c.err)
			require.Equal(t, c.calls, c.fake.Done())
		})
	}
}
