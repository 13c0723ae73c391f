// Package metric describes a CloudWatch metric as a value. A component returns the metrics of its resources; an alarm
// sets a threshold on one, or a dashboard draws it.
package metric

import "github.com/pulumi/pulumi/sdk/v3/go/pulumi"

// Statistics that CloudWatch computes over a period,
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Statistics-definitions.html.
const (
	Average     = "Average"
	Maximum     = "Maximum"
	Minimum     = "Minimum"
	Sum         = "Sum"
	SampleCount = "SampleCount"
)

// Minute is the period of most metrics, in seconds. Firehose and S3 publish every five minutes.
const (
	Minute      = 60
	FiveMinutes = 5 * Minute
)

// Metric is one series of values. It is not a resource: asking for one makes nothing.
//
// The zero Metric means none. A component returns it for a resource that it does not have, such as the replication
// instance of a serverless task.
type Metric struct {
	// Namespace and Name are those that the service publishes.
	Namespace, Name string
	// Dimensions must be complete: CloudWatch identifies a series by its exact set.
	Dimensions pulumi.StringMap
	// Statistic is computed over each period.
	Statistic string
	// Period in seconds.
	Period int
	// Label in a graph.
	Label string
	// Unit of the values, for display only: seconds, bytes, percent. It does not filter values.
	Unit string
}

// OfDelivery is a metric of a Firehose, by a name from
// https://docs.aws.amazon.com/firehose/latest/dev/monitoring-with-cloudwatch-metrics.html.
func OfDelivery(stream pulumi.StringInput, name, statistic, label, unit string) Metric {
	return Metric{
		Namespace: "AWS/Firehose", Name: name, Dimensions: pulumi.StringMap{"DeliveryStreamName": stream},
		Statistic: statistic, Period: FiveMinutes, Label: label, Unit: unit,
	}
}

// None reports whether the metric is the zero Metric.
func (m Metric) None() bool { return m.Name == "" }

// WithPeriod returns the metric with another period, in seconds.
func (m Metric) WithPeriod(seconds int) Metric {
	m.Period = seconds
	return m
}

// WithStatistic returns the metric with another statistic.
func (m Metric) WithStatistic(statistic string) Metric {
	m.Statistic = statistic
	return m
}
