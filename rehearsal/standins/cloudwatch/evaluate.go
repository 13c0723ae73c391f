package cloudwatch

import (
	"cdcpipeline/rehearsal/standins/cloudwatch/evaluation"
	"context"
	"time"
)

// Pass is a period's length by this machine's clock.
func (a *Alarms) Pass(period time.Duration) time.Duration {
	return min(time.Duration(float64(period)/a.options.Scale), a.options.Longest)
}

// evaluate evaluates every alarm on the values published so far.
func (a *Alarms) evaluate(ctx context.Context, now time.Time) error {
	if a.changed.CompareAndSwap(true, false) {
		if err := a.read(ctx); err != nil {
			a.changed.Store(true)
			return err
		}
	}
	lines, err := a.logs.read()
	if err != nil {
		return err
	}
	a.Add(embedded(lines)...)
	for name, state := range a.judge(now) {
		if err := a.tell(ctx, name, state); err != nil {
			return err
		}
	}
	return nil
}

// judge is evaluate in memory; it returns the changes.
func (a *Alarms) judge(now time.Time) map[string]State {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.invent(now)
	changed := map[string]State{}
	set := func(name, value string) {
		s := a.states[name]
		if s.Value == value {
			return
		}
		s.Value, s.Since = value, now
		a.note(name, value, now)
		if value == evaluation.Alarm {
			s.Fired++
		}
		changed[name] = *s
	}
	for name, d := range a.declared {
		if d.rule != nil {
			continue
		}
		set(name, a.judgeOne(d, a.states[name].Value, now))
	}
	// A composite alarm may depend on others, so as many rounds as there are alarms are enough.
	for range a.declared {
		before := len(changed)
		for name, d := range a.declared {
			if d.rule == nil {
				continue
			}
			value := evaluation.OK
			if d.rule.Holds(a.valueOf) {
				value = evaluation.Alarm
			}
			set(name, value)
		}
		if len(changed) == before {
			break
		}
	}
	return changed
}

func (a *Alarms) valueOf(name string) string {
	if s := a.states[name]; s != nil {
		return s.Value
	}
	return ""
}

// judgeOne evaluates a metric alarm. Every minute its windows end with that minute,
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-evaluation.html.
func (a *Alarms) judgeOne(d *declared, current string, now time.Time) string {
	period := a.Pass(d.period)
	minute := min(period, time.Duration(float64(time.Minute)*float64(period)/float64(d.period)))
	end := now.Truncate(minute)
	var values evaluation.Series
	if s := a.series[d.metric.key()]; s != nil {
		values = s.scaled
	}
	points := make([]evaluation.Verdict, d.evaluate+evaluation.Further)
	for i := range points {
		from := end.Add(-time.Duration(len(points)-i) * period)
		if value, ok, err := values.Between(from, from.Add(period)).Statistic(d.statistic); err == nil && ok {
			points[i], _ = evaluation.Compare(value, d.comparison, d.threshold) // both were checked when the alarm was read
		}
	}
	return evaluation.Judge(points, d.evaluate, d.toAlarm, d.missing, current)
}
