package status

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"time"
)

// standstill is how long counters may stand still until the rate counts as 0. DMS updates them about once a minute.
const standstill = 2 * time.Minute

// History holds what a watch has seen. For each source it keeps the rate of rows and the lag of each step. The latest
// look is last.
type History struct {
	// Looks limits how many looks are kept.
	Looks   int
	sources map[string]*series
}

// curve holds one figure over time. nil stands for a figure that nobody has measured.
type curve []*float64

// series holds the figures of a source.
type series struct {
	rate   curve
	lags   [len(steps)]curve
	rows   int64
	moved  time.Time
	latest *float64
}

// steps names the parts of the lag in the order in which a change passes them.
var steps = [...]string{"task reads", "task writes", "stream", "search", "lake"}

func (l Lag) steps() [len(steps)]*float64 {
	return [len(steps)]*float64{l.SourceSeconds, l.TargetSeconds, l.StreamSeconds, l.SearchSeconds, l.LakeSeconds}
}

// Add adds a look.
func (h *History) Add(s Status) {
	if h.sources == nil {
		h.sources = map[string]*series{}
	}
	for name, of := range s.all() {
		if h.sources[name] == nil {
			h.sources[name] = &series{}
		}
		h.sources[name].add(s.At, of, h.Looks)
	}
}

// all returns all sources of a status by name. The unnamed source has an empty name.
func (s Status) all() map[string]SourceStatus {
	all := map[string]SourceStatus{}
	if s.SourceStatus != nil {
		all[""] = *s.SourceStatus
	}
	for name, of := range s.Sources {
		all[name] = of.SourceStatus
	}
	return all
}

func (s *series) add(at time.Time, of SourceStatus, most int) {
	s.rate = s.rate.with(s.count(at, of.Tables), most)
	for i, lag := range of.Lag.steps() {
		s.lags[i] = s.lags[i].with(lag, most)
	}
}

// count returns the rows per second since the counters last changed, because they stand still between two updates of
// DMS. If a table is loaded again, its counters fall, and the count starts again.
func (s *series) count(at time.Time, t TablesStatus) *float64 {
	if t.Error != "" {
		return nil
	}
	var rows int64
	for _, one := range t.List {
		rows += one.FullLoadRows + one.Inserts + one.Updates + one.Deletes
	}
	passed := at.Sub(s.moved)
	switch {
	case s.moved.IsZero() || rows < s.rows:
		s.latest = nil
	case rows > s.rows && passed > 0:
		s.latest = new(float64(rows-s.rows) / passed.Seconds())
	case passed >= standstill:
		s.latest = new(0.0)
		return s.latest
	default:
		return s.latest
	}
	s.rows, s.moved = rows, at
	return s.latest
}

func (c curve) with(value *float64, most int) curve {
	c = append(c, value)
	return c[max(0, len(c)-most):]
}

func (c curve) last() *float64 {
	if len(c) == 0 {
		return nil
	}
	return c[len(c)-1]
}

// most returns the largest value, or nil if there is none.
func (c curve) most() *float64 {
	var most *float64
	for _, v := range c {
		if v != nil && (most == nil || *v > *most) {
			most = v
		}
	}
	return most
}

var blocks = []rune("▁▂▃▄▅▆▇█")

// spark draws a curve with width characters, from 0 to its largest value. A space stands for a missing value.
func (c curve) spark(width int) string {
	c = c[max(0, len(c)-width):]
	top := 0.0
	if most := c.most(); most != nil {
		top = *most
	}
	line := []rune(strings.Repeat(" ", width-len(c)))
	for _, v := range c {
		switch {
		case v == nil:
			line = append(line, ' ')
		case top <= 0:
			line = append(line, blocks[0])
		default:
			line = append(line, blocks[int(math.Round(max(0, *v)/top*float64(len(blocks)-1)))])
		}
	}
	return string(line)
}

// sparkWidth limits how many looks a line shows.
const sparkWidth = 48

// curves returns a line for each figure: its name, its present value, its curve and its maximum. The lines fit a
// terminal with that many columns.
func (h *History) curves(columns int) string {
	width := min(sparkWidth, max(8, columns-43))
	var out strings.Builder
	for _, name := range slices.Sorted(maps.Keys(h.sources)) {
		s := h.sources[name]
		if name != "" {
			fmt.Fprintf(&out, "the source %s\n", name)
		}
		line := func(what string, c curve, shown func(*float64) string) {
			most := ""
			if c.most() != nil {
				most = " at most " + shown(c.most())
			}
			fmt.Fprintf(&out, "%-16s %9s %s%s\n", what, shown(c.last()), c.spark(width), most)
		}
		line("rows", s.rate, perSecond)
		for i, what := range steps {
			line("lag: "+what, s.lags[i], duration)
		}
	}
	return out.String()
}

// Line formats a look for a watch without a terminal. It has a line for each source, and one for each problem.
func (h *History) Line(s Status) string {
	var out strings.Builder
	state := s.verdict()
	for _, name := range slices.Sorted(maps.Keys(s.all())) {
		of := ""
		if name != "" {
			of = " source=" + name
		}
		fmt.Fprintf(&out, "%s %s%s rows=%s", s.At.Format(time.RFC3339), strings.ReplaceAll(state, " ", "-"), of, perSecond(h.sources[name].rate.last()))
		for i, what := range steps {
			fmt.Fprintf(&out, " %s=%s", strings.ReplaceAll(what, " ", "-"), duration(h.sources[name].lags[i].last()))
		}
		out.WriteString("\n")
	}
	for _, problem := range s.Problems {
		fmt.Fprintf(&out, "%s problem: %s\n", s.At.Format(time.RFC3339), problem)
	}
	return out.String()
}

// perSecond formats a rate. It returns - if nobody has measured it.
func perSecond(rate *float64) string {
	switch {
	case rate == nil:
		return "-"
	case *rate >= 10 || *rate == 0:
		return fmt.Sprintf("%.0f/s", *rate)
	}
	return fmt.Sprintf("%.1f/s", *rate)
}
