// Package metric is a metric of CloudWatch as a value: what a component gives of the resource that it owns, for an alarm to put a threshold
// on, or a dashboard to draw.
package metric

import "github.com/pulumi/pulumi/sdk/v3/go/pulumi"

// Statistics that CloudWatch makes of the values of a period,
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Statistics-definitions.html.
const (
	Average     = "Average"
	Maximum     = "Maximum"
	Minimum     = "Minimum"
	Sum         = "Sum"
	SampleCount = "SampleCount"
)

// Minute is the period of most metrics, in seconds; Firehose's and S3's have values every five.
const (
	Minute      = 60
	FiveMinutes = 5 * Minute
)

// Metric is one series of values. It is no resource: nothing is made by asking for one.
//
// The zero Metric is none: what a component gives for a resource that it does not have, such as the replication instance of a serverless task.
type Metric struct {
	// Namespace and Name as the service publishes them.
	Namespace, Name string
	// Dimensions, all of them: CloudWatch knows a series only by its exact set.
	Dimensions pulumi.StringMap
	// Statistic of a period.
	Statistic string
	// Period in seconds.
	Period int
	// Label in a graph.
	Label string
	// Unit of the values, for people: seconds, bytes, percent. Values are not asked for by it.
	Unit string
}

// OfDelivery is a metric of a Firehose by its name, as https://docs.aws.amazon.com/firehose/latest/dev/monitoring-with-cloudwatch-metrics.html
// names them.
func OfDelivery(stream pulumi.StringInput, name, statistic, label, unit string) Metric {
	return Metric{
		Namespace: "AWS/Firehose", Name: name, Dimensions: pulumi.StringMap{"DeliveryStreamName": stream},
		Statistic: statistic, Period: FiveMinutes, Label: label, Unit: unit,
	}
}

// None reports whether there is no such metric.
func (m Metric) None() bool { return m.Name == "" }

// Over is the metric with another period, in seconds.
func (m Metric) Over(seconds int) Metric {
	m.Period = seconds
	return m
}

// By is the metric with another statistic.
func (m Metric) By(statistic string) Metric {
	m.Statistic = statistic
	return m
}
