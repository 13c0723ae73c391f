package cloudwatch

import (
	"context"
	"maps"
	"slices"
	"strings"
)

// Metric is one series of values: CloudWatch tells them apart by all of this.
type Metric struct {
	Namespace, Name string
	Dimensions      map[string]string
}

func (m Metric) key() string { return m.Name + "\x00" + m.place() }

// place is its namespace with its dimensions.
func (m Metric) place() string {
	var b strings.Builder
	b.WriteString(m.Namespace + "\x00")
	for _, name := range slices.Sorted(maps.Keys(m.Dimensions)) {
		b.WriteString("\x00" + name + "\x00" + m.Dimensions[name])
	}
	return b.String()
}

// Reading is one value that is published.
type Reading struct {
	Metric
	// Value in the metric's own unit.
	Value float64
	// Grows is the part of the value that is as much longer by the alarms' clock as that is faster: an age, or what of it no buffer's
	// interval explains, which passes as on AWS.
	Grows float64
}

// Measure reads what a stand-in publishes.
type Measure struct {
	// Names of the metrics, each with its namespace: "AWS/DMS CDCLatencySource".
	Names []string
	// Read gives values, and those that it could read together with an error.
	Read func(ctx context.Context) ([]Reading, error)
}

// of is a reading whose dimensions are given as names and values, one after the other.
func of(namespace, name string, value float64, dimensions ...string) Reading {
	d := map[string]string{}
	for i := 0; i+1 < len(dimensions); i += 2 {
		d[dimensions[i]] = dimensions[i+1]
	}
	return Reading{Metric: Metric{namespace, name, d}, Value: value}
}

// aged is of for an age.
func aged(namespace, name string, value float64, dimensions ...string) Reading {
	r := of(namespace, name, value, dimensions...)
	r.Grows = value
	return r
}
