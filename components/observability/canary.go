package observability

import (
	"cdcpipeline/components/feed"
	"cdcpipeline/components/metric"
)

// Canary provides the metrics of a canary: a function that changes a row of its own, looks for it in the current
// index, and measures values that CloudWatch lacks.
type Canary interface {
	// MetricSearchable is the time from the row's commit until it was found, in seconds, each minute.
	MetricSearchable() metric.Metric
	// MetricTablesToReload counts tables with changes that their records do not show until the next load.
	MetricTablesToReload() metric.Metric
	// MetricCertificateDays is the number of days until the database's certificate expires.
	MetricCertificateDays() metric.Metric
	// MetricLogHeadroom is the remaining margin before the database drops log that the task has not read: hours of
	// MySQL's binary log, or bytes that PostgreSQL may still write.
	MetricLogHeadroom() metric.Metric
	// MetricParkedObjects counts the parked objects, whichever component put them there.
	MetricParkedObjects() metric.Metric
	// MetricFailures counts the measurements that the canary could not take.
	MetricFailures() metric.Metric
}

// canaryOf returns a feed's canary, or nil without one. Then there are no alarms on its metrics.
func canaryOf(f *feed.Feed) Canary {
	if f.Canary == nil {
		return nil
	}
	return f.Canary
}
