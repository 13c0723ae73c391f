package page

import (
	"cdcpipeline/rehearsal/report"
	"fmt"
	"strings"
)

// picture is the architecture with the counts of each arrow, laid out for a page width.
type picture struct {
	Class         string
	Width, Height float64
	Boxes         []box
	Arrows        []arrow
	// Text describes the picture in words.
	Text string
}

type box struct {
	X, Y, W, H float64
	Class      string
	Name       string
	Note       string
	// Middle of the box, for its text; NameY and NoteY are baselines.
	Middle, NameY, NoteY float64
}

type arrow struct {
	Class string
	// Line and Head are paths.
	Line, Head string
	Labels     []label
}

type label struct {
	X, Y   float64
	Anchor string
	Class  string
	Text   string
}

// node is a part of docs/architecture.d2 through which data flows; note says what it does.
type node struct{ id, name, note, class string }

var nodes = []node{
	{"database", "Aurora MySQL", "", "store"},
	{"replication", "DMS task", "", "step"},
	{"stream", "Kinesis", "", "step"},
	{"searchDelivery", "Firehose", "history", "step"},
	{"currentState", "Lambda", "present rows", "step"},
	{"lakeDelivery", "Firehose", "lake", "step"},
	{"domain", "OpenSearch", "history, present rows", "store"},
	{"bucket", "S3 lake", "", "store"},
	{"catalog", "Athena", "", "step"},
}

// point of a picture, in its own units.
type point struct{ x, y float64 }

// way is an arrow's route from part to part, with its label positions: above and below a horizontal line, beside a
// vertical one.
type way struct {
	from, to string
	points   []point
	stands   bool
	at       point
	anchor   string
}

// layout places parts as x, y, width and height.
type layout struct {
	class         string
	width, height float64
	boxes         map[string][4]float64
	ways          []way
}

// wide is for a desktop, tall for a phone.
var wide = layout{
	class: "wide", width: 1080, height: 456,
	boxes: map[string][4]float64{
		"database": {2, 170, 124, 56}, "replication": {232, 170, 124, 56}, "stream": {462, 170, 124, 56},
		"searchDelivery": {716, 32, 112, 56}, "currentState": {716, 170, 112, 56}, "lakeDelivery": {716, 308, 112, 56},
		"domain": {950, 32, 128, 194}, "bucket": {950, 308, 128, 56}, "catalog": {950, 414, 128, 40},
	},
	ways: []way{
		{"database", "replication", []point{{126, 198}, {232, 198}}, false, point{177, 198}, "middle"},
		{"replication", "stream", []point{{356, 198}, {462, 198}}, false, point{407, 198}, "middle"},
		{"stream", "searchDelivery", []point{{586, 190}, {604, 190}, {604, 60}, {716, 60}}, false, point{658, 60}, "middle"},
		{"stream", "currentState", []point{{586, 198}, {716, 198}}, false, point{658, 198}, "middle"},
		{"stream", "lakeDelivery", []point{{586, 206}, {604, 206}, {604, 336}, {716, 336}}, false, point{658, 336}, "middle"},
		{"searchDelivery", "domain", []point{{828, 60}, {950, 60}}, false, point{887, 60}, "middle"},
		{"currentState", "domain", []point{{828, 198}, {950, 198}}, false, point{887, 198}, "middle"},
		{"lakeDelivery", "bucket", []point{{828, 336}, {950, 336}}, false, point{887, 336}, "middle"},
		{"bucket", "catalog", []point{{1014, 364}, {1014, 414}}, true, point{1004, 387}, "end"},
	},
}

var tall = layout{
	class: "tall", width: 358, height: 606,
	boxes: map[string][4]float64{
		"database": {95, 1, 168, 42}, "replication": {95, 111, 168, 42}, "stream": {95, 221, 168, 42},
		"searchDelivery": {1, 349, 110, 42}, "currentState": {124, 349, 110, 42}, "lakeDelivery": {247, 349, 110, 42},
		"domain": {1, 459, 233, 42}, "bucket": {247, 459, 110, 42}, "catalog": {247, 563, 110, 42},
	},
	ways: []way{
		{"database", "replication", []point{{179, 43}, {179, 111}}, true, point{190, 62}, "start"},
		{"replication", "stream", []point{{179, 153}, {179, 221}}, true, point{190, 172}, "start"},
		{"stream", "searchDelivery", []point{{170, 263}, {170, 279}, {14, 279}, {14, 349}}, true, point{24, 300}, "start"},
		{"stream", "currentState", []point{{179, 263}, {179, 286}, {137, 286}, {137, 349}}, true, point{147, 300}, "start"},
		{"stream", "lakeDelivery", []point{{188, 263}, {188, 279}, {260, 279}, {260, 349}}, true, point{270, 300}, "start"},
		{"searchDelivery", "domain", []point{{14, 391}, {14, 459}}, true, point{24, 410}, "start"},
		{"currentState", "domain", []point{{137, 391}, {137, 459}}, true, point{147, 410}, "start"},
		{"lakeDelivery", "bucket", []point{{260, 391}, {260, 459}}, true, point{270, 410}, "start"},
		{"bucket", "catalog", []point{{260, 501}, {260, 563}}, true, point{270, 520}, "start"},
	},
}

// pictures of a report, or of a running pipeline.
func pictures(w report.Whole, live *Live) []picture {
	at := passed(w)
	if live != nil {
		at = live.flows()
	}
	if len(at) == 0 {
		return nil
	}
	aside := ""
	for _, h := range w.Hops {
		if h.To == "bucket" && h.From != "lakeDelivery" {
			what := map[string]string{"searchDelivery": " refused", "currentState": " parked"}[h.From]
			aside = strings.TrimPrefix(aside+", "+count(h.Rows)+what, ", ")
		}
	}
	return []picture{wide.draw(at, aside), tall.draw(at, aside)}
}

