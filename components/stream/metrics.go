package stream

import (
	"cdcpipeline/components/metric"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// metric is a metric of the stream, by a name from
// https://docs.aws.amazon.com/streams/latest/dev/monitoring-with-cloudwatch.html, every minute.
func (s *ChangeStream) metric(name, statistic, label, unit string) metric.Metric {
	return metric.Metric{
		Namespace: "AWS/Kinesis", Name: name, Dimensions: pulumi.StringMap{"StreamName": s.Name},
		Statistic: statistic, Period: metric.Minute, Label: label, Unit: unit,
	}
}

// MetricIncomingRecords is how many records were written.
func (s *ChangeStream) MetricIncomingRecords() metric.Metric {
	return s.metric("IncomingRecords", metric.Sum, "Records written", "records")
}

// MetricIncomingBytes is how much was written.
func (s *ChangeStream) MetricIncomingBytes() metric.Metric {
	return s.metric("IncomingBytes", metric.Sum, "Bytes written", "bytes")
}

// MetricWriteThrottled is how many records were refused because a shard was at its limit. DMS writes them again.
func (s *ChangeStream) MetricWriteThrottled() metric.Metric {
	return s.metric("WriteProvisionedThroughputExceeded", metric.Sum, "Writes refused", "records")
}

// MetricReadThrottled is how many reads were refused because a shard was at its limit.
func (s *ChangeStream) MetricReadThrottled() metric.Metric {
	return s.metric("ReadProvisionedThroughputExceeded", metric.Sum, "Reads refused", "reads")
}

// MetricIteratorAge is the age of the last record that the slowest reader has read, in milliseconds. It excludes
// readers with enhanced fan-out; see search.CurrentState.MetricIteratorAge.
func (s *ChangeStream) MetricIteratorAge() metric.Metric {
	return s.metric("GetRecords.IteratorAgeMilliseconds", metric.Maximum, "Age of what is read", "milliseconds")
}
