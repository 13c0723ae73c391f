package lake

import (
	"cdcpipeline/config"
	"cdcpipeline/internal/iampolicy"
	"cdcpipeline/internal/lake/tables"
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Names that functions/tables/cdctables/metrics.py publishes under, once at the end of each run: how many tables have stopped, and how many
// records were refused. Glue's own events of a job that failed are sent by best effort, one for each attempt
// (https://docs.aws.amazon.com/eventbridge/latest/ref/events-ref-glue.html), and say nothing of either.
const (
	metricsNamespace = "cdc-pipeline/tables"
	stoppedTables    = "StoppedTables"
	refusedRecords   = "RefusedRecords"
)

// alarmed says that somebody is told of the job: an alarm that tells nobody is none (Security Hub, CloudWatch.15).
func (p *tablesPlan) alarmed() bool { return p.Lake.Tables.AlarmTopic != "" }

// measured says that the job publishes its metrics.
func (p *tablesPlan) measured() bool { return p.Measured || p.alarmed() }

// dimensions of the job's metrics.
func (p *tablesPlan) dimensions() pulumi.StringMap {
	all := pulumi.StringMap{"Database": p.Database}
	if p.Source != "" {
		all["Source"] = pulumi.String(p.Source)
	}
	return all
}

// alarms of a table that has stopped, of refused records, and of a time without a run that has ended by itself: it failed, was ended
// for its time, or was not started.
func (p *tablesPlan) alarms(ctx *pulumi.Context) error {
	hours, quiet := quietHours(p.Lake.Tables)
	p.Tables.dimensions, p.periodHours, p.quietPeriods, p.Tables.alarmed = p.dimensions(), hours, quiet, p.alarmed()
	if !p.alarmed() {
		return nil
	}
	aside, of := "errors/tables", ""
	if p.Source != "" {
		aside, of = tables.Errors(p.Lake), " --source "+p.Source
	}
	for _, a := range []struct {
		name, text, metric, statistic, comparison, missing string
		periods                                            int
	}{
		{
			"stopped", "A table of the lake has stopped: `cdc tables status" + of + "` says why, and what to do", stoppedTables, "Maximum", "GreaterThanOrEqualToThreshold",
			"ignore", 1, // until a run says otherwise
		},
		{
			"refused", "Records could not be applied to tables of the lake: they are below " + aside + ", each with its reason; `cdc tables replay" + of + "` when that is mended",
			refusedRecords, "Sum", "GreaterThanOrEqualToThreshold", "notBreaching", 1,
		},
		{
			"late", fmt.Sprintf("No run of the job that keeps the lake's tables has ended by itself for %d hours: see the job's runs in Glue; `cdc tables run%s` starts one", hours*quiet, of),
			stoppedTables, "SampleCount", "LessThanThreshold", "breaching", quiet,
		},
	} {
		_, err := cloudwatch.NewMetricAlarm(ctx, p.name+"-"+a.name, &cloudwatch.MetricAlarmArgs{
			AlarmDescription:   pulumi.String(a.text),
			Namespace:          pulumi.String(metricsNamespace),
			MetricName:         pulumi.String(a.metric),
			Dimensions:         p.dimensions(),
			Statistic:          pulumi.String(a.statistic),
			ComparisonOperator: pulumi.String(a.comparison),
			Threshold:          pulumi.Float64(1),
			Period:             pulumi.Int(hours * 3600),
			EvaluationPeriods:  pulumi.Int(a.periods),
			TreatMissingData:   pulumi.String(a.missing),
			AlarmActions:       pulumi.Array{pulumi.String(p.Lake.Tables.AlarmTopic)},
			OkActions:          pulumi.Array{pulumi.String(p.Lake.Tables.AlarmTopic)},
		}, p.child())
		if err != nil {
			return fmt.Errorf("making the alarm %s of the tables' job: %w", a.name, err)
		}
	}
	return nil
}

// maxQuietHours is what an alarm looks back, with periods of an hour or more,
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html.
const maxQuietHours = 7 * 24

// quietHours are the hours of a period, and how many periods may pass without a run that has ended: two starts, of which one may be
// missed because a run goes on, and as long as a run may take.
func quietHours(cfg config.LakeTables) (hours, periods int) {
	up := func(n, by int) int { return (n + by - 1) / by }
	hours = up(cfg.Minutes, 60)
	return hours, min(up(2*cfg.Minutes+cfg.TimeoutMinutes, 60*hours), maxQuietHours/hours)
}

// publishMetrics: a metric has no ARN, its namespace is a condition,
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/iam-cw-condition-keys-namespace.html.
func publishMetrics() iampolicy.Statement {
	return iampolicy.Statement{
		Sid: "PublishMetrics", Actions: []string{"cloudwatch:PutMetricData"}, Resources: iampolicy.Strings("*"),
		Conditions: []iampolicy.Condition{iampolicy.StringEquals("cloudwatch:namespace", pulumi.String(metricsNamespace))},
	}
}
