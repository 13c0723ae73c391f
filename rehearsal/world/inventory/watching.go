package inventory

import (
	"cdcpipeline/internal/awsapi"
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	watchtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
)

// Services that are called by single actions, named as in their API references.
var (
	notifications = awsapi.Service{ID: "SNS", Signs: "sns", Version: "2010-03-31"}
	eventBridge   = awsapi.Service{ID: "EventBridge", Signs: "events", Target: "AWSEvents"}
)

// alarms lists alarms and dashboards.
func alarms(ctx context.Context, cfg aws.Config) ([]string, error) {
	c := cloudwatch.NewFromConfig(cfg)
	var found []string
	pages := cloudwatch.NewDescribeAlarmsPaginator(c, &cloudwatch.DescribeAlarmsInput{AlarmTypes: []watchtypes.AlarmType{watchtypes.AlarmTypeMetricAlarm, watchtypes.AlarmTypeCompositeAlarm}})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err //nolint:wrapcheck // the caller names the service
		}
		found = append(found, names("alarm", page.MetricAlarms, func(a watchtypes.MetricAlarm) *string { return a.AlarmName })...)
		found = append(found, names("composite-alarm", page.CompositeAlarms, func(a watchtypes.CompositeAlarm) *string { return a.AlarmName })...)
	}
	drawn, err := c.ListDashboards(ctx, &cloudwatch.ListDashboardsInput{})
	if err != nil {
		return nil, err //nolint:wrapcheck // as above
	}
	return append(found, names("dashboard", drawn.DashboardEntries, func(d watchtypes.DashboardEntry) *string { return d.DashboardName })...), nil
}

func topics(ctx context.Context, cfg aws.Config) ([]string, error) {
	var answer struct {
		Topics        []string `xml:"ListTopicsResult>Topics>member>TopicArn"`
		Subscriptions []string `xml:"ListSubscriptionsResult>Subscriptions>member>SubscriptionArn"`
	}
	c := awsapi.New(cfg, notifications)
	for _, action := range []string{"ListTopics", "ListSubscriptions"} {
		if err := c.Query(ctx, action, nil, &answer); err != nil {
			return nil, err //nolint:wrapcheck // as above
		}
	}
	own := func(s string) *string { return &s }
	return append(names("topic", answer.Topics, own), names("subscription", answer.Subscriptions, own)...), nil
}

func rules(ctx context.Context, cfg aws.Config) ([]string, error) {
	var answer struct{ Rules []struct{ Name string } }
	if err := awsapi.New(cfg, eventBridge).JSON(ctx, "ListRules", struct{}{}, &answer); err != nil {
		return nil, err //nolint:wrapcheck // as above
	}
	return names("event-rule", answer.Rules, func(r struct{ Name string }) *string { return &r.Name }), nil
}
