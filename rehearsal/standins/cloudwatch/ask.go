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

// State is the state of an alarm.
type State struct {
	// Value is OK, ALARM or INSUFFICIENT_DATA.
	Value string
	// Since is the start of this state.
	Since time.Time
	// Fired is how often it went to ALARM.
	Fired int
}

// Scale is how much faster the alarms' clock runs than this machine's. Periods longer than ten seconds pass even
// faster.
func (a *Alarms) Scale() float64 { return a.options.Scale }

// Deaf lists alarms whose metric is published here, but with other dimensions, so that they can never fire; sorted.
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

// deaf is Deaf for one alarm. The dimensions of metrics that only AWS publishes are unknown here.
func (a *Alarms) deaf(d *declared) bool {
	if a.OnlyAWS(d.metric) {
		return false
	}
	return a.heard[d.metric.Namespace] && !a.heard[d.metric.place()]
}

// MetricOf returns an alarm's metric; false for a composite alarm.
func (a *Alarms) MetricOf(name string) (Metric, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	d, ok := a.declared[name]
	if !ok || d.rule != nil {
		return Metric{}, false
	}
	return d.metric, true
}

// States returns the states of all alarms, by name.
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

// Firing is one period in which an alarm was in ALARM; Until is zero while it lasts.
type Firing struct {
	Name         string
	Since, Until time.Time
}

// Firings lists all so far, by start.
func (a *Alarms) Firings() []Firing {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Clone(a.firings)
}

// note records a change of state; the caller holds the lock.
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

// Made lists the composite alarms that depend on an alarm, directly or indirectly.
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

// Dumb lists alarms that notify nobody, because they have no action or their actions are disabled; sorted.
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

// Injected lists alarms that were evaluated on values that nothing publishes here; sorted.
func (a *Alarms) Injected() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Sorted(maps.Keys(a.invented))
}

// Range is the longest window of the selected alarms, by this machine's clock. A composite alarm uses others'
// windows.
func (a *Alarms) Range(name func(string) bool) time.Duration {
	a.mu.Lock()
	defer a.mu.Unlock()
	var longest time.Duration
	for _, d := range a.declared {
		if !name(d.name) {
			continue
		}
		if d.rule != nil {
			for _, inner := range a.declared { // some may be composite: none has a longer window than all
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

// Longest is the maximum length of a period, by this machine's clock.
func (a *Alarms) Longest() time.Duration { return a.options.Longest }

// Err names alarms that cannot be evaluated, with the reasons.
func (a *Alarms) Err() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	var problems []error
	for _, name := range slices.Sorted(maps.Keys(a.problems)) {
		problems = append(problems, fmt.Errorf("the alarm %s: %s", name, a.problems[name]))
	}
	return errors.Join(problems...)
}

// Published returns the values of a metric so far, as published.
func (a *Alarms) Published(m Metric) evaluation.Series {
	a.mu.Lock()
	defer a.mu.Unlock()
	if s := a.series[m.key()]; s != nil {
		return slices.Clone(s.published)
	}
	return nil
}

// OnlyAWS reports whether a metric is in an AWS namespace and no stand-in publishes it.
func (a *Alarms) OnlyAWS(m Metric) bool {
	return strings.HasPrefix(m.Namespace, "AWS/") && !a.supplied[m.Namespace+" "+m.Name]
}

// look is the interval of Await's checks.
const look = 50 * time.Millisecond

// Await waits until each selected alarm has a state, and at least one is selected. It fails after the time limit.
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
