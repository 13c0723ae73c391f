package status

import (
	"context"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/charmbracelet/bubbles/viewport"
	tea "github.com/charmbracelet/bubbletea"
)

// Watching is what a watch needs.
type Watching struct {
	// Read looks once; it is never called while a look is under way.
	Read func(context.Context) Status
	// Every is the time between the end of a look and the next.
	Every time.Duration
	// Color is for terminals that have some.
	Color bool
}

// OnScreen redraws the status in a terminal until its user has seen enough (q, Ctrl-C) or the context ends, and gives the last one; false when there was none.
func (w Watching) OnScreen(ctx context.Context, in io.Reader, out io.Writer) (Status, bool, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	s := &screen{Watching: w, ctx: ctx, history: History{Looks: sparkWidth}, view: viewport.New(80, 24)}
	// A signal ends the context, which is the command's to see.
	_, err := tea.NewProgram(s, tea.WithContext(ctx), tea.WithInput(in), tea.WithOutput(out), tea.WithAltScreen(), tea.WithoutSignalHandler()).Run()
	ended := ctx.Err() != nil
	cancel()
	s.reading.Wait() // what it reads with is closed after this
	if err != nil && !ended {
		return s.status, s.seen, fmt.Errorf("drawing the status: %w", err)
	}
	return s.status, s.seen, nil
}

// screen is the terminal as it is drawn.
type screen struct {
	Watching
	ctx     context.Context // for its commands, which are given none
	reading sync.WaitGroup
	history History
	view    viewport.Model
	status  Status
	seen    bool
	looking bool
	looks   int
}

// What comes to the screen besides keys.
type (
	// look is a status that was read.
	look Status
	// due says that it is time for the look after so many.
	due int
)

// Init begins with a look.
func (s *screen) Init() tea.Cmd { return s.look() }

// look reads in the background. A look that is under way is not asked for again.
func (s *screen) look() tea.Cmd {
	if s.looking {
		return nil
	}
	s.looking = true
	s.reading.Add(1)
	return func() tea.Msg {
		defer s.reading.Done()
		return look(s.Read(s.ctx))
	}
}

// next waits until it is time for the look after so many.
func (s *screen) next(looks int) tea.Cmd {
	return func() tea.Msg {
		select {
		case <-s.ctx.Done():
		case <-time.After(s.Every):
		}
		return due(looks)
	}
}

// Update takes keys, sizes and looks.
func (s *screen) Update(message tea.Msg) (tea.Model, tea.Cmd) {
	switch m := message.(type) {
	case tea.WindowSizeMsg:
		s.view.Width, s.view.Height = m.Width, max(1, m.Height-1)
		s.draw()
		return s, nil
	case tea.KeyMsg:
		switch m.String() {
		case "q", "ctrl+c", "esc":
			return s, tea.Quit
		case "r":
			return s, s.look()
		}
	case due:
		if int(m) != s.looks { // somebody has looked since
			return s, nil
		}
		return s, s.look()
	case look:
		s.looking = false
		if s.ctx.Err() != nil { // what was read then is that it was interrupted
			return s, nil
		}
		s.status, s.seen, s.looks = Status(m), true, s.looks+1
		s.history.Add(s.status)
		s.draw()
		return s, s.next(s.looks)
	}
	var cmd tea.Cmd
	s.view, cmd = s.view.Update(message)
	return s, cmd
}

// draw puts the curves before the status. The place that was scrolled to stays.
func (s *screen) draw() {
	if !s.seen {
		s.view.SetContent("looking ...")
		return
	}
	var text strings.Builder
	text.WriteString(s.history.curves(s.view.Width) + "\n")
	_ = s.status.WriteTable(&text, s.Color) // a builder takes everything
	s.view.SetContent(text.String())
}

// View is the status, and a line on what one can do.
func (s *screen) View() string {
	foot := fmt.Sprintf("every %s, q ends, r looks now", s.Every)
	if s.seen {
		foot = s.status.At.Format("15:04:05") + "Z " + s.status.verdict() + ", " + foot
	}
	if s.view.TotalLineCount() > s.view.Height {
		foot += fmt.Sprintf(", ↑ ↓ scroll (%.0f %%)", s.view.ScrollPercent()*100)
	}
	return s.view.View() + "\n" + foot
}
