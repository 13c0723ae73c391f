package status

import (
	"cdcpipeline/internal/task/tasktest"
	"context"
	"io"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	tea "github.com/charmbracelet/bubbletea"
	"github.com/stretchr/testify/require"
)

// counted is a look that many seconds after noon. The task has this lag, and one table has this many changes.
func counted(seconds int, rows int64, lag *float64) Status {
	return Status{
		At: tasktest.Noon.Add(time.Duration(seconds) * time.Second), Healthy: true,
		SourceStatus: &SourceStatus{Tables: TablesStatus{List: []TableStatus{{Name: "shop.orders", State: "Table completed", Updates: rows}}}, Lag: Lag{SourceSeconds: lag}},
	}
}

func TestARateIsOfTheTimeBetweenTwoCounts(t *testing.T) {
	var h History
	h.Looks = 100
	rates := func(looks ...Status) (all []string) {
		for _, s := range looks {
			h.Add(s)
			all = append(all, perSecond(h.sources[""].rate.last()))
		}
		return all
	}
	require.Equal(t, []string{"-", "-", "10/s", "10/s"}, rates(counted(0, 1000, nil), counted(10, 1000, nil), counted(60, 1600, nil), counted(70, 1600, nil)), "the count stands still between two of DMS's")
	require.Equal(t, []string{"10/s", "0/s", "0/s"}, rates(counted(170, 1600, nil), counted(180, 1600, nil), counted(600, 1600, nil)), "nothing comes")
	require.Equal(t, []string{"-", "2.0/s"}, rates(counted(610, 10, nil), counted(620, 30, nil)), "a table was loaded anew")
	unread := counted(630, 0, nil)
	unread.Tables.Error = "no answer"
	require.Equal(t, []string{"-", "7.0/s"}, rates(unread, counted(640, 170, nil)), "what was not read counts for nothing")
}

func TestACurveGoesFromNothingToItsMost(t *testing.T) {
	c := curve{new(0.0), nil, new(1.0), new(7.0), new(3.5)}
	require.Equal(t, "▁ ▂█▅", c.spark(5))
	require.Equal(t, "   ▁ ▂█▅", c.spark(8), "what is not there yet is on the left")
	require.Equal(t, "█▅", c.spark(2), "the latest")
	require.Equal(t, "▁▁", curve{new(0.0), new(0.0)}.spark(2))
	require.Equal(t, "  ", curve{nil}.spark(2))
	require.Equal(t, curve{new(2.0), new(3.0)}, curve{new(1.0), new(2.0)}.with(new(3.0), 2), "no more looks than are kept")
}

// looks covers half an hour in which a lag grows and disappears.
func looks(t *testing.T) (all []Status) {
	t.Helper()
	for i := range 30 {
		p := wellParts()
		lag := []float64{1, 1, 2, 3, 5, 8, 13, 40, 90, 110, 60, 30, 12, 6, 2, 1}[i%16]
		p.metrics.points[sourceSeconds], p.metrics.points[iteratorAge] = []float64{lag}, []float64{250 + 100*lag}
		s := p.read(t)
		s.At = s.At.Add(time.Duration(i) * time.Minute)
		s.Tables.List[0].Inserts += int64(60 * (100 + 40*(i%7)) * i)
		all = append(all, s)
	}
	return all
}

// terminal returns a screen of this size that has received these looks.
func terminal(columns, lines int, all []Status) *screen {
	s := &screen{Watching: Watching{Every: time.Minute}, ctx: context.Background(), history: History{Looks: sparkWidth}}
	s.Update(tea.WindowSizeMsg{Width: columns, Height: lines})
	for _, one := range all {
		s.Update(look(one))
	}
	return s
}

func TestTheScreenHasCurvesAndTheStatus(t *testing.T) {
	drawn := strings.Split(terminal(110, 34, looks(t)).View(), "\n")
	for i, line := range drawn {
		drawn[i] = strings.TrimRight(line, " ")
	}
	golden(t, "screen.golden.txt", strings.Join(drawn, "\n")+"\n")
}

