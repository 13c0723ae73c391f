package canary

import (
	"cdcpipeline/components/metric"
	"cdcpipeline/internal/canary"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// metric that the function publishes itself, once a minute.
func (c *Canary) metric(name, statistic, label, unit string) metric.Metric {
	return metric.Metric{
		Namespace: canary.Namespace, Name: name, Dimensions: pulumi.StringMap{canary.Dimension: c.FunctionName},
		Statistic: statistic, Period: metric.Minute, Label: label, Unit: unit,
	}
}

// MetricSearchable is how long a change takes from its commit until it is found, in seconds; while it is not found, how old what is found is. There
// is none when nothing was ever found and the database does not answer.
func (c *Canary) MetricSearchable() metric.Metric {
	return c.metric(canary.SearchableSeconds, metric.Maximum, "Commit to found", "seconds")
}

// MetricTablesToReload is how many tables were emptied, replaced or dropped since they were loaded, of which no record tells, or have lost a column.
func (c *Canary) MetricTablesToReload() metric.Metric {
	return c.metric(canary.TablesToReload, metric.Maximum, "Tables to reload", "tables")
}

// MetricCertificateDays is in how many days the first certificate ends of those by which the database is verified.
func (c *Canary) MetricCertificateDays() metric.Metric {
	return c.metric(canary.CertificateDays, metric.Minimum, "Certificate", "days")
}

// MetricLogHeadroom is what is left until the database gives up a part of its log that was not followed yet: hours of MySQL's binary log, or
// bytes that PostgreSQL may write until then; of the latter there is none while nothing bounds what is kept for a slot.
func (c *Canary) MetricLogHeadroom() metric.Metric {
	if c.postgreSQL {
		return c.metric(canary.LogHeadroomBytes, metric.Minimum, "Log left", "bytes")
	}
	return c.metric(canary.LogHeadroomHours, metric.Minimum, "Log left", "hours")
}

// MetricParkedObjects is how many objects there are of what no sink took.
func (c *Canary) MetricParkedObjects() metric.Metric {
	return c.metric(canary.ParkedObjects, metric.Maximum, "Parked", "objects")
}

// MetricFailures is how many of its measures the function could not take; its log says why.
func (c *Canary) MetricFailures() metric.Metric {
	return c.metric(canary.Failures, metric.Maximum, "Measures that failed", "measures")
}
