package progress

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// buffer is written by the log and its ticker.
type buffer struct {
	mu sync.Mutex
	bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.Buffer.Write(p) //nolint:wrapcheck // a buffer never fails
}

func newLog(t *testing.T, remembered string) (*Log, *buffer, *Durations) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "durations.json")
	if remembered != "" {
		require.NoError(t, os.WriteFile(path, []byte(remembered), 0o600))
	}
	usual, err := Remembered(path)
	require.NoError(t, err)
	out := &buffer{}
	return &Log{out: out, began: time.Now(), quiet: quiet, usual: usual}, out, usual
}

func TestASilentStageSaysEveryTenSecondsWhatItIsAt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, out, _ := newLog(t, `{"engine": 90}`)
		require.NoError(t, l.Run("engine", func() error {
			l.Detail("compile the compiler")
			time.Sleep(50 * time.Second)
			return nil
		}))
		require.GreaterOrEqual(t, strings.Count(out.String(), "; last: compile the compiler"), 5)
		require.Contains(t, out.String(), "engine ... usually 1m30s")
		require.Contains(t, out.String(), "still: engine, 24.0s of usually 1m30s")
	})
}

func TestAStageThatSpeaksIsNotInterrupted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, out, _ := newLog(t, "")
		require.NoError(t, l.Run("a stage nobody knows", func() error {
			for range 10 {
				l.Detail("more")
				time.Sleep(5 * time.Second)
			}
			return nil
		}))
		require.NotContains(t, out.String(), "still")
		require.NotContains(t, out.String(), "usually")
	})
}

func TestWhatAStageTookIsRememberedWhenItSucceeds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, _, usual := newLog(t, "half a fi")
		require.NoError(t, l.Run("rise", func() error {
			time.Sleep(40 * time.Second)
			return nil
		}))
		require.Error(t, l.Run("fall", func() error { return errors.New("no") }))
		again, err := Remembered(usual.path)
		require.NoError(t, err)
		require.InDelta(t, 40, again.Last("rise").Seconds(), 0.1)
		require.Zero(t, again.Last("fall"))
	})
}
