package dms

import (
	"cdcpipeline/rehearsal/standins/account"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	api "github.com/aws/aws-sdk-go-v2/service/databasemigrationservice"
)

// Status is the status of a task in the API's spelling.
type Status string

// These are the states of a task that was started.
const (
	StatusStarting Status = "starting"
	StatusRunning  Status = "running"
	StatusStopping Status = "stopping"
	StatusStopped  Status = "stopped"
	StatusFailed   Status = "failed"
)

// provisioning are the states of a serverless replication before it starts, in the AWS provider's spelling of
// https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Serverless.Components.html.
var provisioning = []Status{
	"initializing", "preparing_metadata_resources", "testing_connection", "fetching_metadata", "calculating_capacity", "provisioning_capacity", "replication_starting",
}

// provisions is the duration of each of them: minutes in AWS.
const provisions = 300 * time.Millisecond

// StartType is the way to start a task in the API's spelling.
type StartType string

// These are the ways to start a task.
const (
	StartReplication StartType = "start-replication"
	ResumeProcessing StartType = "resume-processing"
	ReloadTarget     StartType = "reload-target"
)

// Service runs replication tasks.
type Service struct {
	account account.Account
	client  *api.Client
	log     *slog.Logger
	quirks  quirks

	mu          sync.Mutex
	tasks       map[string]*task
	modifying   map[string]int                // number of unfinished changes, by the task's ARN
	connections map[connectionKey]*connection // tests of endpoints
	// acceptUntested is set by AcceptUntested.
	acceptUntested bool
	// after is time.After. Tests of slow operations replace it.
	after func(time.Duration) <-chan time.Time
	// now is time.Now. Tests of long intervals replace it.
	now func() time.Time
	// captured is called with records that tasks have read from their sources.
	captured func(records [][]byte)
	// neverRan is the state of a serverless replication before its first start.
	neverRan Status
}

// task has the data of a task that stay between its runs.
type task struct {
	arn   string
	stats *statistics

	mu              sync.Mutex
	status          Status
	failure, reason string
	position        position
	slot            slot // of a PostgreSQL source
	loaded          bool
	started, ended  time.Time
	fresh           time.Time // latest start from the beginning
	loadFinished    time.Time
	reloads         chan name
	stop            context.CancelFunc
	crash           context.CancelCauseFunc // of the present attempt
	done            chan struct{}
}

// New returns a service for the tasks of an account.
func New(acc account.Account, log *slog.Logger) *Service {
	return &Service{
		account: acc, client: api.NewFromConfig(acc.Config()), log: log.With("service", "dms"), quirks: quirks{of: map[name]Quirk{}},
		tasks: map[string]*task{}, modifying: map[string]int{}, connections: map[connectionKey]*connection{},
		after: time.After, now: time.Now, neverRan: "created", captured: func([][]byte) {},
	}
}

// OnCaptured sets the callback for records that tasks have read and will write to their streams, including control
// records. f must not block. Call it before there are tasks.
func (s *Service) OnCaptured(f func(records [][]byte)) { s.captured = f }

// Task is a task's state.
type Task struct {
	Status Status
	// Failure is the reason why a task failed.
	Failure string
	// StopReason says why a task ended by itself or was stopped.
	StopReason string
	// Loaded means that the full load, if any, is in the stream.
	Loaded bool
	Tables []TableStatistics
	// Started and Ended belong to the latest run, Fresh to the latest start from the beginning.
	Started, Ended, Fresh time.Time
	// LoadFinished is when the full load was completely in the stream; zero until then.
	LoadFinished time.Time
}

func (t Task) elapsed() time.Duration {
	if t.Ended.IsZero() {
		return time.Since(t.Started)
	}
	return t.Ended.Sub(t.Started)
}

// Start starts a task in the background; its state shows the result.
func (s *Service) Start(arn string, how StartType) error {
	t := s.task(arn)
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.active() {
		return fmt.Errorf("the task %s is %s", arn, t.status)
	}
	switch how {
	case StartReplication, ReloadTarget:
		t.position, t.loaded, t.loadFinished, t.fresh = nil, false, time.Time{}, time.Now()
	case ResumeProcessing:
	default:
		return fmt.Errorf("start type %q is unknown", how)
	}
	ctx, stop := context.WithCancel(context.Background())
	t.status, t.failure, t.reason, t.started, t.ended = StatusStarting, "", "", time.Now(), time.Time{}
	t.stop, t.done, t.reloads = stop, make(chan struct{}), make(chan name, 10*maxReloads)
	go func() {
		defer close(t.done)
		if isServerless(arn) {
			if err := s.provision(ctx, t); err != nil {
				t.end(ctx, err)
				return
			}
		}
		s.run(ctx, t)
	}()
	return nil
}

