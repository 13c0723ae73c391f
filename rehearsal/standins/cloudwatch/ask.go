package cloudwatch

import (
	"cdcpipeline/rehearsal/standins/cloudwatch/evaluation"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// State of an alarm.
type State struct {
	// Value is OK, ALARM or INSUFFICIENT_DATA.
	Value string
	// Since when it is so.
	Since time.Time
	// Fired is how often it went to ALARM.
	Fired int
}

// Scale is how much faster than this machine's the clock of the alarms goes. Periods that would take more than ten seconds pass faster yet.
func (a *Alarms) Scale() float64 { return a.options.Scale }

// Deaf are the alarms on what is published here, but not with their dimensions: they can never fire; sorted.
func (a *Alarms) Deaf() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	var names []string
	for name, d := range a.declared {
		if d.rule == nil && a.deaf(d) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// deaf is Deaf for one. Of what only AWS publishes nobody here knows the dimensions.
func (a *Alarms) deaf(d *declared) bool {
	if a.OnlyAWS(d.metric) {
		return false
	}
	return a.heard[d.metric.Namespace] && !a.heard[d.metric.place()]
}

// On is the metric that an alarm is on; false for a composite one.
func (a *Alarms) On(name string) (Metric, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	d, ok := a.declared[name]
	if !ok || d.rule != nil {
		return Metric{}, false
	}
	return d.metric, true
}

// States of all alarms, by name.
func (a *Alarms) States() map[string]State {
	a.mu.Lock()
	defer a.mu.Unlock()
	all := map[string]State{}
	for name, s := range a.states {
		all[name] = *s
	}
	return all
}

// Fired is how often each alarm went to ALARM, by name.
func (a *Alarms) Fired() map[string]int {
	times := map[string]int{}
	for name, s := range a.States() {
		times[name] = s.Fired
	}
	return times
}

// Firing is one time in which an alarm was in ALARM; Until is zero while it is.
type Firing struct {
	Name         string
	Since, Until time.Time
}

// Firings are all so far, in the order in which they began.
func (a *Alarms) Firings() []Firing {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Clone(a.firings)
}

// note is told of each change of a state; the lock is held.
func (a *Alarms) note(name, value string, now time.Time) {
	for i := range a.firings {
		if f := &a.firings[i]; f.Name == name && f.Until.IsZero() {
			f.Until = now
		}
	}
	if value == evaluation.Alarm {
		a.firings = append(a.firings, Firing{Name: name, Since: now})
	}
}

// Made are the alarms that are made of another one's state: composite ones that name it, or name one that does.
func (a *Alarms) Made(name string) []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	of := []string{name}
	for i := 0; i < len(of); i++ {
		for other, d := range a.declared {
			if d.rule != nil && slices.Contains(d.rule.Names, of[i]) && !slices.Contains(of, other) {
				of = append(of, other)
			}
		}
	}
	return of[1:]
}

// Dumb are the alarms that tell nobody, because they have no action or their actions are switched off; sorted.
func (a *Alarms) Dumb() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	var silent []string
	for name, d := range a.declared {
		if !d.tells {
			silent = append(silent, name)
		}
	}
	slices.Sort(silent)
	return silent
}

// Injected are the alarms that were judged on values that nothing here publishes; sorted.
func (a *Alarms) Injected() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Sorted(maps.Keys(a.invented))
}

// Range is how long the alarms that name selects look back, by this machine's clock: whoever of them looks back furthest. A composite alarm
// looks at others.
func (a *Alarms) Range(name func(string) bool) time.Duration {
	a.mu.Lock()
	defer a.mu.Unlock()
	var longest time.Duration
	for _, d := range a.declared {
		if !name(d.name) {
			continue
		}
		if d.rule != nil {
			for _, inner := range a.declared { // of which some may be composite: none looks back further than all
				longest = max(longest, a.back(inner))
			}
		}
		longest = max(longest, a.back(d))
	}
	return longest
}

func (a *Alarms) back(d *declared) time.Duration {
	if d.rule != nil {
		return 0
	}
	return time.Duration(d.evaluate+evaluation.Further) * a.Pass(d.period)
}

// Longest is how long a period takes at most, by this machine's clock.
func (a *Alarms) Longest() time.Duration { return a.options.Longest }

// Err says which alarms cannot be evaluated, and why.
func (a *Alarms) Err() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	var problems []error
	for _, name := range slices.Sorted(maps.Keys(a.problems)) {
		problems = append(problems, fmt.Errorf("the alarm %s: %s", name, a.problems[name]))
	}
	return errors.Join(problems...)
}

// Published are the values of a metric so far, as they were published.
func (a *Alarms) Published(m Metric) evaluation.Series {
	a.mu.Lock()
	defer a.mu.Unlock()
	if s := a.series[m.key()]; s != nil {
		return slices.Clone(s.published)
	}
	return nil
}

// OnlyAWS says that no stand-in publishes a metric of AWS's, of whatever it is.
func (a *Alarms) OnlyAWS(m Metric) bool {
	return strings.HasPrefix(m.Namespace, "AWS/") && !a.supplied[m.Namespace+" "+m.Name]
}

// look is how often Await looks.
const look = 50 * time.Millisecond

// Await returns when each of the alarms that name selects has a state, at least one, and fails when that takes too long.
func (a *Alarms) Await(ctx context.Context, name func(string) bool, value string, within time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	for {
		var other []string
		found := 0
		for alarm, s := range a.States() {
			if !name(alarm) {
				continue
			}
			found++
			if s.Value != value {
				other = append(other, alarm+" is "+s.Value)
			}
		}
		if found > 0 && len(other) == 0 {
			return nil
		}
		select {
		case <-ctx.Done():
			slices.Sort(other)
			if found == 0 {
				other = []string{"no such alarm is declared"}
			}
			return fmt.Errorf("waiting %s for alarms to be %s: %s: %w", within, value, strings.Join(other, ", "), ctx.Err())
		case <-time.After(look):
		}
	}
}
