package canary

import (
	"encoding/json"
	"fmt"
	"log/slog"
)

// Namespace of the function's metrics in CloudWatch; their one dimension is [Dimension], its name.
const (
	Namespace = "cdc-pipeline/canary"
	Dimension = "Function"
)

// The metrics.
const (
	// SearchableSeconds from a commit until it is found; while it is not found, the age of what is.
	SearchableSeconds = "SearchableSeconds"
	// TablesToReload are those that were emptied, replaced or dropped, of which no record tells, or have lost a column.
	TablesToReload = "TablesToReload"
	// CertificateDays until the first certificate ends by which the database was verified.
	CertificateDays = "CertificateDays"
	// LogHeadroomHours until MySQL gives up a part of its binary log that was not followed yet.
	LogHeadroomHours = "LogHeadroomHours"
	// LogHeadroomBytes that PostgreSQL may write until then.
	LogHeadroomBytes = "LogHeadroomBytes"
	// ParkedObjects below the prefixes of what no sink took.
	ParkedObjects = "ParkedObjects"
	// Failures are the measures that could not be taken.
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

// report writes the metrics in the embedded format, which needs no way from the VPC to CloudWatch,
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