// provision passes through the states of a starting serverless replication.
func (s *Service) provision(ctx context.Context, t *task) error {
	for _, state := range provisioning {
		t.set(state)
		select {
		case <-ctx.Done():
			return ctx.Err() //nolint:wrapcheck // nobody uses the error
		case <-s.after(provisions):
		}
	}
	return nil
}

// Stop ends a task's run after its current transaction. When it returns, everything read is in the stream.
func (s *Service) Stop(arn string) {
	if done := s.beginStop(arn); done != nil {
		<-done
	}
}

// beginStop returns a channel that is closed when the task has stopped; nil when it never ran.
func (s *Service) beginStop(arn string) <-chan struct{} {
	t := s.task(arn)
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.stop == nil {
		return nil
	}
	if t.active() {
		t.status = StatusStopping
	}
	t.stop()
	return t.done
}

// active reports whether the task is doing something; the caller holds the lock.
func (t *task) active() bool { return t.status.active() }

func (s Status) active() bool { return s != "" && s != StatusStopped && s != StatusFailed }

// Delete stops a task, drops its slot in the source and forgets the task.
func (s *Service) Delete(arn string) {
	s.Stop(arn)
	t := s.task(arn)
	if err := t.slot.drop(context.Background(), s.account); err != nil { // DMS leaves it behind too when it cannot reach the source
		s.log.Warn("a deleted task leaves its slot behind", "task", arn, "error", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.tasks, arn)
}

// Close stops every task.
func (s *Service) Close() {
	s.mu.Lock()
	arns := make([]string, 0, len(s.tasks))
	for arn := range s.tasks {
		arns = append(arns, arn)
	}
	s.mu.Unlock()
	for _, arn := range arns {
		s.Stop(arn)
	}
}

// Task returns the state of a started task; ok is false for any other.
func (s *Service) Task(arn string) (state Task, ok bool) {
	s.mu.Lock()
	t, ok := s.tasks[arn]
	s.mu.Unlock()
	if !ok {
		return Task{}, false
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	return Task{t.status, t.failure, t.reason, t.loaded, t.stats.list(), t.started, t.ended, t.fresh, t.loadFinished}, t.status != ""
}

func (s *Service) task(arn string) *task {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.tasks[arn]
	if t == nil {
		t = &task{arn: arn, stats: newStatistics()}
		s.tasks[arn] = t
	}
	return t
}

// run reads the declared task and attempts it until it is stopped, complete or has failed for good.
func (s *Service) run(ctx context.Context, t *task) {
	log := s.log.With("task", t.arn)
	d, err := readTask(ctx, s.client, t.arn)
	for failures := 0; err == nil; {
		r := &run{account: s.account, task: d, log: log, stats: t.stats, checkpoint: t.checkpoint, complete: func() { t.complete(d.load) }, reloads: t.reloads, quirks: &s.quirks, slot: &t.slot, captured: s.captured}
		r.running = func() { failures = 0; t.set(StatusRunning) }
		r.life = t.live()
		err = r.attempt(ctx, t.from())
		down := (*crash)(nil)
		if errors.As(context.Cause(r.life), &down) {
			err = down
		}
		if err == nil || ctx.Err() != nil || down == nil && !recoverable(err) {
			break
		}
		failures++
		pause, again := d.settings.ErrorBehavior.wait(failures)
		if down != nil {
			pause, again = down.down, true
		}
		if !again {
			break
		}
		log.Warn("the task tries again", "in", pause, "error", err)
		select {
		case <-ctx.Done():
		case <-time.After(pause):
			err = nil
		}
	}
	t.end(ctx, err)
	if err != nil && ctx.Err() == nil {
		log.Error("the task failed", "error", err)
	}
}

func (t *task) from() position {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.position
}

func (t *task) checkpoint(at position) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.position = at
}

func (t *task) complete(load bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.loaded = true
	if load {
		t.loadFinished = time.Now()
	}
}

// reload requests a table; false when too many wait.
func (t *task) reload(n name) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	select {
	case t.reloads <- n:
		t.stats.update(n, func(row *TableStatistics) { row.TableState = stateReloading })
		return true
	default:
		return false
	}
}

func (t *task) set(status Status) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.status != StatusStopping {
		t.status = status
	}
}

func (t *task) end(ctx context.Context, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.ended = time.Now()
	switch {
	case ctx.Err() != nil:
		t.status, t.reason = StatusStopped, "Stop Reason NORMAL"
	case err != nil:
		t.status, t.failure, t.reason = StatusFailed, err.Error(), "Stop Reason FATAL_ERROR Error Level FATAL"
		t.stats.failed()
	default:
		t.status, t.reason = StatusStopped, "Stop Reason FULL_LOAD_ONLY_FINISHED"
	}
	t.stop()
}
