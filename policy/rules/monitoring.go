package rules

import "cdcpipeline/policy/view"

const (
	metricAlarmType = "aws:cloudwatch/metricAlarm:MetricAlarm"
	workgroupType   = "aws:athena/workgroup:Workgroup"
)

// MetricAlarm is a CloudWatch alarm.
type MetricAlarm struct {
	AlarmActions   view.Strings    `prop:"alarmActions"`
	ActionsEnabled view.Of[bool]   `prop:"actionsEnabled"`
	MetricName     view.Of[string] `prop:"metricName"`
}

// Workgroup is an Athena workgroup.
type Workgroup struct {
	Configuration struct {
		PublishMetrics view.Of[bool] `prop:"publishCloudwatchMetricsEnabled"`
	} `prop:"configuration"`
}

func cloudWatch() []Rule {
	return []Rule{
		{
			Name: "cloudwatch-15", Title: "Alarms notify somebody", Severity: High, Controls: []string{"CloudWatch.15"}, Types: []string{metricAlarmType},
			Change: "alarmActions with a topic", Unseen: "actions are counted, even if their ARNs are not known yet", Default: "none is made",
			Check: each(metricAlarmType, func(a MetricAlarm) []Violation {
				actions, known := a.AlarmActions.Get()
				return broken((known || a.AlarmActions.Unset()) && len(actions) == 0, "it has no action")
			}),
		},
		{
			Name: "cloudwatch-17", Title: "Alarms' actions are on", Severity: High, Controls: []string{"CloudWatch.17"}, Types: []string{metricAlarmType},
			Change: "actionsEnabled: true", Unseen: "counts as on", Default: "none is made",
			Check: each(metricAlarmType, func(a MetricAlarm) []Violation { return broken(a.ActionsEnabled.Is(false), "they are off") }),
		},
	}
}

func athena() []Rule {
	return []Rule{{
		Name: "athena-4", Title: "Workgroups publish metrics", Severity: Medium, Controls: []string{"Athena.4"}, Types: []string{workgroupType},
		Change: "configuration.publishCloudwatchMetricsEnabled: true", Unseen: "counts as on", Default: "none is made",
		Check: each(workgroupType, func(w Workgroup) []Violation {
			return broken(w.Configuration.PublishMetrics.Is(false), "they are off") // the provider's default is true
		}),
	}}
}
