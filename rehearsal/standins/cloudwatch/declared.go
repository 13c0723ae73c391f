package cloudwatch

import (
	"cdcpipeline/rehearsal/standins/cloudwatch/evaluation"
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
)

// declared is a declared alarm.
type declared struct {
	name string
	// tells means that the alarm sends notifications.
	tells bool
	// rule is the rule of a composite alarm. It is nil for a metric alarm, which has the fields below.
	rule *evaluation.Rule

	metric            Metric
	statistic         string
	period            time.Duration
	evaluate, toAlarm int
	comparison        string
	threshold         float64
	missing           string
}

// read reads the declarations.
func (a *Alarms) read(ctx context.Context) error {
	all, problems := map[string]*declared{}, map[string]string{}
	pages := cloudwatch.NewDescribeAlarmsPaginator(a.client, &cloudwatch.DescribeAlarmsInput{
		AlarmTypes: []types.AlarmType{types.AlarmTypeMetricAlarm, types.AlarmTypeCompositeAlarm},
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return fmt.Errorf("reading the alarms: %w", err)
		}
		for _, m := range page.MetricAlarms {
			d, err := metricAlarm(m)
			if err != nil {
				problems[d.name], d.rule = err.Error(), never()
			}
			all[d.name] = d
		}
		for _, c := range page.CompositeAlarms {
			d := &declared{name: aws.ToString(c.AlarmName), tells: aws.ToBool(c.ActionsEnabled) && len(c.AlarmActions) > 0}
			all[d.name] = d
			if d.rule, err = evaluation.ParseRule(aws.ToString(c.AlarmRule)); err != nil {
				problems[d.name], d.rule = err.Error(), never()
			}
		}
	}
	for name, d := range all {
		if d.rule == nil {
			continue
		}
		for _, inner := range d.rule.Names {
			if all[inner] == nil {
				problems[name] = "it names " + inner + ", which is not declared"
			}
		}
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.declared, a.problems = all, problems
	maps.DeleteFunc(a.states, func(name string, _ *State) bool {
		if all[name] != nil {
			return false
		}
		a.note(name, "", time.Now())
		return true
	})
	for name := range all {
		if a.states[name] == nil {
			a.states[name] = &State{Value: evaluation.InsufficientData, Since: time.Now()}
		}
	}
	maps.DeleteFunc(a.invented, func(name string, _ bool) bool { return all[name] == nil })
	return nil
}

// metricAlarm reads one alarm. An alarm on an expression cannot be evaluated here.
func metricAlarm(m types.MetricAlarm) (*declared, error) {
	d := &declared{
		name: aws.ToString(m.AlarmName), tells: aws.ToBool(m.ActionsEnabled) && len(m.AlarmActions) > 0,
		metric:    Metric{aws.ToString(m.Namespace), aws.ToString(m.MetricName), dimensions(m.Dimensions)},
		statistic: string(m.Statistic), period: time.Duration(aws.ToInt32(m.Period)) * time.Second,
		evaluate: int(aws.ToInt32(m.EvaluationPeriods)), toAlarm: int(aws.ToInt32(m.DatapointsToAlarm)),
		comparison: string(m.ComparisonOperator), threshold: aws.ToFloat64(m.Threshold), missing: aws.ToString(m.TreatMissingData),
	}
	if d.statistic == "" {
		d.statistic = aws.ToString(m.ExtendedStatistic)
	}
	if d.toAlarm == 0 {
		d.toAlarm = d.evaluate
	}
	if len(m.Metrics) == 1 && m.Metrics[0].MetricStat != nil {
		of := m.Metrics[0].MetricStat
		d.metric = Metric{aws.ToString(of.Metric.Namespace), aws.ToString(of.Metric.MetricName), dimensions(of.Metric.Dimensions)}
		d.statistic, d.period = aws.ToString(of.Stat), time.Duration(aws.ToInt32(of.Period))*time.Second
	}
	if d.period == 0 || d.evaluate == 0 {
		return d, errors.New("the rehearsal evaluates alarms on one metric, with a period")
	}
	_, _, unknown := evaluation.Series{{}}.Statistic(d.statistic)
	_, other := evaluation.Compare(0, d.comparison, 0)
	return d, errors.Join(unknown, other)
}

// never is the rule of an alarm that cannot be evaluated.
func never() *evaluation.Rule {
	rule, err := evaluation.ParseRule("FALSE")
	if err != nil {
		panic(err)
	}
	return rule
}

func dimensions(list []types.Dimension) map[string]string {
	of := map[string]string{}
	for _, d := range list {
		of[aws.ToString(d.Name)] = aws.ToString(d.Value)
	}
	return of
}

// less reports whether the alarm fires below its threshold.
func (d *declared) less() bool { return strings.HasPrefix(d.comparison, "Less") }

// ofLife reports whether the alarm fires when nothing is published.
func (d *declared) ofLife() bool {
	return d.less() && d.statistic == string(types.StatisticSampleCount)
}

// healthy is a value for which the alarm does not fire.
func (d *declared) healthy() float64 {
	switch {
	case d.ofLife():
		return 0
	case d.less():
		return 2*math.Abs(d.threshold) + 1
	}
	if verdict, err := evaluation.Compare(0, d.comparison, d.threshold); err == nil && verdict == evaluation.WithinThreshold {
		return 0
	}
	return d.threshold - math.Abs(d.threshold) - 1
}

// breaching returns a value that makes the alarm fire; NaN if only missing values do.
func (d *declared) breaching() float64 {
	switch {
	case d.ofLife():
		return math.NaN()
	case d.less() && d.threshold > 0:
		return 0
	case d.less():
		return d.threshold - 1
	}
	return d.threshold + math.Abs(d.threshold) + 1
}

// tell stores an alarm's state in the control plane.
func (a *Alarms) tell(ctx context.Context, name string, s State) error {
	a.log.Info("an alarm", "name", name, "state", s.Value)
	_, err := a.client.SetAlarmState(ctx, &cloudwatch.SetAlarmStateInput{
		AlarmName: &name, StateValue: types.StateValue(s.Value), StateReason: aws.String("evaluated by the rehearsal"),
	})
	if missing := (*types.ResourceNotFound)(nil); err != nil && !errors.As(err, &missing) {
		return fmt.Errorf("keeping the state of %s: %w", name, err)
	}
	return nil // an alarm deleted in the meantime has no state
}
