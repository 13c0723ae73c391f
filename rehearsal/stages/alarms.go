package stages

import (
	"cdcpipeline/rehearsal/report"
	"cdcpipeline/rehearsal/standins/cloudwatch"
	"cdcpipeline/rehearsal/standins/cloudwatch/evaluation"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
)

// watched is a run's knowledge of the stack's alarms.
type watched struct {
	// before is how often each alarm had fired when the watch began.
	before map[string]cloudwatch.State
	mu     sync.Mutex
	// fired are the alarms that fired in a fault of their own.
	fired map[string]bool
}

// slack is the extra time of a busy machine for publishing and evaluating, beyond an alarm's window.
const slack = 30 * time.Second

// SchedulesRun begins the schedules of functions. Without the canary's, an alarm would report that nothing is searchable.
func SchedulesRun(_ context.Context, r *Run) error {
	r.World.Schedules.Run(true)
	return nil
}

// anyAlarm selects all alarms.
func anyAlarm(string) bool { return true }

// AlarmsWatched waits until every alarm of the stack has been evaluated and is silent. From then on it watches them.
func AlarmsWatched(ctx context.Context, r *Run) error {
	alarms := r.World.Alarms
	r.World.Schedules.Run(true) // some alarms watch metrics of scheduled functions
	if len(alarms.States()) == 0 {
		return errors.New("the stack declares no alarms")
	}
	if err := alarms.Err(); err != nil {
		return fmt.Errorf("alarms that cannot be evaluated: %w", err)
	}
	if dumb := alarms.Dumb(); len(dumb) > 0 {
		return fmt.Errorf("alarms that tell nobody: %s", strings.Join(dumb, ", "))
	}
	if err := alarms.Await(ctx, anyAlarm, evaluation.OK, alarms.Range(anyAlarm)+slack); err != nil {
		return fmt.Errorf("alarms while nothing is wrong: %w", err)
	}
	r.alarms.before = alarms.States()
	for _, name := range slices.Sorted(maps.Keys(r.alarms.before)) {
		if n := r.alarms.before[name].Fired; n > 0 {
			r.Log.Detail("the alarm %s has fired %d times while the stack was deployed", name, n)
		}
	}
	return nil
}

// AlarmsSilent reports which of the watched alarms have not fired for at least their own window and are silent now.
// Before, rows were written, and nothing happened for which there is an alarm.
func AlarmsSilent(ctx context.Context, r *Run) error {
	if r.alarms.before == nil {
		if err := AlarmsWatched(ctx, r); err != nil {
			return err
		}
	}
	alarms := r.World.Alarms
	if err := pause(ctx, alarms.Range(anyAlarm)); err != nil {
		return err
	}
	if deaf := alarms.Deaf(); len(deaf) > 0 {
		return fmt.Errorf("alarms on metrics that nobody publishes with these dimensions: %s", strings.Join(deaf, ", "))
	}
	states := alarms.States()
	a := &report.Alarms{Declared: len(states), Injected: alarms.Injected(), Scale: alarms.Scale(), LongestPeriodSeconds: alarms.Longest().Seconds()}
	var loud []string
	for _, name := range slices.Sorted(maps.Keys(states)) {
		times := states[name].Fired - r.alarms.before[name].Fired
		if states[name].Value == evaluation.OK && times == 0 {
			a.SilentWhenHealthy++
		} else {
			loud = append(loud, fmt.Sprintf("%s has fired %d times and is %s", name, times, states[name].Value))
		}
	}
	r.Report.Alarms, r.alarms.before = a, states
	if len(loud) > 0 {
		return fmt.Errorf("alarms while nothing is wrong: %s", strings.Join(loud, ", "))
	}
	return r.World.Healthy()
}

