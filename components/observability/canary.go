package observability

import (
	"cdcpipeline/components/feed"
	"cdcpipeline/components/metric"
)

// Canary is what a canary measures: a function that changes a row of its own, looks for it in what is searched, and looks at what CloudWatch
// has no metric of.
type Canary interface {
	// MetricSearchable is how long after its commit the row was found, in seconds, each minute.
	MetricSearchable() metric.Metric
	// MetricTablesToReload is how many tables were changed in ways that rows do not show until they are loaded again.
	MetricTablesToReload() metric.Metric
	// MetricCertificateDays is when the database's certificate expires.
	MetricCertificateDays() metric.Metric
	// MetricLogHeadroom is what is left until the database gives up what the task has not read: hours of MySQL's binary log, or bytes that
	// PostgreSQL may write until then.
	MetricLogHeadroom() metric.Metric
	// MetricParkedObjects is how many objects there are of what could not be delivered, whoever has put them there.
	MetricParkedObjects() metric.Metric
	// MetricFailures is how many of its measures the canary could not take.
	MetricFailures() metric.Metric
}

// canaryOf a feed; nil when it has none, and then there are no alarms of what only a canary sees.
func canaryOf(f *feed.Feed) Canary {
	if f.Canary == nil {
		return nil
	}
	return f.Canary
}
