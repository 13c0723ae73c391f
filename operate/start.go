package operate

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	dms "github.com/aws/aws-sdk-go-v2/service/databasemigrationservice"
	"github.com/aws/aws-sdk-go-v2/service/databasemigrationservice/types"
)

// StartOptions say what a start loads again. The zero value loads nothing again.
type StartOptions struct {
	// Reload loads every table again: the task is stopped if it runs, and started anew.
	Reload bool
	// Tables to load again, database.table; the task follows the others meanwhile.
	Tables []string
}

// Start makes the task run and waits until it does: from where it stopped, or for the first time when it never ran.
// With tables to load again it waits until they are.
func (t Task) Start(ctx context.Context, o StartOptions) error {
	task, err := t.settled(ctx)
	if err != nil {
		return err
	}
	if (o.Reload || len(o.Tables) > 0) && task.MigrationType == types.MigrationTypeValueCdc {
		return errors.New("the task only follows changes (migration type cdc): it has no load to repeat; set replication.migrationType to full-load-and-cdc")
	}
	running := aws.ToString(task.Status) == stateRunning
	if running && o.Reload {
		t.tell("the task is running: stopping it, to load everything again")
		if err := t.Stop(ctx); err != nil {
			return err
		}
		if task, err = t.settled(ctx); err != nil {
			return err
		}
		running = aws.ToString(task.Status) == stateRunning
	}
	if running {
		t.tell("the task is running")
	} else if err := t.run(ctx, task, startType(task, o.Reload)); err != nil {
		return err
	}
	if len(o.Tables) > 0 {
		return t.reload(ctx, o.Tables)
	}
	return nil
}

// startType follows what AWS allows: start-replication is the only first start, and resume-processing needs one before,
// https://docs.aws.amazon.com/dms/latest/APIReference/API_StartReplicationTask.html.
func startType(task types.ReplicationTask, reload bool) types.StartReplicationTaskTypeValue {
	switch {
	case !everRan(task):
		return types.StartReplicationTaskTypeValueStartReplication
	case reload:
		return types.StartReplicationTaskTypeValueReloadTarget
	}
	return types.StartReplicationTaskTypeValueResumeProcessing
}

// run starts the task; once, after testing its connections, if that is what DMS asks for.
func (t Task) run(ctx context.Context, before types.ReplicationTask, how types.StartReplicationTaskTypeValue) error {
	t.tell("the task is %s: starting it (%s)", aws.ToString(before.Status), how)
	start := func() error {
		_, err := t.API.StartReplicationTask(ctx, &dms.StartReplicationTaskInput{ReplicationTaskArn: &t.Arn, StartReplicationTaskType: how})
		return err //nolint:wrapcheck // wrapped below
	}
	err := start()
	if untested(err) {
		t.tell("DMS wants its connections tested first")
		if err := t.testConnections(ctx, before); err != nil {
			return err
		}
		err = start()
	}
	if err != nil {
		return fmt.Errorf("starting the task: %w", err)
	}
	return t.running(ctx, before)
}

// running waits until the started task runs. One that only loads may be done before anybody sees it run.
func (t Task) running(ctx context.Context, before types.ReplicationTask) error {
	last := ""
	for began := time.Now(); ; {
		if err := t.pause(ctx); err != nil {
			return fmt.Errorf("waiting until the task runs: %w: it goes on starting, see `cdc status`", err)
		}
		task, err := describeTask(ctx, t.API, t.Arn)
		if err != nil {
			return err
		}
		state := aws.ToString(task.Status)
		old := state == aws.ToString(before.Status) && stoppedAt(task).Equal(stoppedAt(before)) && last == "" && time.Since(began) < stale
		if state == last || old {
			continue
		}
		t.tell("the task is %s", state)
		last = state
		switch state {
		case stateRunning:
			return nil
		case stateStopped:
			if strings.Contains(aws.ToString(task.StopReason), loadFinished) {
				t.tell("it has loaded everything, which is all it does")
				return nil
			}
			return t.failed(ctx, task, "the task has stopped again")
		case stateFailed:
			return t.failed(ctx, task, "the task failed")
		case stateDeleting:
			return errors.New("the task is being deleted")
		}
	}
}
