package main

import (
	"cdcpipeline/internal/operator/workload"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"
)

// lineEvery is the interval of progress lines when there is no terminal.
const lineEvery = 5 * time.Second

// progress shows a bar with the rate and the remaining time on a terminal. Elsewhere it prints a line every few
// seconds.
type progress struct {
	w     io.Writer
	total int64
	bar   *progressbar.ProgressBar
	told  time.Time
	every time.Duration
}

func newProgress(w io.Writer, total int64) *progress {
	p := &progress{w: w, total: total, told: time.Now(), every: lineEvery}
	if f, ok := w.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		p.bar = progressbar.NewOptions64(total, progressbar.OptionSetWriter(w), progressbar.OptionSetDescription("changes"),
			progressbar.OptionShowCount(), progressbar.OptionShowIts(), progressbar.OptionSetItsString("changes"),
			progressbar.OptionSetPredictTime(true), progressbar.OptionFullWidth(), progressbar.OptionThrottle(100*time.Millisecond))
	}
	return p
}

func (p *progress) show(s workload.Summary) {
	if p.bar != nil {
		_ = p.bar.Set64(s.Changes)
		return
	}
	if time.Since(p.told) < p.every {
		return
	}
	p.told = time.Now()
	remaining := time.Duration(float64(p.total-s.Changes) / s.Rate * float64(time.Second)).Round(time.Second)
	_, _ = fmt.Fprintf(p.w, "%d of %d changes, %.0f/s, %s left\n", s.Changes, p.total, s.Rate, remaining)
}

// finish moves the cursor to a new line.
func (p *progress) finish() {
	if p.bar != nil {
		_ = p.bar.Exit()
		_, _ = fmt.Fprintln(p.w)
	}
}
