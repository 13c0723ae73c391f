package canary

import (
	"cdcpipeline/components/metric"
	"cdcpipeline/config"
	"cdcpipeline/internal/canary"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Of returns the canary with this function, made elsewhere, for its metrics only. engine is that of its source.
func Of(engine config.Engine, functionName pulumi.StringInput) *Canary {
	return &Canary{FunctionName: functionName.ToStringOutput(), postgreSQL: engine == config.EnginePostgreSQL}
}

// metric that the function publishes itself, once a minute.
func (c *Canary) metric(name, statistic, label, unit string) metric.Metric {
	return metric.Metric{
		Namespace: canary.Namespace, Name: name, Dimensions: pulumi.StringMap{canary.Dimension: c.FunctionName},
		Statistic: statistic, Period: metric.Minute, Label: label, Unit: unit,
	}
}

// MetricSearchable is the time from a change's commit until the change is found, in seconds. While the change is not
// found, it is the age of the newest change that is found. There is no value when nothing was ever found and the
// database does not answer.
func (c *Canary) MetricSearchable() metric.Metric {
	return c.metric(canary.SearchableSeconds, metric.Maximum, "Commit to found", "seconds")
}

// MetricTablesToReload counts tables that no longer match their records: they were truncated, replaced or dropped
// after their load, or lost a column. No record reports such a change.
func (c *Canary) MetricTablesToReload() metric.Metric {
	return c.metric(canary.TablesToReload, metric.Maximum, "Tables to reload", "tables")
}

// MetricCertificateDays is the number of days until the first certificate expires among those that verify the
// database.
func (c *Canary) MetricCertificateDays() metric.Metric {
	return c.metric(canary.CertificateDays, metric.Minimum, "Certificate", "days")
}

// MetricLogHeadroom is the remaining margin before the database drops log that the task has not read: hours of
// MySQL's binary log, or bytes that PostgreSQL may still write. For PostgreSQL there is no value while nothing limits
// the log kept for a slot.
func (c *Canary) MetricLogHeadroom() metric.Metric {
	if c.postgreSQL {
		return c.metric(canary.LogHeadroomBytes, metric.Minimum, "Log left", "bytes")
	}
	return c.metric(canary.LogHeadroomHours, metric.Minimum, "Log left", "hours")
}

// MetricParkedObjects counts the parked objects: records that no sink accepted.
func (c *Canary) MetricParkedObjects() metric.Metric {
	return c.metric(canary.ParkedObjects, metric.Maximum, "Parked", "objects")
}

// MetricFailures counts the measurements that the function could not take. Its log gives the reasons.
func (c *Canary) MetricFailures() metric.Metric {
	return c.metric(canary.Failures, metric.Maximum, "Measures that failed", "measures")
}
