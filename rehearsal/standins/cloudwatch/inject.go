package cloudwatch

import (
	"fmt"
	"math"
	"strings"
	"time"
)

// Inject publishes this value of a metric, and none but it, until [Alarms.Heal]. Not a number publishes nothing at all.
func (a *Alarms) Inject(namespace, metric string, dimensions map[string]string, value float64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.injected[Metric{namespace, metric, dimensions}.key()] = value
}

// Heal ends what [Alarms.Inject] began.
func (a *Alarms) Heal(namespace, metric string, dimensions map[string]string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.injected, Metric{namespace, metric, dimensions}.key())
}

// Break injects a value by which an alarm fires, in the metric that it is on; for a composite alarm in those of all alarms that it names. An
// alarm on what is published here with other dimensions is one that would never fire: that is an error.
func (a *Alarms) Break(name string) error {
	return a.each(name, func(d *declared) error {
		if a.deaf(d) {
			return fmt.Errorf("the alarm %s is on a metric that nobody publishes: %s %s %v", d.name, d.metric.Namespace, d.metric.Name, d.metric.Dimensions)
		}
		a.invented[d.name] = true
		a.injected[d.metric.key()] = d.breaching()
		return nil
	})
}

// Mend ends what [Alarms.Break] began.
func (a *Alarms) Mend(name string) error {
	return a.each(name, func(d *declared) error {
		delete(a.injected, d.metric.key())
		return nil
	})
}

// each metric alarm that one is, or is made of.
func (a *Alarms) each(name string, do func(*declared) error) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	seen := map[string]bool{}
	var visit func(name string) error
	visit = func(name string) error {
		d, ok := a.declared[name]
		switch {
		case !ok:
			return fmt.Errorf("no alarm is named %s", name)
		case seen[name]:
			return nil
		}
		seen[name] = true
		if d.rule == nil {
			return do(d)
		}
		for _, inner := range d.rule.Names {
			if err := visit(inner); err != nil {
				return err
			}
		}
		return nil
	}
	return visit(name)
}

// invent publishes what is injected, and values within the threshold of what nobody publishes here.
func (a *Alarms) invent(now time.Time) {
	for key, value := range a.injected {
		if d := a.alarmOn(key); d != nil && !math.IsNaN(value) {
			a.put(Reading{Metric: d.metric, Value: value}, now)
		}
	}
	done := map[string]bool{}
	for name, d := range a.declared {
		if d.rule != nil || !a.unpublished(d) {
			continue
		}
		a.invented[name] = true
		if _, ok := a.injected[d.metric.key()]; !ok && !done[d.metric.key()] {
			done[d.metric.key()] = true
			a.put(Reading{Metric: d.metric, Value: d.healthy()}, now)
		}
	}
}

// alarmOn is an alarm on a metric; nil when there is none.
func (a *Alarms) alarmOn(key string) *declared {
	for _, d := range a.declared {
		if d.rule == nil && d.metric.key() == key {
			return d
		}
	}
	return nil
}

// unpublished says that nothing here publishes what an alarm is on: a service of AWS that has no stand-in, or a program that was not run. A
// sign of life that comes less often than once a run (the job of tables) is never here in time.
func (a *Alarms) unpublished(d *declared) bool {
	if strings.HasPrefix(d.metric.Namespace, "AWS/") {
		return a.OnlyAWS(d.metric)
	}
	return d.ofLife() && d.period >= time.Hour || a.series[d.metric.key()] == nil || a.invented[d.name] && len(a.series[d.metric.key()].published) == 0
}
