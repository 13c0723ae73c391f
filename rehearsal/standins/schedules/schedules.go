// Package schedules calls functions as EventBridge does: by rules with a rate, and by schedules of EventBridge
// Scheduler, with a faster clock.
package schedules

import (
	"cdcpipeline/rehearsal/standins/controlplane"
	"cdcpipeline/rehearsal/standins/lambda"
	"context"
	"fmt"
	"log/slog"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Invoker runs functions.
type Invoker interface {
	Invoke(ctx context.Context, nameOrArn string, payload []byte) (lambda.Result, error)
}

var _ Invoker = (*lambda.Runner)(nil)

// Schedules runs an account's schedules. It makes no calls before it is started. The methods are safe for
// concurrent use.
type Schedules struct {
	invoker Invoker
	log     *slog.Logger
	scale   float64
	least   time.Duration
	running atomic.Bool
	ctx     context.Context //nolint:containedctx // for calls that outlive their requests
	stop    context.CancelFunc
	work    sync.WaitGroup

	mu    sync.Mutex
	known map[string]*schedule
}

// schedule is a rule, or a schedule of the Scheduler.
type schedule struct {
	every   time.Duration // 0: without a rate, or disabled
	targets map[string]target
	due     time.Time
	busy    bool
}

type target struct{ Arn, Input string }

// New returns schedules that call functions scale times as often as declared. A call starts only after the
// previous one has answered, and after at least the given interval.
func New(invoker Invoker, log *slog.Logger, scale float64, least time.Duration) *Schedules {
	s := &Schedules{invoker: invoker, log: log.With("service", "schedules"), scale: scale, least: least, known: map[string]*schedule{}}
	s.ctx, s.stop = context.WithCancel(context.Background())
	s.work.Go(s.run)
	return s
}

// Run switches the calls on or off.
func (s *Schedules) Run(run bool) { s.running.Store(run) }

// Close ends everything; running calls fail.
func (s *Schedules) Close() {
	s.stop()
	s.work.Wait()
}

// Attach listens to declarations, https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_Operations.html and
// https://docs.aws.amazon.com/scheduler/latest/APIReference/API_Operations.html.
func (s *Schedules) Attach(p *controlplane.Proxy) {
	rule := func(name string, act func(r ruleRequest)) {
		p.After(controlplane.Action{Service: "events", Name: name}, func(_ context.Context, c *controlplane.Call) error {
			var r ruleRequest
			if err := c.Decode(&r); err != nil {
				return err
			}
			s.mu.Lock()
			defer s.mu.Unlock()
			act(r)
			return nil
		})
	}
	rule("PutRule", func(r ruleRequest) { s.of("rule/" + r.Name).every = rate(r.ScheduleExpression, r.State) })
	rule("DeleteRule", func(r ruleRequest) { delete(s.known, "rule/"+r.Name) })
	rule("PutTargets", func(r ruleRequest) {
		for _, t := range r.Targets {
			s.of("rule/" + r.Rule).targets[t.ID] = t.target
		}
	})
	rule("RemoveTargets", func(r ruleRequest) {
		for _, id := range r.IDs {
			delete(s.of("rule/"+r.Rule).targets, id)
		}
	})
	for _, name := range []string{"CreateSchedule", "UpdateSchedule"} {
		p.After(controlplane.Action{Service: "scheduler", Name: name}, s.put)
	}
	p.After(controlplane.Action{Service: "scheduler", Name: "DeleteSchedule"}, func(_ context.Context, c *controlplane.Call) error {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.known, "schedule/"+pathName(c))
		return nil
	})
}

type ruleRequest struct {
	Name, Rule, ScheduleExpression, State string
	Targets                               []struct {
		ID string `json:"Id"`
		target
	}
	IDs []string `json:"Ids"`
}

func (s *Schedules) put(_ context.Context, c *controlplane.Call) error {
	var r struct {
		ScheduleExpression, State string
		Target                    target
	}
	if err := c.Decode(&r); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	one := s.of("schedule/" + pathName(c))
	one.every, one.targets = rate(r.ScheduleExpression, r.State), map[string]target{"": r.Target}
	return nil
}

// pathName is the schedule's name in /schedules/NAME.
func pathName(c *controlplane.Call) string {
	name := c.Request.URL.Path[strings.LastIndex(c.Request.URL.Path, "/")+1:]
	if plain, err := url.PathUnescape(name); err == nil {
		return plain
	}
	return name
}

// of returns a schedule; the caller holds the lock.
func (s *Schedules) of(name string) *schedule {
	if s.known[name] == nil {
		s.known[name] = &schedule{targets: map[string]target{}}
	}
	return s.known[name]
}

// rate parses rate(5 minutes); it is 0 for a disabled schedule or another expression.
func rate(expression, state string) time.Duration {
	inner, ok := strings.CutPrefix(strings.TrimSuffix(expression, ")"), "rate(")
	number, unit, _ := strings.Cut(inner, " ")
	n, err := strconv.Atoi(number)
	if !ok || err != nil || state == "DISABLED" {
		return 0
	}
	return time.Duration(n) * map[string]time.Duration{"minute": time.Minute, "hour": time.Hour, "day": 24 * time.Hour}[strings.TrimSuffix(unit, "s")]
}

// tick is the interval of checks for due schedules.
const tick = 100 * time.Millisecond

func (s *Schedules) run() {
	for {
		select {
		case <-s.ctx.Done():
			return
		case <-time.After(tick):
		}
		if s.running.Load() {
			s.callDue(time.Now())
		}
	}
}

// callDue calls the functions of due schedules; other targets have their own stand-ins.
func (s *Schedules) callDue(now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for name, one := range s.known {
		if one.every == 0 || one.busy || now.Before(one.due) {
			continue
		}
		var functions []target
		for _, t := range one.targets {
			if strings.Contains(t.Arn, ":lambda:") {
				functions = append(functions, t)
			}
		}
		one.due = now.Add(max(s.least, time.Duration(float64(one.every)/s.scale)))
		if len(functions) == 0 {
			continue
		}
		one.busy = true
		s.work.Go(func() {
			for _, t := range functions {
				s.call(name, t)
			}
			s.mu.Lock()
			defer s.mu.Unlock()
			one.busy = false
		})
	}
}

func (s *Schedules) call(name string, t target) {
	if t.Input == "" {
		t.Input = fmt.Sprintf(`{"version":"0","detail-type":"Scheduled Event","source":"aws.events","time":%q,"detail":{}}`, time.Now().UTC().Format(time.RFC3339))
	}
	result, err := s.invoker.Invoke(s.ctx, t.Arn, []byte(t.Input))
	switch {
	case s.ctx.Err() != nil:
	case err != nil:
		s.log.Warn("a function could not be called", "schedule", name, "function", t.Arn, "error", err)
	case result.FunctionError != "":
		s.log.Warn("a function has failed", "schedule", name, "function", t.Arn, "answer", string(result.Payload))
	}
}
