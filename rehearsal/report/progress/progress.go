// Package progress shows the rehearsal's progress: one line per stage with its elapsed time, live on a terminal. It
// is never silent for long, and shows how long a stage usually takes.
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

// quiet is the longest time without a line when there is no terminal.
const quiet = 8 * time.Second

// Log writes stages. Make one with [New].
type Log struct {
	out   io.Writer
	live  bool
	began time.Time
	quiet time.Duration
	usual *Durations

	mu     sync.Mutex
	name   string
	detail string
	since  time.Time
	spoke  time.Time
	bar    *progressbar.ProgressBar
	stop   chan struct{}
}

// New writes to a file; on a terminal a running stage shows a spinner. The usual durations may be nil when they are
// unknown.
func New(out *os.File, usual *Durations) *Log {
	return &Log{out: out, live: term.IsTerminal(int(out.Fd())), began: time.Now(), quiet: quiet, usual: usual}
}

// Run runs one stage and reports its duration.
func (l *Log) Run(name string, f func() error) error {
	l.begin(name)
	err := f()
	took := l.end(err)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	l.usual.Took(name, took)
	return nil
}

// Detail shows what the running stage is doing.
func (l *Log) Detail(format string, args ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.detail = fmt.Sprintf(format, args...)
	if !l.live && l.name != "" {
		l.say("           %s\n", l.detail)
	}
}

// Elapsed is the time since the start.
func (l *Log) Elapsed() time.Duration { return time.Since(l.began) }

// say writes a line; the caller holds the lock.
func (l *Log) say(format string, args ...any) {
	l.spoke = time.Now()
	fmt.Fprintf(l.out, format, args...)
}

func (l *Log) begin(name string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.name, l.detail, l.since, l.stop = name, "", time.Now(), make(chan struct{})
	if !l.live {
		l.say("[%7s] %s ...%s\n", clock(time.Since(l.began)), name, l.usually(name))
		go l.speak(l.stop)
		return
	}
	l.bar = progressbar.NewOptions(-1, progressbar.OptionSetWriter(l.out), progressbar.OptionSpinnerType(14),
		progressbar.OptionSetElapsedTime(false), progressbar.OptionClearOnFinish(), progressbar.OptionSetDescription(name))
	go l.spin(l.bar, l.stop)
}

// usually is the stage's usual duration, if known.
func (l *Log) usually(name string) string {
	if d := l.usual.Last(name); d > 0 {
		return " usually " + clock(d)
	}
	return ""
}

// speak repeats the stage's status after a long silence.
func (l *Log) speak(stop <-chan struct{}) {
	tick := time.NewTicker(l.quiet / 8)
	defer tick.Stop()
	for {
		select {
		case <-stop:
			return
		case <-tick.C:
			l.mu.Lock()
			if l.name != "" && time.Since(l.spoke) >= l.quiet {
				l.say("           %s\n", l.standing())
			}
			l.mu.Unlock()
		}
	}
}

// standing is the stage's elapsed time, its usual duration, and its last detail.
func (l *Log) standing() string {
	text := fmt.Sprintf("still: %s, %s", l.name, clock(time.Since(l.since)))
	if usually := l.usually(l.name); usually != "" {
		text += " of" + usually
	}
	if l.detail != "" {
		text += "; last: " + l.detail
	}
	return text
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
			text := fmt.Sprintf("[%7s] %s %s%s", clock(time.Since(l.since)), l.name, l.detail, l.usually(l.name))
			l.mu.Unlock()
			bar.Describe(text)
			_ = bar.Add(1)
		}
	}
}

func (l *Log) end(err error) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	close(l.stop)
	if l.bar != nil {
		_ = l.bar.Finish()
		l.bar = nil
	}
	mark := "done"
	if err != nil {
		mark = "FAILED"
	}
	took := time.Since(l.since)
	l.say("[%7s] %s: %s in %s\n", clock(time.Since(l.began)), l.name, mark, clock(took))
	l.name = ""
	return took
}

func clock(d time.Duration) string {
	d = d.Round(time.Second / 10)
	if d < time.Minute {
		return fmt.Sprintf("%.1fs", d.Seconds())
	}
	return fmt.Sprintf("%dm%02ds", int(d.Minutes()), int(d.Seconds())%60)
}
