package cloudwatch

import (
	"fmt"
	"math"
	"strings"
	"time"
)

// Inject publishes this value of a metric, and no other, until [Alarms.Heal]. NaN publishes nothing at all.
func (a *Alarms) Inject(namespace, metric string, dimensions map[string]string, value float64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.injected[Metric{namespace, metric, dimensions}.key()] = value
}

// Heal ends an [Alarms.Inject].
func (a *Alarms) Heal(namespace, metric string, dimensions map[string]string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.injected, Metric{namespace, metric, dimensions}.key())
}

// Break injects a value that makes an alarm fire, into its metric; for a composite alarm into the metrics of all
// alarms that it names. It returns an error for an alarm whose metric is published here with other dimensions,
// because it could never fire.
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

// Mend ends an [Alarms.Break].
func (a *Alarms) Mend(name string) error {
	return a.each(name, func(d *declared) error {
		delete(a.injected, d.metric.key())
		return nil
	})
}

// each visits the metric alarms of which an alarm consists.
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

// invent publishes injected values, and healthy values of metrics that nobody publishes here.
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

// alarmOn returns an alarm on a metric; nil when there is none.
func (a *Alarms) alarmOn(key string) *declared {
	for _, d := range a.declared {
		if d.rule == nil && d.metric.key() == key {
			return d
		}
	}
	return nil
}

// unpublished reports whether nothing here publishes an alarm's metric: an AWS service without a stand-in, or a
// program that did not run. A rare sign of life, such as one per run of the tables' job, never arrives in time here.
func (a *Alarms) unpublished(d *declared) bool {
	if strings.HasPrefix(d.metric.Namespace, "AWS/") {
		return a.OnlyAWS(d.metric)
	}
	return d.ofLife() && d.period >= time.Hour || a.series[d.metric.key()] == nil || a.invented[d.name] && len(a.series[d.metric.key()].published) == 0
}
