package evaluation

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Point is one value of a metric.
type Point struct {
	At    time.Time
	Value float64
}

// Series are the values of one metric in time order.
type Series []Point

// Between is the part of the series from a time up to another, exclusive.
func (s Series) Between(from, to time.Time) Series {
	at := func(limit time.Time) int {
		i, _ := slices.BinarySearchFunc(s, limit, func(p Point, limit time.Time) int { return p.At.Compare(limit) })
		return i
	}
	first, end := at(from), at(to)
	return s[first:max(first, end)]
}

// Statistic computes a statistic by its API name: Average, Sum, Minimum, Maximum, SampleCount, or a percentile such
// as p99; false without values.
func (s Series) Statistic(name string) (value float64, ok bool, err error) {
	if len(s) == 0 {
		return 0, false, nil
	}
	values := make([]float64, len(s))
	sum := 0.0
	for i, p := range s {
		values[i] = p.Value
		sum += p.Value
	}
	switch name {
	case "Average":
		return sum / float64(len(values)), true, nil
	case "Sum":
		return sum, true, nil
	case "Minimum":
		return slices.Min(values), true, nil
	case "Maximum":
		return slices.Max(values), true, nil
	case "SampleCount":
		return float64(len(values)), true, nil
	}
	percent, err := strconv.ParseFloat(strings.TrimPrefix(name, "p"), 64)
	if err != nil || !strings.HasPrefix(name, "p") || percent < 0 || percent > 100 {
		return 0, false, fmt.Errorf("the rehearsal does not know the statistic %q", name)
	}
	slices.Sort(values)
	return values[max(0, int(math.Ceil(percent/100*float64(len(values))))-1)], true, nil
}
