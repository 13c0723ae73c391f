package lake

import (
	"cdcpipeline/components/metric"
)

func (d *Delivery) metric(name, statistic, label, unit string) metric.Metric {
	return metric.OfDelivery(d.Name, name, statistic, label, unit)
}

// MetricFreshness is the age of the oldest record that has not reached the lake, in seconds. There is no value while
// nothing waits.
func (d *Delivery) MetricFreshness() metric.Metric {
	return d.metric("DeliveryToS3.DataFreshness", metric.Maximum, "Lake", "seconds")
}

// MetricSuccess is the share of objects written at the first attempt, 0 to 1. Firehose retries the others.
func (d *Delivery) MetricSuccess() metric.Metric {
	return d.metric("DeliveryToS3.Success", metric.Average, "Objects written", "share")
}

// MetricRecords is how many records were written to the lake.
func (d *Delivery) MetricRecords() metric.Metric {
	return d.metric("DeliveryToS3.Records", metric.Sum, "Lake", "records")
}

// MetricBehind is the distance between the last record read and the stream's newest record, in milliseconds.
func (d *Delivery) MetricBehind() metric.Metric {
	return d.metric("KinesisMillisBehindLatest", metric.Maximum, "Lake", "milliseconds")
}

// MetricFailed is 1 while there are more partitions than Firehose supports. It then writes records of further tables
// and hours below lake.errorPrefix, https://docs.aws.amazon.com/firehose/latest/dev/dynamic-partitioning.html. No
// metric counts the records that go there because their partition is unknown: look for objects there.
func (d *Delivery) MetricFailed() metric.Metric {
	return d.metric("PartitionCountExceeded", metric.Maximum, "Too many partitions", "yes or no")
}

// ofRuns is a metric that the tables' job publishes at the end of each run. The statistic covers a period with at
// least one run.
func (t *Tables) ofRuns(name, statistic, label string) metric.Metric {
	return metric.Metric{
		Namespace: metricsNamespace, Name: name, Dimensions: t.dimensions, Statistic: statistic, Period: t.periodHours * 60 * metric.Minute,
		Label: label, Unit: "count",
	}
}

// MetricStopped is how many tables have stopped.
func (t *Tables) MetricStopped() metric.Metric {
	return t.ofRuns(stoppedTables, metric.Maximum, "Tables that stopped")
}

// MetricRefused is how many records could not be applied.
func (t *Tables) MetricRefused() metric.Metric {
	return t.ofRuns(refusedRecords, metric.Sum, "Records refused")
}

// MetricRuns is how many runs ended by themselves.
func (t *Tables) MetricRuns() metric.Metric {
	return t.ofRuns(stoppedTables, metric.SampleCount, "Runs that ended")
}

// Alarmed reports whether the component has its own alarms, sent to lake.tables.alarmTopic.
func (t *Tables) Alarmed() bool { return t.alarmed }

// QuietPeriods is how many periods of [Tables.MetricRuns] may pass in which no run ends.
func (t *Tables) QuietPeriods() int { return t.quietPeriods }
