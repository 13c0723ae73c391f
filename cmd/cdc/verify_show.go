package main

import (
	"cdcpipeline/internal/operator/verify"
	"cdcpipeline/internal/table"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	pretty "github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
	"github.com/schollz/progressbar/v3"
)

// waiting shows the progress of a verification. A terminal gets a bar with lines above it; other outputs get lines
// only.
type waiting struct {
	w        io.Writer
	terminal bool
	line     func(string, ...any)

	mu    sync.Mutex
	bar   *progressbar.ProgressBar
	stop  chan struct{}
	phase string
	parts map[string]int64 // thousandths done, by sink
	told  map[string]time.Time
}

func newWaiting(w io.Writer, stack *stackFlags) *waiting {
	return &waiting{w: w, terminal: isTerminal(w), line: stack.teller(w), told: map[string]time.Time{}}
}

// tell writes a line, above the bar if there is one.
func (s *waiting) tell(format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.bar != nil {
		_ = s.bar.Clear()
	}
	s.line(format, args...)
}

// wait shows the elapsed seconds until a time limit.
func (s *waiting) wait(limit time.Duration, what string) {
	if !s.terminal {
		return
	}
	began := time.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.bar = s.newBar(int64(limit.Seconds()), what, "s")
	s.stop = make(chan struct{})
	go func(stop chan struct{}) {
		for tick := time.NewTicker(200 * time.Millisecond); ; {
			select {
			case <-stop:
				tick.Stop()
				return
			case <-tick.C:
				s.mu.Lock()
				if s.bar != nil {
					_ = s.bar.Set64(min(int64(time.Since(began).Seconds()), s.bar.GetMax64()))
				}
				s.mu.Unlock()
			}
		}
	}(s.stop)
}

func (s *waiting) newBar(limit int64, what, unit string) *progressbar.ProgressBar {
	return progressbar.NewOptions64(limit, progressbar.OptionSetWriter(s.w), progressbar.OptionSetDescription(what),
		progressbar.OptionShowCount(), progressbar.OptionSetItsString(unit), progressbar.OptionSetPredictTime(unit == ""), progressbar.OptionSetElapsedTime(unit == ""),
		progressbar.OptionFullWidth(), progressbar.OptionThrottle(100*time.Millisecond))
}

// progress shows the progress of a comparison. The sinks of a table are read at the same time, so the bar shows their
// mean.
func (s *waiting) progress(name table.Name, phase string, done, total int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.terminal {
		s.say(name.String()+": "+phase, done, total)
		return
	}
	what := name.String() + ": " + phase
	if slices.Contains([]verify.Hop{verify.HopHistory, verify.HopLake, verify.HopCurrent, verify.HopTables}, verify.Hop(phase)) {
		what = name.String() + ": reading the sinks"
		if s.phase != what {
			s.parts = map[string]int64{}
		}
		s.parts[phase] = 1000
		if total > 0 {
			s.parts[phase] = 1000 * done / total
		}
		var sum int64
		for _, part := range s.parts {
			sum += part
		}
		done, total = sum, 1000*int64(len(s.parts))
	}
	s.show(what, done, total)
}

// of shows the progress of another operation.
func (s *waiting) of(what string, done, total int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.terminal {
		s.show(what, done, total)
	} else {
		s.say(what, done, total)
	}
}

// say prints the progress as a line every few seconds.
func (s *waiting) say(what string, done, total int64) {
	if at, ok := s.told[what]; !ok || time.Since(at) >= lineEvery || done == total {
		s.told[what] = time.Now()
		s.line("%s %d of %d", what, done, total)
	}
}

// show draws a bar.
func (s *waiting) show(what string, done, total int64) {
	if s.phase != what || s.bar == nil {
		if s.bar != nil {
			_ = s.bar.Clear()
		}
		s.bar, s.phase = s.newBar(total, what, ""), what
	}
	if total != s.bar.GetMax64() {
		s.bar.ChangeMax64(total)
	}
	_ = s.bar.Set64(done)
}

// finish removes the bar.
func (s *waiting) finish() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stop != nil {
		close(s.stop)
		s.stop = nil
	}
	if s.bar != nil {
		_ = s.bar.Clear()
		s.bar = nil
	}
}

// sighted formats one hop as a line.
func sighted(s verify.Sighting) string {
	switch {
	case s.Seen.IsZero():
		return fmt.Sprintf("%-8s %s", s.Hop, s.Problem)
	case len(s.Differences) > 0:
		var columns []string
		for _, d := range s.Differences {
			columns = append(columns, fmt.Sprintf("%s is %s, but %s was committed", d.Column, cut(d.Sink), cut(d.Source)))
		}
		return fmt.Sprintf("%-8s seen %s after the commit, with other values: %s", s.Hop, latency(s.SinceCommit), strings.Join(columns, "; "))
	}
	return fmt.Sprintf("%-8s seen %s after the commit", s.Hop, latency(s.SinceCommit))
}

// latency formats a duration in a unit that suits its size.
func latency(milliseconds int64) string {
	d := time.Duration(milliseconds) * time.Millisecond
	if d < time.Second {
		return d.String()
	}
	return d.Round(100 * time.Millisecond).String()
}

// keyText formats a key for people.
func keyText(key map[string]any) string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(key)) {
		parts = append(parts, fmt.Sprintf("%s=%v", name, key[name]))
	}
	return strings.Join(parts, " ")
}

// cut shortens a value to fit in a line.
func cut(value string) string {
	const most = 120
	if utf8.RuneCountInString(value) <= most {
		return value
	}
	return string([]rune(value)[:most]) + "…"
}

func plainTable(header ...any) pretty.Writer {
	t := pretty.NewWriter()
	t.AppendHeader(pretty.Row(header))
	t.SetStyle(pretty.StyleLight)
	t.Style().Format.Header = text.FormatDefault
	return t
}