func TestASmallScreenIsScrolled(t *testing.T) {
	s := terminal(60, 12, looks(t))
	top := s.View()
	require.Len(t, strings.Split(top, "\n"), 12)
	require.Contains(t, top, "12:29:00Z healthy, every 1m0s, ")
	require.Contains(t, top, "rows")
	for range 40 {
		s.Update(tea.KeyMsg{Type: tea.KeyDown})
	}
	require.Contains(t, s.View(), "scroll (100 %)")
	require.Contains(t, s.View(), "640.0 kB")
	s.Update(look(looks(t)[0]))
	require.Contains(t, s.View(), "640.0 kB", "the place stays")
	for _, line := range strings.Split(s.View(), "\n") {
		require.LessOrEqual(t, len([]rune(line)), 90, "the table is cut, not wrapped: %s", line)
	}
}

func TestSourcesHaveCurvesOfTheirOwn(t *testing.T) {
	s := counted(0, 10, new(1.0))
	s.Sources = map[string]NamedStatus{"orders": {Healthy: true, SourceStatus: SourceStatus{Lag: Lag{SourceSeconds: new(7.0)}}}}
	h := History{Looks: 10}
	h.Add(s)
	shown := h.curves(80)
	require.Contains(t, shown, "the source orders\n")
	require.Less(t, strings.Index(shown, " 1s "), strings.Index(shown, "the source orders"))
	require.Greater(t, strings.Index(shown, " 7s "), strings.Index(shown, "the source orders"))
	require.Equal(t, 2, strings.Count(h.Line(s), "\n"), "a line for each")
	require.Contains(t, h.Line(s), "2026-11-23T12:00:00Z healthy source=orders rows=- task-reads=7s task-writes=- stream=- search=- lake=-\n")
}

func TestALookInLinesHasItsProblems(t *testing.T) {
	s := counted(0, 10, new(1.0))
	s.Healthy, s.Problems = false, []string{"the task is stopped: run `cdc start`"}
	h := History{Looks: 1}
	h.Add(s)
	require.Equal(t, "2026-11-23T12:00:00Z 1-problem rows=- task-reads=1s task-writes=- stream=- search=- lake=-\n2026-11-23T12:00:00Z problem: the task is stopped: run `cdc start`\n", h.Line(s))
}

// typed imitates a terminal's input and output.
type typed struct {
	*io.PipeReader
	keys *io.PipeWriter
	out  strings.Builder
}

func newTyped() *typed {
	t := &typed{}
	t.PipeReader, t.keys = io.Pipe()
	return t
}

func TestAWatchLooksAgainUntilItIsEnded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var read atomic.Int64
		w := Watching{Every: 10 * time.Second, Read: func(context.Context) Status { return counted(int(read.Add(1)), read.Load(), nil) }}
		user := newTyped()
		go func() {
			time.Sleep(25 * time.Second) // enough for three looks
			_, _ = user.keys.Write([]byte("r"))
			time.Sleep(8 * time.Second) // the next look is due ten seconds later
			_, _ = user.keys.Write([]byte("q"))
			_ = user.keys.Close()
		}()
		last, seen, err := w.OnScreen(t.Context(), user, &user.out)
		require.NoError(t, err)
		require.True(t, seen)
		require.EqualValues(t, 4, read.Load(), "at 0, 10 and 20 s, and when asked")
		require.Equal(t, tasktest.Noon.Add(4*time.Second), last.At)
		require.Contains(t, user.out.String(), "\x1b[?1049h", "on a screen of its own")
		require.Contains(t, user.out.String(), "\x1b[?1049l", "which is left again")
		require.Contains(t, user.out.String(), "shop.orders")
	})
}

func TestAWatchThatIsInterruptedWaitsForItsLook(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		var ended atomic.Bool
		w := Watching{Every: time.Second, Read: func(ctx context.Context) Status {
			<-ctx.Done()
			time.Sleep(time.Second)
			ended.Store(true)
			return Status{}
		}}
		time.AfterFunc(3*time.Second, cancel)
		user := newTyped()
		_, seen, err := w.OnScreen(ctx, user, &user.out)
		_ = user.keys.Close()
		require.NoError(t, err)
		require.False(t, seen)
		require.True(t, ended.Load(), "what it read with may be closed now")
	})
}
