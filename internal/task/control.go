package task

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/databasemigrationservice/types"
)

// Task stops and starts one replication task.
type Task struct {
	API Writer
	Arn string
	// Tell receives one line per event; nil discards them.
	Tell func(line string)
	// Loading receives the progress of a load; nil discards it.
	Loading func(Loading)
	// Every is the interval between two checks. Default 5 s.
	Every time.Duration
}

// Loading is the progress of a load.
type Loading struct {
	Table string
	State string
	// Rows loaded so far.
	Rows int64
}

// stale is how long after a start DMS may still return the task's earlier description.
const stale = time.Minute

func (t Task) tell(format string, args ...any) {
	if t.Tell != nil {
		t.Tell(fmt.Sprintf(format, args...))
	}
}

func (t Task) pause(ctx context.Context) error {
	every := t.Every
	if every == 0 {
		every = 5 * time.Second
	}
	select {
	case <-ctx.Done():
		return ctx.Err() //nolint:wrapcheck // the callers add what was waited for
	case <-time.After(every):
		return nil
	}
}

// Stop stops the task and waits until it has stopped. It does nothing to a task that does not run.
func (t Task) Stop(ctx context.Context) error {
	task, err := t.settled(ctx)
	if err != nil {
		return err
	}
	if state := task.State; state != StateRunning {
		t.tell("the task is %s: nothing to stop", state)
		return nil
	}
	if err := kindOf(t.Arn).stop(ctx, t.API, t.Arn); err != nil && !isInvalidState(err) {
		return fmt.Errorf("stopping the task: %w", err)
	} // otherwise somebody else is stopping it
	last := ""
	for began := time.Now(); ; {
		if task, err = Describe(ctx, t.API, t.Arn); err != nil {
			return err
		}
		state := task.State
		if state != last {
			t.tell("the task is %s", state)
			last = state
		}
		switch state {
		case StateStopped, StateReady:
			return nil
		case StateFailed:
			return t.failed(ctx, task, "the task failed while it stopped")
		case StateRunning:
			if time.Since(began) > 10*time.Minute {
				return errors.New("the task still runs 10 minutes after it was told to stop: try again, or see its log")
			}
		}
		if err := t.pause(ctx); err != nil {
			return fmt.Errorf("waiting until the task is stopped: %w: it goes on stopping, see `cdc status`", err)
		}
	}
}

// settled waits while the task changes its state, and returns the description afterwards.
func (t Task) settled(ctx context.Context) (Description, error) {
	last := ""
	for {
		task, err := Describe(ctx, t.API, t.Arn)
		if err != nil {
			return task, err
		}
		state := task.State
		switch state {
		case StateReady, StateRunning, StateStopped, StateFailed:
			return task, nil
		case StateDeleting:
			return task, errors.New("the task is being deleted: `pulumi up` makes it again")
		case StateNotMoved:
			return task, errors.New("the task could not be moved to another replication instance: move it again in the DMS console, or `pulumi up --refresh --run-program`")
		}
		if state != last {
			t.tell("the task is %s: waiting", state)
			last = state
		}
		if err := t.pause(ctx); err != nil {
			return task, fmt.Errorf("waiting while the task is %s: %w", state, err)
		}
	}
}

// failed returns DMS's message and names the log with details.
func (t Task) failed(ctx context.Context, task Description, what string) error {
	message := what
	if reason := task.StopReason; reason != "" {
		message += " (" + reason + ")"
	}
	if failure := task.Failure; failure != "" {
		message += ": " + failure
	}
	group, stream, err := Log(context.WithoutCancel(ctx), t.API, task)
	if err != nil {
		return errors.New(message)
	}
	if stream != "" {
		group += " --log-stream-names " + stream
	}
	return fmt.Errorf("%s\nits log: aws logs tail %s --since 1h", message, group)
}

// isInvalidState reports whether DMS refused because of the task's state.
func isInvalidState(err error) bool {
	var state *types.InvalidResourceStateFault
	return errors.As(err, &state)
}
