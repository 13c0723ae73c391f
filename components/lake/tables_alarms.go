package lake

import (
	"cdcpipeline/config"
	"cdcpipeline/internal/iampolicy"
	"cdcpipeline/internal/lake/tables"
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// functions/tables/cdctables/metrics.py publishes under these names, once at the end of each run: how many tables
// have stopped, and how many records were refused. Glue sends its own events of a failed job by best effort, one for
// each attempt (https://docs.aws.amazon.com/eventbridge/latest/ref/events-ref-glue.html). They contain neither
// number.
const (
	metricsNamespace = "cdc-pipeline/tables"
	stoppedTables    = "StoppedTables"
	refusedRecords   = "RefusedRecords"
)

// alarmed reports whether somebody is told about the job. An alarm without a recipient is of no use (Security Hub,
// CloudWatch.15).
func (p *tablesPlan) alarmed() bool { return p.Lake.Tables.AlarmTopic != "" }

// measured reports whether the job publishes its metrics.
func (p *tablesPlan) measured() bool { return p.Measured || p.alarmed() }

// TablesOf returns the Tables of a job that was made elsewhere, for their metrics only. The settings have their defaults.
// database is the database of the Glue Data Catalog.
func TablesOf(settings config.LakeTables, source string, database pulumi.StringInput) *Tables {
	hours, quiet := quietHours(settings)
	all := pulumi.StringMap{"Database": database}
	if source != "" {
		all["Source"] = pulumi.String(source)
	}
	return &Tables{dimensions: all, periodHours: hours, quietPeriods: quiet, alarmed: settings.AlarmTopic != ""}
}

// alarms makes three alarms: a stopped table, refused records, and a time in which no run ended by itself, because it
// failed, timed out or was not started.
func (p *tablesPlan) alarms(ctx *pulumi.Context) error {
	known := TablesOf(p.Lake.Tables, p.Source, p.Database)
	hours, quiet := known.periodHours, known.quietPeriods
	p.Tables.dimensions, p.periodHours, p.quietPeriods, p.Tables.alarmed = known.dimensions, hours, quiet, known.alarmed
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
			"ignore", 1, // until a run reports another value
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
			Dimensions:         known.dimensions,
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

// maxQuietHours is how far an alarm can look back with periods of an hour or more,
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html.
const maxQuietHours = 7 * 24

// quietHours returns a period's hours and how many periods may pass in which no run ends. That is two starts plus the
// longest time of a run. One start may be skipped, because a run is still going on.
func quietHours(cfg config.LakeTables) (hours, periods int) {
	up := func(n, by int) int { return (n + by - 1) / by }
	hours = up(cfg.Minutes, 60)
	return hours, min(up(2*cfg.Minutes+cfg.TimeoutMinutes, 60*hours), maxQuietHours/hours)
}

// publishMetrics restricts the namespace by a condition, because a metric has no ARN,
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/iam-cw-condition-keys-namespace.html.
func publishMetrics() iampolicy.Statement {
	return iampolicy.Statement{
		Sid: "PublishMetrics", Actions: []string{"cloudwatch:PutMetricData"}, Resources: iampolicy.Strings("*"),
		Conditions: []iampolicy.Condition{iampolicy.StringEquals("cloudwatch:namespace", pulumi.String(metricsNamespace))},
	}
}
