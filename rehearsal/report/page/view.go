package page

import (
	"cdcpipeline/rehearsal/report"
	"fmt"
	"html/template"
	"maps"
	"slices"
	"strings"
	"time"

	"golang.org/x/text/language"
	"golang.org/x/text/message"
)

// view is the page's content, each value as text.
type view struct {
	CSS    template.CSS
	Policy string
	// Refresh is the page's reload interval in seconds; 0 for never.
	Refresh int

	Good     bool
	Verdict  string
	Facts    []string
	Problems []string
	Parts    []part
	Tiles    []tile
	Pictures []picture
	Charts   []chart
	Sinks    []sinkRow
	Lines    []timeline
	Faults   []faultRow
	Alarms   []string
	Checks   []check
	Figures  []report.Figure
	NotRun   []string
	Versions []report.Figure
	Live     *liveView
}

// part is a part of the rehearsal with its result.
type part struct{ Name, State, Class, Took string }

// tile is a figure that people look for first.
type tile struct{ Value, Name, Class string }

type faultRow struct {
	Name, What, Written, Lost, Parked, Recovered, Alarm string
	Problems                                            []string
}

type check struct{ Name, State, Class, Detail string }

// Classes of good and bad values.
const (
	good = "good"
	bad  = "bad"
	dull = "dull"
)

func newView(w report.Whole, live *Live) *view {
	v := &view{
		CSS: template.CSS(style), Policy: Policy(), //nolint:gosec // a file of this package
		Pictures: pictures(w, live), Charts: charts(w.LatencyCurves), Sinks: sinks(w), NotRun: w.NotRun, Figures: w.Figures(),
	}
	took := seconds(w.Seconds)
	if len(w.Parts) > 1 { // each part has its own
		took = ""
	}
	for _, fact := range []string{w.Date, w.Machine, took, engine(w.Engine)} {
		if fact != "" {
			v.Facts = append(v.Facts, fact)
		}
	}
	if w.PeakMemoryMb > 0 {
		v.Facts = append(v.Facts, count(w.PeakMemoryMb)+" MB of memory at most")
	}
	v.parts(w)
	v.Tiles, v.Lines = tiles(w), timelines(w)
	for i := range w.FaultRuns {
		v.Faults = append(v.Faults, newFaultRow(&w.FaultRuns[i]))
	}
	v.Alarms = alarms(w.Alarms)
	for _, name := range slices.Sorted(maps.Keys(w.Checks)) {
		c := check{strings.ReplaceAll(name, "_", " "), "passed", good, w.Checks[name].Detail}
		if !w.Checks[name].OK {
			c.State, c.Class = "failed", bad
		}
		v.Checks = append(v.Checks, c)
	}
	for _, name := range slices.Sorted(maps.Keys(w.Versions)) {
		v.Versions = append(v.Versions, report.Figure{Name: name, Value: w.Versions[name]})
	}
	if live != nil {
		v.Refresh, v.Live = refresh, live.view()
		v.Good, v.Verdict = true, "Running since "+live.Since.Format(time.TimeOnly)
	}
	return v
}

// parts, with a verdict about all of them.
func (v *view) parts(w report.Whole) {
	passed := 0
	for _, name := range slices.Sorted(maps.Keys(w.Parts)) {
		p := w.Parts[name]
		one := part{name, "passed", good, seconds(p.Seconds)}
		switch {
		case !p.OK:
			one.State, one.Class = "failed", bad
		case p.Stale:
			one.State, one.Class = "passed, of another commit", dull
		}
		if p.OK {
			passed++
		}
		if p.Commit != "" && !slices.Contains(v.Facts, "commit "+p.Commit) && !p.Stale {
			v.Facts = append(v.Facts, "commit "+p.Commit)
		}
		for _, problem := range p.Problems {
			v.Problems = append(v.Problems, name+": "+problem)
		}
		v.Parts = append(v.Parts, one)
	}
	switch v.Good = passed == len(w.Parts) && passed > 0; {
	case len(w.Parts) == 0:
		v.Verdict = "No part has been run"
	case v.Good && passed == 1:
		v.Verdict = "Passed"
	case v.Good:
		v.Verdict = fmt.Sprintf("%d of %d parts passed", passed, passed)
	case len(w.Parts) == 1:
		v.Verdict = "Failed"
	default:
		v.Verdict = fmt.Sprintf("%d of %d parts failed", len(w.Parts)-passed, len(w.Parts))
	}
}