// flow is the text beside an arrow: at most three lines, the first in larger letters.
type flow struct {
	lines []string
	lost  bool
	words string
}

// brief formats milliseconds for an arrow, beside which there is no room for minutes and seconds.
func brief(ms float64) string {
	const most = 600
	switch s := ms / 1000; {
	case s <= 0:
		return "0 s"
	case s >= 59.5 && s < most:
		return fmt.Sprintf("%.0f s", s)
	default:
		return seconds(s)
	}
}

// passed are a report's flows, by the parts that they connect.
func passed(w report.Whole) map[string]flow {
	at := map[string]flow{}
	add := func(h report.Hop, what string) {
		f := flow{lines: []string{count(h.Rows) + what, count(h.Lost) + " lost"}, lost: h.Lost > 0}
		if q := h.LatencyMs; q != nil {
			f.lines = append(f.lines, brief(q.P50)+" · "+brief(q.P99))
			f.words = fmt.Sprintf(", half within %s of their commit, 99 of 100 within %s", brief(q.P50), brief(q.P99))
		}
		f.words = fmt.Sprintf("%s to %s: %s, %s%s", named(h.From), named(h.To), f.lines[0], f.lines[1], f.words)
		at[h.From+" "+h.To] = f
	}
	for _, h := range w.Hops {
		add(h, "")
	}
	same := func(from, to, what string, equal bool, latency report.Quantiles) {
		f := flow{lines: []string{what, "equal"}, lost: !equal}
		if !equal {
			f.lines[1] = "not equal"
		}
		if latency.P50 > 0 {
			f.lines = append(f.lines, brief(latency.P50)+" · "+brief(latency.P99))
		}
		f.words = fmt.Sprintf("%s to %s: %s", named(from), named(to), strings.Join(f.lines, ", "))
		at[from+" "+to] = f
	}
	if w.Current.Rows > 0 && len(w.Hops) > 0 {
		same("currentState", "domain", count(w.Current.Rows)+" rows", w.Current.Equal, w.LatencyMs.Current)
	}
	if w.Catalog.Rows > 0 && len(w.Hops) > 0 {
		same("bucket", "catalog", count(w.Catalog.Rows)+" rows", w.Catalog.Equal, report.Quantiles{})
	}
	return at
}

func named(id string) string {
	for _, n := range nodes {
		if n.id == id && n.class == "step" && n.note != "" {
			return n.name + " (" + n.note + ")"
		} else if n.id == id {
			return n.name
		}
	}
	return id
}

// draw draws the flows; aside is what reached the lake's bucket beside its records.
func (l layout) draw(at map[string]flow, aside string) picture {
	p := picture{Class: l.class, Width: l.width, Height: l.height}
	for _, n := range nodes {
		place := l.boxes[n.id]
		b := box{X: place[0], Y: place[1], W: place[2], H: place[3], Class: n.class, Name: n.name, Note: n.note}
		if n.id == "bucket" {
			b.Note = aside
		}
		b.Middle, b.NameY = b.X+b.W/2, b.Y+b.H/2+5
		if b.Note != "" {
			b.NameY, b.NoteY = b.NameY-8, b.NameY+8
		}
		p.Boxes = append(p.Boxes, b)
	}
	var told []string
	for _, w := range l.ways {
		f := at[w.from+" "+w.to]
		a := arrow{Class: "flow", Labels: w.labels(f)}
		if f.lost {
			a.Class = "flow lossy"
		}
		a.Line, a.Head = w.paths()
		if f.words != "" {
			told = append(told, f.words)
		}
		p.Arrows = append(p.Arrows, a)
	}
	p.Text = strings.Join(told, "; ")
	return p
}

// labels of an arrow: for a horizontal one the first line above, the others below; for a vertical one all beside it.
func (w way) labels(f flow) []label {
	const line, above, below = 15, -9, 19
	var all []label
	for i, text := range f.lines {
		one := label{X: w.at.x, Y: w.at.y + float64(i)*line, Anchor: w.anchor, Class: "plain", Text: text}
		switch {
		case !w.stands && i == 0:
			one.Y = w.at.y + above
		case !w.stands:
			one.Y = w.at.y + below + float64(i-1)*line
		}
		switch {
		case i == 0:
			one.Class = "rows"
		case i == 1 && f.lost:
			one.Class = bad
		case i == 1 && strings.HasSuffix(text, "lost"), i == 1 && text == "equal":
			one.Class = good
		}
		all = append(all, one)
	}
	return all
}

// paths of the line and of its head, a triangle at the line's end.
func (w way) paths() (line, head string) {
	const length, half = 9, 5
	end, before := w.points[len(w.points)-1], w.points[len(w.points)-2]
	back := point{sign(before.x - end.x), sign(before.y - end.y)}
	var b strings.Builder
	for i, p := range w.points {
		if i == len(w.points)-1 { // under the head
			p = point{p.x + back.x*length, p.y + back.y*length}
		}
		fmt.Fprintf(&b, "%s%g %g", map[bool]string{true: "M", false: "L"}[i == 0], p.x, p.y)
	}
	base := point{end.x + back.x*length, end.y + back.y*length}
	return b.String(), fmt.Sprintf("M%g %gL%g %gL%g %gZ", end.x, end.y, base.x+back.y*half, base.y+back.x*half, base.x-back.y*half, base.y-back.x*half)
}

func sign(x float64) float64 {
	switch {
	case x > 0:
		return 1
	case x < 0:
		return -1
	}
	return 0
}
