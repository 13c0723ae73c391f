package stages

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// alarms evaluates the stack's declared alarms.
type alarms interface {
	// Fired counts how often each alarm has gone to ALARM, by name.
	Fired() map[string]int
	// Await waits until an alarm with a matching name has a state, OK or ALARM.
	Await(ctx context.Context, name func(string) bool, value string, within time.Duration) error
}

const (
	// fires limits the time from a fault's start to its alarm, silenced the time from the recovery to silence.
	fires    = 45 * time.Second
	silenced = time.Minute
)

// atRisk is the alarm for possible data loss. A fault that needs no repair must not cause it.
const atRisk = "data-at-risk"

// watchedAlarm is the alarm that must fire for a fault. Without a name the fault repairs itself, or its cause is
// obvious to whoever caused it. Then no data-at-risk alarm may fire.
type watchedAlarm struct {
	of     alarms
	name   func(string) bool
	before map[string]int
}

func (s *scene) watchAlarm() *watchedAlarm {
	return &watchedAlarm{of: s.World.Alarms, name: s.fault.alarm, before: s.World.Alarms.Fired()}
}

// fired waits until the alarm has fired since the watch began, and returns its name.
func (w *watchedAlarm) fired(ctx context.Context) (name string, fired bool, err error) {
	if w.name == nil {
		return "", false, nil
	}
	for began := time.Now(); ; {
		counts := w.of.Fired()
		for _, one := range slices.Sorted(maps.Keys(counts)) {
			if !w.name(one) {
				continue
			}
			if name = one; counts[one] > w.before[one] {
				return one, true, nil
			}
		}
		if time.Since(began) > fires {
			if name == "" {
				return "", false, fmt.Errorf("no alarm of this fault is declared")
			}
			return name, false, nil // the report mentions it
		}
		if err := pause(ctx, 500*time.Millisecond); err != nil {
			return name, false, err
		}
	}
}

// silent waits until the alarm is silent again.
func (w *watchedAlarm) silent(ctx context.Context) error {
	if w.name == nil {
		return w.quiet()
	}
	if err := w.of.Await(ctx, w.name, "OK", silenced); err != nil {
		return fmt.Errorf("the alarm does not go silent: %w", err)
	}
	return nil
}

// quiet checks that no data-at-risk alarm fired.
func (w *watchedAlarm) quiet() error {
	for name, times := range w.of.Fired() {
		if strings.HasSuffix(name, atRisk) && times > w.before[name] {
			return fmt.Errorf("the alarm %s has fired, and nobody has to mend anything", name)
		}
	}
	return nil
}

// toNotice is how long something is down when its alarm must fire. The alarms' clock is thirty times faster, so that
// is ten of their minutes.
const toNotice = 20 * time.Second

// down is how long something is down: as short as possible, or long enough for an alarm.
func (s *scene) down(short time.Duration) time.Duration {
	if s.fault.alarm != nil {
		return max(short, toNotice)
	}
	return short
}

// ending matches alarm names with one of these suffixes.
func ending(suffixes ...string) func(string) bool {
	return func(name string) bool {
		return slices.ContainsFunc(suffixes, func(suffix string) bool { return strings.HasSuffix(name, suffix) })
	}
}
