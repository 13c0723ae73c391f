// Package progress shows what the rehearsal is doing: one line per stage with its elapsed time, live on a terminal.
package progress

import (
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"
)

// Log writes stages. The zero value is not usable; see [New].
type Log struct {
	out   io.Writer
	live  bool
	began time.Time

	mu     sync.Mutex
	name   string
	detail string
	since  time.Time
	bar    *progressbar.ProgressBar
	stop   chan struct{}
}

// New writes to a file; on a terminal a running stage shows a spinner.
func New(out *os.File) *Log {
	return &Log{out: out, live: term.IsTerminal(int(out.Fd())), began: time.Now()}
}

// Run runs one stage and says how long it took.
func (l *Log) Run(name string, f func() error) error {
	l.begin(name)
	err := f()
	l.end(err)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// Detail says what the running stage is at.
func (l *Log) Detail(format string, args ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.detail = fmt.Sprintf(format, args...)
	if !l.live && l.name != "" {
		fmt.Fprintf(l.out, "           %s\n", l.detail)
	}
}

// Elapsed is the time since the beginning.
func (l *Log) Elapsed() time.Duration { return time.Since(l.began) }

func (l *Log) begin(name string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.name, l.detail, l.since = name, "", time.Now()
	if !l.live {
		fmt.Fprintf(l.out, "[%7s] %s ...\n", clock(time.Since(l.began)), name)
		return
	}
	l.bar = progressbar.NewOptions(-1, progressbar.OptionSetWriter(l.out), progressbar.OptionSpinnerType(14),
		progressbar.OptionSetElapsedTime(false), progressbar.OptionClearOnFinish(), progressbar.OptionSetDescription(name))
	l.stop = make(chan struct{})
	go l.spin(l.bar, l.stop)
}

func (l *Log) spin(bar *progressbar.ProgressBar, stop <-chan struct{}) {
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-stop:
			return
		case <-tick.C:
			l.mu.Lock()
			text := fmt.Sprintf("[%7s] %s %s", clock(time.Since(l.since)), l.name, l.detail)
			l.mu.Unlock()
			bar.Describe(text)
			_ = bar.Add(1)
		}
	}
}

func (l *Log) end(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.stop != nil {
		close(l.stop)
		_ = l.bar.Finish()
		l.stop = nil
	}
	mark := "done"
	if err != nil {
		mark = "FAILED"
	}
	fmt.Fprintf(l.out, "[%7s] %s: %s in %s\n", clock(time.Since(l.began)), l.name, mark, clock(time.Since(l.since)))
	l.name = ""
}

func clock(d time.Duration) string {
	d = d.Round(time.Second / 10)
	if d < time.Minute {
		return fmt.Sprintf("%.1fs", d.Seconds())
	}
	return fmt.Sprintf("%dm%02ds", int(d.Minutes()), int(d.Seconds())%60)
}
