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

// Watching holds what a watch needs.
type Watching struct {
	// Read looks once. It is never called while another look runs.
	Read func(context.Context) Status
	// Every is the time from the end of one look to the start of the next.
	Every time.Duration
	// Color is for terminals that show colours.
	Color bool
}

// OnScreen redraws the status in a terminal until the user ends it (q, Ctrl-C) or the context ends. It returns the last
// status, and false if there was none.
func (w Watching) OnScreen(ctx context.Context, in io.Reader, out io.Writer) (Status, bool, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	s := &screen{Watching: w, ctx: ctx, history: History{Looks: sparkWidth}, view: viewport.New(80, 24)}
	// A signal ends the context, which the command handles.
	_, err := tea.NewProgram(s, tea.WithContext(ctx), tea.WithInput(in), tea.WithOutput(out), tea.WithAltScreen(), tea.WithoutSignalHandler()).Run()
	ended := ctx.Err() != nil
	cancel()
	s.reading.Wait() // the caller closes its connections after this
	if err != nil && !ended {
		return s.status, s.seen, fmt.Errorf("drawing the status: %w", err)
	}
	return s.status, s.seen, nil
}

// screen is what the terminal shows.
type screen struct {
	Watching
	ctx     context.Context // Bubble Tea gives its commands no context
	reading sync.WaitGroup
	history History
	view    viewport.Model
	status  Status
	seen    bool
	looking bool
	looks   int
}

// The screen receives these messages besides keys.
type (
	// look is a status that was read.
	look Status
	// due says that it is time for the next look. Its number is the number of earlier looks.
	due int
)

// Init starts with a look.
func (s *screen) Init() tea.Cmd { return s.look() }

// look reads a status in the background, unless a look is already running.
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

// next waits until the next look is due.
func (s *screen) next(looks int) tea.Cmd {
	return func() tea.Msg {
		select {
		case <-s.ctx.Done():
		case <-time.After(s.Every):
		}
		return due(looks)
	}
}

// Update handles keys, sizes and looks.
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
		if int(m) != s.looks { // another look has happened since
			return s, nil
		}
		return s, s.look()
	case look:
		s.looking = false
		if s.ctx.Err() != nil { // this look saw only the interruption
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

// draw writes the curves above the status. It keeps the scroll position.
func (s *screen) draw() {
	if !s.seen {
		s.view.SetContent("looking ...")
		return
	}
	var text strings.Builder
	text.WriteString(s.history.curves(s.view.Width) + "\n")
	_ = s.status.WriteTable(&text, s.Color) // a builder cannot fail
	s.view.SetContent(text.String())
}

// View returns the status and a line of help.
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
