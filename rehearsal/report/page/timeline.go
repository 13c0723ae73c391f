package page

import (
	"cdcpipeline/rehearsal/report"
	"cmp"
	"maps"
	"slices"
	"time"
)

// timeline of one part.
type timeline struct {
	Part, Began string
	// Open ones are expanded initially.
	Open   bool
	Ticks  []tick // in percent of the width
	Groups []group
}

type group struct {
	Name string
	Rows []row
}

type row struct {
	Name, Took, Class string
	Bars              []bar
}

// bar of a row, in percent of the width.
type bar struct {
	X, W  float64
	Class string
}

// timelines of all parts that have one, the latest first.
func timelines(w report.Whole) []timeline {
	var names []string
	for _, name := range slices.Sorted(maps.Keys(w.Parts)) {
		if t := w.Parts[name].Timeline; t != nil && len(t.Stages) > 0 {
			names = append(names, name)
		}
	}
	slices.SortStableFunc(names, func(a, b string) int {
		return cmp.Compare(w.Parts[b].Timeline.Began.UnixNano(), w.Parts[a].Timeline.Began.UnixNano())
	})
	recovered := map[string]float64{}
	for _, f := range w.FaultRuns {
		recovered[f.Name] = f.RecoveredSeconds
	}
	var all []timeline
	for _, name := range names {
		t := w.Parts[name].Timeline
		all = append(all, newTimeline(name, t, recovered, len(all) == 0))
	}
	return all
}

// labelled is the part of a timeline in which ticks have a label: on a phone a label further right would leave the
// page.
const labelled = 0.88

func newTimeline(part string, t *report.Timeline, recovered map[string]float64, open bool) timeline {
	end := 1.0
	for _, s := range slices.Concat(t.Stages, t.Faults, t.Alarms) {
		end = max(end, s.To)
	}
	line := timeline{Part: part, Began: t.Began.UTC().Format(time.DateTime) + " UTC", Open: open}
	step := nice(end / 4)
	for v := 0.0; v <= labelled*end; v += step {
		line.Ticks = append(line.Ticks, tick{100 * v / end, short(v)})
	}
	stages := group{Name: "Stages"}
	for _, s := range t.Stages {
		stages.Rows = append(stages.Rows, newRow(s, "stage", end))
	}
	faults := group{Name: "Faults: broken, then until every change was there"}
	for _, s := range t.Faults {
		r := newRow(s, "fault", end)
		r.Name = words(s.Name)
		if after := recovered[s.Name]; after > 0 {
			r.Bars = append(r.Bars, span(s.To, min(s.To+after, end), "recovery", end))
		}
		faults.Rows = append(faults.Rows, r)
	}
	line.Groups = []group{stages, faults, {Name: "Alarms while they were in ALARM", Rows: alarmRows(t.Alarms, end)}}
	line.Groups = slices.DeleteFunc(line.Groups, func(g group) bool { return len(g.Rows) == 0 })
	return line
}

// alarmRows has one row for each alarm, however often it fired.
func alarmRows(spans []report.Span, end float64) []row {
	var rows []row
	at := map[string]int{}
	times := map[string]int{}
	for _, s := range spans {
		i, known := at[s.Name]
		if !known {
			i = len(rows)
			at[s.Name] = i
			rows = append(rows, row{Name: s.Name})
		}
		times[s.Name]++
		rows[i].Bars = append(rows[i].Bars, span(s.From, s.To, "alarm", end))
		rows[i].Took = map[bool]string{true: "once", false: count(times[s.Name]) + " times"}[times[s.Name] == 1]
	}
	return rows
}

func newRow(s report.Span, class string, end float64) row {
	r := row{Name: s.Name, Took: cmp.Or(seconds(s.To-s.From), "0 s")}
	if s.Failed {
		class, r.Class, r.Took = "failed", bad, "failed after "+r.Took
	}
	r.Bars = []bar{span(s.From, s.To, class, end)}
	return r
}

// span is drawn at least wide enough to be visible.
func span(from, to float64, class string, end float64) bar {
	const least = 0.4
	w := max(least, 100*(to-from)/end)
	return bar{X: round(min(100*from/end, 100-w)), W: round(w), Class: class}
}

func round(x float64) float64 { return float64(int(x*100+0.5)) / 100 }
