package stages

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// alarms is what evaluates the alarms that the stack declares.
type alarms interface {
	// Fired says how often each alarm has gone to ALARM so far, by its name.
	Fired() map[string]int
	// Await waits until an alarm whose name matches has a state, OK or ALARM.
	Await(ctx context.Context, name func(string) bool, value string, within time.Duration) error
}

const (
	// fires is how long an alarm may take after its fault has begun, silenced after everything was well again.
	fires    = 45 * time.Second
	silenced = time.Minute
)

// atRisk is the alarm over all that tell of data that may be lost: no fault that nobody has to mend is one of these.
const atRisk = "data-at-risk"

// watchedAlarm is the one that has to fire for a fault. Without a name the fault mends itself, or whoever caused it sees it: then none of data
// at risk may fire.
type watchedAlarm struct {
	of     alarms
	name   func(string) bool
	before map[string]int
}

func (s *scene) watchAlarm() *watchedAlarm {
	return &watchedAlarm{of: s.World.Alarms, name: s.fault.alarm, before: s.World.Alarms.Fired()}
}

// fired waits until the alarm has fired since the watch began, and names it.
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
			return name, false, nil // which the report says
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

// quiet says that nobody was told of data at risk.
func (w *watchedAlarm) quiet() error {
	for name, times := range w.of.Fired() {
		if strings.HasSuffix(name, atRisk) && times > w.before[name] {
			return fmt.Errorf("the alarm %s has fired, and nobody has to mend anything", name)
		}
	}
	return nil
}

// toNotice is how long something is away where alarms are evaluated, whose clock is thirty times faster: ten minutes of theirs.
const toNotice = 20 * time.Second

// down is how long something is away: as short as can be, or long enough for an alarm.
func (s *scene) down(short time.Duration) time.Duration {
	if s.fault.alarm != nil {
		return max(short, toNotice)
	}
	return short
}

// ending matches the names of alarms that end in one of these.
func ending(suffixes ...string) func(string) bool {
	return func(name string) bool {
		return slices.ContainsFunc(suffixes, func(suffix string) bool { return strings.HasSuffix(name, suffix) })
	}
}
