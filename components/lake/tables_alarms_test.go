package lake

import (
	"cdcpipeline/config"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

const (
	alarmType = "aws:cloudwatch/metricAlarm:MetricAlarm"
	topic     = "arn:aws:sns:us-east-1:123456789012:ops"
)

func TestAlarmsAreMadeForSomebodyOnly(t *testing.T) {
	r := tabled(t, nil)
	require.Empty(t, r.All(alarmType))
	require.NotContains(t, r.One(t, jobType).Input("defaultArguments"), "--metrics")
	require.NotContains(t, statements(t, r.One(t, "aws:iam/rolePolicy:RolePolicy").Input("policy")), "PublishMetrics")
}

func TestAlarmsTellOfWhatTheJobPublishes(t *testing.T) {
	r := tabled(t, func(a *TablesArgs) { a.Lake.Tables.AlarmTopic, a.Lake.Tables.Minutes = topic, 120 })
	require.Equal(t, "cdc-pipeline/tables", r.One(t, jobType).Input("defaultArguments").(map[string]any)["--metrics"])
	publish := statements(t, r.One(t, "aws:iam/rolePolicy:RolePolicy").Input("policy"))["PublishMetrics"]
	require.Equal(t, []string{"cdc-pipeline/tables"}, publish.Condition["StringEquals"]["cloudwatch:namespace"])
	for name, want := range map[string]map[string]any{
		"tables-stopped": {"metricName": "StoppedTables", "statistic": "Maximum", "comparisonOperator": "GreaterThanOrEqualToThreshold", "treatMissingData": "ignore", "evaluationPeriods": 1.0},
		"tables-refused": {"metricName": "RefusedRecords", "statistic": "Sum", "comparisonOperator": "GreaterThanOrEqualToThreshold", "treatMissingData": "notBreaching", "evaluationPeriods": 1.0},
		"tables-late":    {"metricName": "StoppedTables", "statistic": "SampleCount", "comparisonOperator": "LessThanThreshold", "treatMissingData": "breaching", "evaluationPeriods": 3.0},
	} {
		alarm := r.One(t, alarmType, name)
		require.Equal(t, want, inputs(alarm, "metricName", "statistic", "comparisonOperator", "treatMissingData", "evaluationPeriods"), name)
		require.Equal(t, map[string]any{
			"namespace": "cdc-pipeline/tables", "dimensions": map[string]any{"Database": "project_stack"}, "threshold": 1.0, "period": 7200.0, "alarmActions": []any{topic}, "okActions": []any{topic},
		}, inputs(alarm, "namespace", "dimensions", "threshold", "period", "alarmActions", "okActions"), name)
	}
	code, err := os.ReadFile("../../functions/tables/cdctables/metrics.py")
	require.NoError(t, err)
	for _, name := range []string{stoppedTables, refusedRecords, `{"Database": database}`, `{"Source": source}`} {
		require.Contains(t, string(code), name)
	}
}

// CloudWatch looks back seven days at most, and a slow run must not cause an alarm.
func TestAnAlarmWaitsForARunThatTakesItsTime(t *testing.T) {
	for _, c := range []struct{ minutes, timeout, hours, periods int }{
		{5, 60, 1, 2}, {60, 60, 1, 3}, {120, 60, 2, 3}, {1440, 60, 24, 3}, {60, 10080, 1, 168}, {1440, 10080, 24, 7},
	} {
		hours, periods := quietHours(config.LakeTables{Minutes: c.minutes, TimeoutMinutes: c.timeout})
		require.Equal(t, []int{c.hours, c.periods}, []int{hours, periods}, c)
	}
}
