package canary

import (
	"encoding/json"
	"fmt"
	"log/slog"
)

// Namespace of the function's metrics in CloudWatch. Their only dimension is [Dimension], the function's name.
const (
	Namespace = "cdc-pipeline/canary"
	Dimension = "Function"
)

// The metrics.
const (
	// SearchableSeconds is the time from a commit until the change is found. While it is not found, it is the age of
	// the newest change that is.
	SearchableSeconds = "SearchableSeconds"
	// TablesToReload counts tables that no longer match their records: truncated, replaced or dropped, or with a lost
	// column.
	TablesToReload = "TablesToReload"
	// CertificateDays is the time until the first certificate expires among those that verified the database.
	CertificateDays = "CertificateDays"
	// LogHeadroomHours is the time until MySQL drops binary log that the task has not read.
	LogHeadroomHours = "LogHeadroomHours"
	// LogHeadroomBytes is how much PostgreSQL may write before it drops log that the task has not read.
	LogHeadroomBytes = "LogHeadroomBytes"
	// ParkedObjects counts the objects below the prefixes for parked records.
	ParkedObjects = "ParkedObjects"
	// Failures counts the failed measurements.
	Failures = "Failures"
)

// measures of one call.
type measures struct {
	log      *slog.Logger
	metrics  []metric
	failures int
}

type metric struct {
	name, unit string
	value      float64
}

func (m *measures) add(name, unit string, value float64) {
	m.metrics = append(m.metrics, metric{name, unit, value})
}

func (m *measures) fail(what string, err error) {
	m.failures++
	m.log.Error(what, "error", err)
}

// report writes the metrics in the embedded format, which needs no route from the VPC to CloudWatch,
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html.
func (f *Function) report(m *measures) error {
	m.add(Failures, "Count", float64(m.failures))
	definitions := make([]map[string]string, len(m.metrics))
	line := map[string]any{Dimension: f.settings.Function}
	for i, of := range m.metrics {
		definitions[i] = map[string]string{"Name": of.name, "Unit": of.unit}
		line[of.name] = of.value
	}
	line["_aws"] = map[string]any{
		"Timestamp":         f.deps.Now().UnixMilli(),
		"CloudWatchMetrics": []any{map[string]any{"Namespace": Namespace, "Dimensions": [][]string{{Dimension}}, "Metrics": definitions}},
	}
	text, err := json.Marshal(line)
	if err == nil {
		_, err = f.deps.Metrics.Write(append(text, '\n'))
	}
	if err != nil {
		return fmt.Errorf("writing metrics: %w", err)
	}
	return nil
}