// AlarmsFire breaks the metric of every alarm that no fault has fired since all were silent. Each alarm must fire and
// then become silent. Alarms on the same metric are broken one after the other; composite alarms fire through their
// parts.
func AlarmsFire(ctx context.Context, r *Run) error {
	alarms := r.World.Alarms
	if r.Report.Alarms == nil {
		return errors.New("alarms are made to fire after they were silent")
	}
	on, composite, broken := map[string][]string{}, []string(nil), map[string]bool{}
	states := alarms.States()
	for _, name := range slices.Sorted(maps.Keys(states)) {
		if states[name].Fired > r.alarms.before[name].Fired {
			r.alarms.note(name)
			r.Log.Detail("the alarm %s has fired in a fault", name)
			continue
		}
		broken[name] = true
		if metric, ok := alarms.MetricOf(name); ok {
			on[fmt.Sprint(metric)] = append(on[fmt.Sprint(metric)], name)
		} else {
			composite = append(composite, name)
		}
	}
	group, inner := errgroup.WithContext(ctx)
	for _, names := range on {
		group.Go(func() error { return breakAll(inner, r, names) })
	}
	if err := group.Wait(); err != nil {
		return err //nolint:wrapcheck // the error names the alarm
	}
	if err := breakAll(ctx, r, composite); err != nil {
		return err
	}
	if len(broken) > 0 { // other faults may last: parked objects stay until somebody applies them
		if err := alarms.Await(ctx, func(name string) bool { return broken[name] }, evaluation.OK, alarms.Range(anyAlarm)+slack); err != nil {
			return fmt.Errorf("alarms after their faults: %w", err)
		}
	}
	r.countFired()
	return nil
}

// breakAll breaks the alarms that have not fired yet, one after the other.
func breakAll(ctx context.Context, r *Run, names []string) error {
	for _, name := range names {
		if r.alarms.has(name) {
			continue
		}
		if err := breakAlarm(ctx, r, name); err != nil {
			return err
		}
	}
	return nil
}

// breakAlarm injects a value that makes an alarm fire, and removes it.
func breakAlarm(ctx context.Context, r *Run, name string) (err error) {
	alarms := r.World.Alarms
	if err := alarmSilent(ctx, r, name); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, alarms.Mend(name)) }()
	return alarmFires(ctx, r, name, func(context.Context) error {
		r.Log.Detail("the metric of %s is broken", name)
		return alarms.Break(name)
	})
}

// alarmFires makes a fault and fails unless the fault makes an alarm fire. The parameter what is the alarm's name, or
// its end after a hyphen. The caller repairs the fault; [alarmSilent] then waits for the alarm.
func alarmFires(ctx context.Context, r *Run, what string, fault func(context.Context) error) error {
	alarms, its := r.World.Alarms, named(what)
	before := alarms.States()
	if err := fault(ctx); err != nil {
		return err
	}
	limit := time.After(alarms.Range(its) + slack)
	for {
		fired := false
		now := alarms.States()
		for name, s := range now {
			if its(name) && s.Fired > before[name].Fired {
				fired = true
				r.alarms.note(name)
				for _, made := range alarms.Made(name) {
					if now[made].Value == evaluation.Alarm {
						r.alarms.note(made)
					}
				}
			}
		}
		if fired {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("waiting for the alarm %s: %w", what, ctx.Err())
		case <-limit:
			return fmt.Errorf("the alarm %s has not fired: %s", what, describe(now, its))
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// alarmSilent waits until the alarms that what names, as for [alarmFires], are silent again.
func alarmSilent(ctx context.Context, r *Run, what string) error {
	alarms, its := r.World.Alarms, named(what)
	if err := alarms.Await(ctx, its, evaluation.OK, alarms.Range(its)+slack); err != nil {
		return fmt.Errorf("the alarm %s while nothing is wrong: %w", what, err)
	}
	return nil
}

func named(what string) func(string) bool {
	return func(name string) bool { return name == what || strings.HasSuffix(name, "-"+what) }
}

func describe(states map[string]cloudwatch.State, its func(string) bool) string {
	var all []string
	for _, name := range slices.Sorted(maps.Keys(states)) {
		if its(name) {
			all = append(all, name+" is "+states[name].Value)
		}
	}
	if len(all) == 0 {
		return "none of that name is declared"
	}
	return strings.Join(all, ", ")
}

// note records that an alarm fired in a fault of its own.
func (w *watched) note(name string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.fired == nil {
		w.fired = map[string]bool{}
	}
	w.fired[name] = true
}

func (w *watched) has(name string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.fired[name]
}

// countFired reports how many of the declared alarms fired in their own faults, and for which of them the fault was
// an injected value.
func (r *Run) countFired() {
	a := r.Report.Alarms
	a.FiredInOwnFault, a.Injected = 0, r.World.Alarms.Injected()
	for name := range r.World.Alarms.States() {
		if r.alarms.has(name) {
			a.FiredInOwnFault++
		}
	}
}
