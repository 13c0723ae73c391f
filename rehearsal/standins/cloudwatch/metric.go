package cloudwatch

import (
	"context"
	"maps"
	"slices"
	"strings"
)

// Metric identifies one series of values: CloudWatch distinguishes series by all of these fields.
type Metric struct {
	Namespace, Name string
	Dimensions      map[string]string
}

func (m Metric) key() string { return m.Name + "\x00" + m.place() }

// place is the namespace with the dimensions.
func (m Metric) place() string {
	var b strings.Builder
	b.WriteString(m.Namespace + "\x00")
	for _, name := range slices.Sorted(maps.Keys(m.Dimensions)) {
		b.WriteString("\x00" + name + "\x00" + m.Dimensions[name])
	}
	return b.String()
}

// Reading is one published value.
type Reading struct {
	Metric
	// Value is in the metric's own unit.
	Value float64
	// Grows is the part of the value that must grow with the faster clock: an age, without the part that comes
	// from a buffer's interval. That part passes as in AWS.
	Grows float64
}

// Measure reads a stand-in's metrics.
type Measure struct {
	// Names lists the metrics, each with its namespace: "AWS/DMS CDCLatencySource".
	Names []string
	// Read returns values; it may return some together with an error.
	Read func(ctx context.Context) ([]Reading, error)
}

// newReading makes a reading whose dimensions are alternating names and values.
func newReading(namespace, name string, value float64, dimensions ...string) Reading {
	d := map[string]string{}
	for i := 0; i+1 < len(dimensions); i += 2 {
		d[dimensions[i]] = dimensions[i+1]
	}
	return Reading{Metric: Metric{namespace, name, d}, Value: value}
}

// aged is of for an age.
func aged(namespace, name string, value float64, dimensions ...string) Reading {
	r := newReading(namespace, name, value, dimensions...)
	r.Grows = value
	return r
}
