package task

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/databasemigrationservice/types"
)

// StartOptions choose what a start loads again. The zero value loads nothing again.
type StartOptions struct {
	// Reload loads every table again: the task is stopped if it runs, and started from the beginning.
	Reload bool
	// Tables to load again, database.table, while the task follows the others.
	Tables []string
}

// Start makes the task run and waits until it does. It resumes, or starts for the first time. With tables to load
// again it waits until they are loaded.
func (t Task) Start(ctx context.Context, o StartOptions) error {
	switch {
	case o.Reload:
		if _, err := t.Halt(ctx); err != nil {
			return err
		}
		_, err := t.Anew(ctx, nil)
		return err
	case len(o.Tables) > 0:
		if err := t.Ready(ctx, o.Tables); err != nil {
			return err
		}
		loading, err := t.Reload(ctx, o.Tables)
		if err != nil {
			return err
		}
		return t.Loaded(ctx, loading)
	}
	task, err := t.settled(ctx)
	if err != nil {
		return err
	}
	return t.resume(ctx, task)
}

// Halt stops the task if it runs, so that it can load everything again. It returns the time of the stop; zero when
// the task never ran.
func (t Task) Halt(ctx context.Context) (stopped time.Time, err error) {
	task, err := t.loads(ctx)
	if err != nil {
		return time.Time{}, err
	}
	if Serverless(t.Arn) && task.everRan() {
		return time.Time{}, errNoFreshStart
	}
	if task.State == StateRunning {
		t.tell("the task is running: stopping it, to load everything again")
		if err := t.Stop(ctx); err != nil {
			return time.Time{}, err
		}
		if task, err = t.settled(ctx); err != nil {
			return time.Time{}, err
		}
	}
	return aws.ToTime(task.Stopped), nil
}

// Started returns the start of the task's present or last run; zero when it never ran.
func (t Task) Started(ctx context.Context) (time.Time, error) {
	task, err := Describe(ctx, t.API, t.Arn)
	return aws.ToTime(task.Started), err
}

// Anew starts the halted task with a full load and waits until it runs. It returns what to wait for until the given
// tables are loaded; nil when the task was not started.
func (t Task) Anew(ctx context.Context, tables []string) (Loads, error) {
	task, err := t.settled(ctx)
	if err != nil {
		return nil, err
	}
	if task.State == StateRunning {
		return nil, errors.New("somebody else has started the task meanwhile: try again")
	}
	loading := Loads{}
	if len(tables) > 0 {
		statistics, err := Statistics(ctx, t.API, t.Arn)
		if err != nil {
			return nil, err
		}
		for _, s := range statistics {
			if slices.Contains(tables, TableName(s)) {
				loading[TableName(s)] = aws.ToTime(s.FullLoadEndTime)
			}
		}
		if len(statistics) == 0 { // a task that never ran, or was made again, has no tables yet
			for _, name := range tables {
				loading[name] = time.Time{}
			}
		}
	}
	if err := t.launch(ctx, task, startType(task, true)); err != nil {
		return nil, err
	}
	return loading, t.running(ctx, task)
}

// Ready makes the task run, and refuses tables that it cannot load again.
func (t Task) Ready(ctx context.Context, tables []string) error {
	task, err := t.loads(ctx)
	if err != nil {
		return err
	}
	if err := t.resume(ctx, task); err != nil {
		return err
	}
	_, err = t.reloadable(ctx, tables)
	return err
}

// loads returns the settled task; it refuses one that does not load.
func (t Task) loads(ctx context.Context) (Description, error) {
	task, err := t.settled(ctx)
	if err == nil && task.MigrationType == types.MigrationTypeValueCdc {
		return task, errors.New("the task only follows changes (migration type cdc): it has no load to repeat; set replication.migrationType to full-load-and-cdc")
	}
	return task, err
}

// Fresh waits until the task is settled. If the task cannot load tables for the first time, the error says what to do
// instead.
func (t Task) Fresh(ctx context.Context) error {
	task, err := t.loads(ctx)
	if err == nil && task.everRan() {
		return errors.New("the next task has run before, and its tables are loaded or loading: when they are loaded, `cdc epoch switch --table` shows them; or make another task: " +
			"remove replication.next, `pulumi up`, set it again, `pulumi up`")
	}
	return err
}

// resume makes the task continue from where it stopped.
func (t Task) resume(ctx context.Context, task Description) error {
	if task.State == StateRunning {
		t.tell("the task is running")
		return nil
	}
	if err := t.launch(ctx, task, startType(task, false)); err != nil {
		return err
	}
	return t.running(ctx, task)
}

// startType follows AWS's rules: the first start must be start-replication, and resume-processing needs an earlier
// start, https://docs.aws.amazon.com/dms/latest/APIReference/API_StartReplicationTask.html.
func startType(task Description, reload bool) types.StartReplicationTaskTypeValue {
	switch {
	case !task.everRan():
		return types.StartReplicationTaskTypeValueStartReplication
	case reload:
		return types.StartReplicationTaskTypeValueReloadTarget
	}
	return types.StartReplicationTaskTypeValueResumeProcessing
}

// launch starts the task. If DMS asks for connection tests, it runs them and tries again.
func (t Task) launch(ctx context.Context, before Description, how types.StartReplicationTaskTypeValue) error {
	if err := lapsed(before, time.Now()); err != nil {
		return err
	}
	t.tell("the task is %s: starting it (%s)", before.State, how)
	start := func() error { return kindOf(t.Arn).start(ctx, t.API, t.Arn, how) }
	err := start()
	if untested(err) && !Serverless(t.Arn) { // a serverless task tests them itself
		t.tell("DMS wants its connections tested first")
		if err := t.testConnections(ctx, before); err != nil {
			return err
		}
		err = start()
	}
	if err != nil {
		return fmt.Errorf("starting the task: %w", err)
	}
	return nil
}

// running waits until the started task runs. A task that only loads may finish before anybody sees it run.
func (t Task) running(ctx context.Context, before Description) error {
	last := ""
	for began := time.Now(); ; {
		if err := t.pause(ctx); err != nil {
			return fmt.Errorf("waiting until the task runs: %w: it goes on starting, see `cdc status`", err)
		}
		task, err := Describe(ctx, t.API, t.Arn)
		if err != nil {
			return err
		}
		state := task.State
		old := state == before.State && aws.ToTime(task.Stopped).Equal(aws.ToTime(before.Stopped)) && last == "" && time.Since(began) < stale
		if state == last || old {
			continue
		}
		t.tell("the task is %s", state)
		last = state
		switch state {
		case StateRunning:
			return nil
		case StateStopped:
			if task.loadedAll() {
				t.tell("it has loaded everything, which is all it does")
				return nil
			}
			return t.failed(ctx, task, "the task has stopped again")
		case StateFailed:
			return t.failed(ctx, task, "the task failed")
		case StateDeleting:
			return errors.New("the task is being deleted")
		}
	}
}
