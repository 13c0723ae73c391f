package page

import (
	"cdcpipeline/rehearsal/report"
	"fmt"
	"math"
	"strings"
)

// chart is a drawing of lines over two axes.
type chart struct {
	Title, Across, Up string
	X, Y              []tick
	Lines             []line
	// Text describes the chart in words.
	Text string
}

type tick struct {
	At   float64
	Text string
}

// line is a path with a class for its colour.
type line struct{ Class, Path string }

type sinkRow struct{ Class, Name, P50, P99, Slowest string }

// The area between the axes, in a drawing of 420 by 250.
const (
	fieldLeft, fieldRight         = 46, 396
	fieldTop, fieldBottom float64 = 12, 212
)

// sink is a destination of changes; its class determines its colour.
type sink struct{ key, class, name string }

var allSinks = []sink{
	{"current", "one", "present rows in OpenSearch"}, {"history", "two", "history in OpenSearch"}, {"lake", "three", "lake in S3"},
}

// charts of the sinks' latencies: how many changes have arrived after how long, and how long they took while rows
// were written.
func charts(curves map[string]report.Curve) []chart {
	low, high, end := math.Inf(1), 0.0, 0.0
	for _, c := range curves {
		for _, ms := range c.QuantilesMs {
			low, high = min(low, max(ms, 1)/1000), max(high, ms/1000)
		}
		for _, m := range c.Course {
			low, high, end = min(low, max(m.Ms, 1)/1000), max(high, m.Ms/1000), max(end, m.Second)
		}
	}
	if high == 0 {
		return nil
	}
	times := logarithmic(low, high)
	shares := axis{most: 100, ticks: []tick{{0, "0 %"}, {25, "25 %"}, {50, "50 %"}, {75, "75 %"}, {100, "100 %"}}}
	course := linear(end)
	arrived := chart{Title: "How many had arrived, how long after their commit", Across: "after the commit", X: across(times), Y: up(shares)}
	during := chart{Title: "How long they took while rows were written", Across: "committed, since the first", X: across(course), Y: up(times)}
	for _, s := range allSinks {
		c := curves[s.key]
		var share, along []string
		for i, ms := range c.QuantilesMs {
			share = append(share, fmt.Sprintf("%.1f %.1f", toX(times.place(max(ms, 1)/1000)), toY(shares.place(float64(i)*100/float64(len(c.QuantilesMs)-1)))))
		}
		for _, m := range c.Course {
			along = append(along, fmt.Sprintf("%.1f %.1f", toX(course.place(m.Second)), toY(times.place(max(m.Ms, 1)/1000))))
		}
		arrived.Lines = append(arrived.Lines, path(s.class, share))
		during.Lines = append(during.Lines, path(s.class, along))
	}
	arrived.Text, during.Text = arrived.Title+": the table below has the figures", during.Title
	return []chart{arrived, during}
}

func path(class string, points []string) line {
	if len(points) == 0 {
		return line{class, ""}
	}
	return line{class, "M" + strings.Join(points, "L")}
}

// sinks are the rows of the table below the charts.
func sinks(w report.Whole) []sinkRow {
	var rows []sinkRow
	of := map[string]report.Quantiles{"current": w.LatencyMs.Current, "history": w.LatencyMs.History, "lake": w.LatencyMs.Lake}
	for _, s := range allSinks {
		if q := of[s.key]; q.P50 > 0 || q.P99 > 0 {
			r := sinkRow{Class: s.class, Name: s.name, P50: seconds(q.P50 / 1000), P99: seconds(q.P99 / 1000), Slowest: "not kept"}
			if all := w.LatencyCurves[s.key].QuantilesMs; len(all) > 0 {
				r.Slowest = seconds(all[len(all)-1] / 1000)
			}
			rows = append(rows, r)
		}
	}
	return rows
}

// axis from least to most.
type axis struct {
	least, most float64
	log         bool
	ticks       []tick
}

// place of a value between 0 and 1.
func (a axis) place(v float64) float64 {
	if a.log {
		return (math.Log(v) - math.Log(a.least)) / (math.Log(a.most) - math.Log(a.least))
	}
	return (v - a.least) / (a.most - a.least)
}

func toX(part float64) float64 { return fieldLeft + part*(fieldRight-fieldLeft) }
func toY(part float64) float64 { return fieldBottom - part*(fieldBottom-fieldTop) }

func across(a axis) []tick { return placed(a, toX) }
func up(a axis) []tick     { return placed(a, toY) }

func placed(a axis, to func(float64) float64) []tick {
	all := make([]tick, len(a.ticks))
	for i, t := range a.ticks {
		all[i] = tick{to(a.place(t.At)), t.Text}
	}
	return all
}

// logarithmic is an axis of seconds with 1, 2 and 5 of each decade, or only 1 if there are many decades.
func logarithmic(low, high float64) axis {
	steps := []float64{1, 2, 5}
	if high/low > 300 {
		steps = steps[:1]
	}
	a := axis{log: true}
	for decade := math.Pow(10, math.Floor(math.Log10(low))); decade <= high*10; decade *= 10 {
		for _, step := range steps {
			v := decade * step
			if v <= low*1.0001 { // the last one below is the start of the axis
				a.ticks = nil
			}
			a.ticks = append(a.ticks, tick{v, fmt.Sprintf("%.3g s", v)})
			if v >= high && v > low {
				a.least, a.most = a.ticks[0].At, v
				return a
			}
		}
	}
	a.least, a.most = low, high*10
	return a
}

// linear is an axis of seconds from 0, with four or five round ticks.
func linear(end float64) axis {
	end = max(end, 1)
	step := nice(end / 4)
	a := axis{most: end}
	for v := 0.0; v <= end; v += step {
		a.ticks = append(a.ticks, tick{v, short(v)})
	}
	return a
}

// nice is a usual time step of at least this many seconds.
func nice(least float64) float64 {
	for _, step := range []float64{0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800} {
		if step >= least {
			return step
		}
	}
	return 3600 * math.Ceil(least/3600)
}

// short formats a time on an axis: 0, 0.2 s, 50 s, 2 min.
func short(s float64) string {
	switch {
	case s == 0:
		return "0"
	case s < 1, s != math.Trunc(s):
		return fmt.Sprintf("%.3g s", s)
	case s < 60:
		return fmt.Sprintf("%.0f s", s)
	case math.Mod(s, 60) == 0:
		return fmt.Sprintf("%.0f min", s/60)
	}
	return fmt.Sprintf("%d:%02d", int(s)/60, int(s)%60)
}