func tiles(w report.Whole) []tile {
	var all []tile
	add := func(shown bool, fine bool, value, name string) {
		t := tile{value, name, ""}
		if !fine {
			t.Class = bad
		}
		if shown {
			all = append(all, t)
		}
	}
	e := w.Events
	add(e.Written > 0, true, count(e.Written), "changes written")
	add(e.Written > 0, e.Lost == 0, count(e.Lost), "lost")
	equal := map[bool]string{true: "rows in the index equal the tables'", false: "rows in the index do not equal the tables'"}
	add(w.Current.Rows > 0, w.Current.Equal, count(w.Current.Rows), equal[w.Current.Equal])
	add(w.Up.Resources > 0, true, count(w.Up.Resources), "resources, up in "+seconds(w.Up.Seconds))
	add(w.SecondUp.Seconds > 0, w.SecondUp.Changes == 0, count(w.SecondUp.Changes), "changes by a second up")
	add(w.Destroy.Seconds > 0, len(w.Destroy.Left) == 0, count(len(w.Destroy.Left)), "left after destroy")
	add(w.Policy.Rules > 0, w.Policy.Violations == 0, count(w.Policy.Violations), fmt.Sprintf("of %s policies violated", count(w.Policy.Rules)))
	lost := 0
	for _, f := range w.FaultRuns {
		lost += f.Lost
	}
	add(len(w.FaultRuns) > 0, lost == 0, count(lost), fmt.Sprintf("lost in %s faults", count(len(w.FaultRuns))))
	return all
}

func newFaultRow(f *report.FaultRun) faultRow {
	r := faultRow{
		Name: words(f.Name), What: f.What, Written: count(f.Written), Lost: count(f.Lost), Parked: count(f.Parked),
		Recovered: seconds(f.RecoveredSeconds), Alarm: f.Alarm, Problems: f.Problems(),
	}
	if f.Alarm != "" && !f.Fired {
		r.Alarm += " stayed silent"
	}
	return r
}

func alarms(a *report.Alarms) []string {
	if a == nil {
		return nil
	}
	text := []string{
		fmt.Sprintf("%s declared, %s silent while nothing was wrong, %s fired in a fault of their own.", count(a.Declared), count(a.SilentWhenHealthy), count(a.FiredInOwnFault)),
		fmt.Sprintf("Their clock went %.0f times as fast as this machine's; no period took longer than %s.", a.Scale, seconds(a.LongestPeriodSeconds)),
	}
	if len(a.Injected) > 0 {
		text = append(text, "Judged on values that were put in: "+strings.Join(a.Injected, ", ")+".")
	}
	return text
}

func engine(e report.Engine) string {
	switch {
	case e.Version == "":
		return ""
	case e.Installed:
		return "installed Pulumi " + e.Version
	}
	return "Pulumi " + e.Version
}

var english = message.NewPrinter(language.English)

// count formats 13,001.
func count[N int | int64](n N) string { return english.Sprintf("%d", n) }

// seconds formats 0.42 s, 1.6 s, 47 s, 3 min 5 s; nothing for none.
func seconds(s float64) string {
	switch {
	case s <= 0:
		return ""
	case s < 0.995:
		return fmt.Sprintf("%.2f s", s)
	case s < 9.95:
		return fmt.Sprintf("%.1f s", s)
	case s < 59.5:
		return fmt.Sprintf("%.0f s", s)
	}
	whole := int(s + 0.5)
	if whole%60 == 0 {
		return fmt.Sprintf("%d min", whole/60)
	}
	return fmt.Sprintf("%d min %d s", whole/60, whole%60)
}

// words replaces hyphens in a name by spaces.
func words(name string) string { return strings.ReplaceAll(name, "-", " ") }
