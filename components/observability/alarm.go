package observability

import (
	"cdcpipeline/components/metric"
	"fmt"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// comparison is the relation between a bad value and the threshold.
type comparison string

const (
	atLeast  comparison = "GreaterThanOrEqualToThreshold"
	atMost   comparison = "LessThanOrEqualToThreshold"
	lessThan comparison = "LessThanThreshold"
)

// missing is how an alarm treats a period without a value,
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html.
type missing string

const (
	// quiet treats a missing value as good. Use it for metrics that are published only when something happens.
	quiet missing = "notBreaching"
	// silence treats a missing value as bad. Use it for a sign of life: a stopped task publishes nothing and would
	// otherwise look healthy.
	silence missing = "breaching"
	// asBefore keeps the alarm's state. Use it for metrics that are published now and then.
	asBefore missing = "ignore"
)

// group assigns an alarm to a composite alarm of its source.
type group string

const (
	alone group = ""
	// behind: changes arrive, but late.
	groupBehind group = "behind"
	// atRisk: changes may be lost, or are parked.
	groupAtRisk group = "data-at-risk"
)

// alarm is a row of the table.
type alarm struct {
	// what is wrong. It is the end of the alarm's name, such as latency-source.
	what string
	// metric to watch. A row without a metric is left out.
	metric    metric.Metric
	when      comparison
	threshold float64
	// The alarm fires when datapoints of the last periods are bad.
	datapoints, periods int
	missing             missing
	group               group
	// says is a sentence about the problem, without its end.
	says string
	// like names the alarm whose paragraph in docs/operations.md this one shares. Default: what.
	like string
}

// runbook is the link to the alarm's paragraph.
func (a alarm) runbook() string {
	if a.like != "" {
		return runbook(a.like)
	}
	return runbook(a.what)
}

// madeAlarm is an alarm with the row that it was made from.
type madeAlarm struct {
	alarm
	source string
	made   *cloudwatch.MetricAlarm
}

// alarms makes the alarms of the table, and the composite alarms over them.
func (p *plan) alarms(ctx *pulumi.Context) error {
	for _, f := range p.Feeds {
		if err := p.declare(ctx, f.Config.Name, p.ofFeed(f)); err != nil {
			return err
		}
	}
	for _, d := range p.Domains {
		if err := p.declare(ctx, "", p.ofDomain(d)); err != nil {
			return err
		}
	}
	for _, c := range p.Collections {
		if err := p.declare(ctx, "", p.ofCollections(c)); err != nil {
			return err
		}
	}
	for _, f := range p.Feeds {
		for _, g := range []group{groupBehind, groupAtRisk} {
			if err := p.compose(ctx, f.Config.Name, g); err != nil {
				return err
			}
		}
	}
	return nil
}

// alarmName is unique in an account and region: CloudWatch overwrites an alarm with the same name.
func alarmName(ctx *pulumi.Context, part string) string {
	return strings.Join([]string{ctx.Project(), ctx.Stack(), part}, "-")
}

func (p *plan) tells() pulumi.StringArray { return pulumi.StringArray{p.topic} }

func (p *plan) declare(ctx *pulumi.Context, source string, rows []alarm) error {
	for _, a := range rows {
		if a.metric.None() {
			continue
		}
		part := p.part(source, a.what)
		made, err := cloudwatch.NewMetricAlarm(ctx, part, &cloudwatch.MetricAlarmArgs{
			Name:               pulumi.String(alarmName(ctx, part)),
			AlarmDescription:   pulumi.String(fmt.Sprintf("%s. What to do: %s", a.says, a.runbook())),
			Namespace:          pulumi.String(a.metric.Namespace),
			MetricName:         pulumi.String(a.metric.Name),
			Dimensions:         a.metric.Dimensions,
			Statistic:          pulumi.String(a.metric.Statistic),
			Period:             pulumi.Int(a.metric.Period),
			ComparisonOperator: pulumi.String(a.when),
			Threshold:          pulumi.Float64(a.threshold),
			DatapointsToAlarm:  pulumi.Int(a.datapoints),
			EvaluationPeriods:  pulumi.Int(a.periods),
			TreatMissingData:   pulumi.String(a.missing),
			AlarmActions:       pulumi.Array{p.topic},
			OkActions:          pulumi.Array{p.topic},
		}, p.child(), pulumi.DependsOn(p.before))
		if err != nil {
			return fmt.Errorf("making the alarm %s: %w", part, err)
		}
		p.made = append(p.made, madeAlarm{alarm: a, source: source, made: made})
		p.Observability.Alarms = append(p.Observability.Alarms, part)
	}
	return nil
}

// compose makes a source's composite alarm, which is on while any alarm of the group is.
func (p *plan) compose(ctx *pulumi.Context, source string, g group) error {
	var rule pulumi.StringArray
	for _, m := range p.made {
		if m.source == source && m.group == g {
			rule = append(rule, pulumi.Sprintf("ALARM(%q)", m.made.Name))
		}
	}
	if len(rule) == 0 {
		return nil
	}
	part := p.part(source, string(g))
	made, err := cloudwatch.NewCompositeAlarm(ctx, part, &cloudwatch.CompositeAlarmArgs{
		AlarmName:        pulumi.String(alarmName(ctx, part)),
		AlarmDescription: pulumi.String(fmt.Sprintf("%s. What to do: %s", says[g], runbook(string(g)))),
		AlarmRule:        rule.ToStringArrayOutput().ApplyT(func(all []string) string { return strings.Join(all, " OR ") }).(pulumi.StringOutput),
		AlarmActions:     p.tells(),
		OkActions:        p.tells(),
	}, p.child(), pulumi.DependsOn(p.before))
	if err != nil {
		return fmt.Errorf("making the alarm %s: %w", part, err)
	}
	p.composed = append(p.composed, made)
	p.Observability.Alarms = append(p.Observability.Alarms, part)
	return nil
}

// says holds the messages of the composite alarms.
var says = map[group]string{
	groupBehind: "Changes are late on their way from the database to what is searched or to the lake",
	groupAtRisk: "Changes may be lost, or are put aside: the task does not run, what is not read is soon forgotten, or a record could not be delivered",
}
