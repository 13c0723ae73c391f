package comments

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

const source = `package shop

// Window is what one
// looks through.
type Window struct {
	// Panes in it.
	Panes int
	Frame, Glass string // no doc comment
}

// Colour of a frame.
type Colour string

const (
	// Red is the default.
	Red Colour = "red"
	// Blue costs more.
	Blue Colour = "blue"

	limit Limit = 3
)

type Limit int
`

func TestCommentsAreReadOnOneLine(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "shop.go"), []byte(source), 0o600))
	p, err := Read(dir)
	require.NoError(t, err)
	require.Equal(t, map[string]string{
		"Window": "Window is what one looks through.", "Window.Panes": "Panes in it.", "Window.Frame": "", "Window.Glass": "",
		"Colour": "Colour of a frame.", "Limit": "",
	}, p.Of)
	require.Equal(t, map[string][]Choice{"Colour": {{"red", "is the default."}, {"blue", "costs more."}}}, p.Choices)
}

func TestWhatIsNotGoIsRefused(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "shop.go"), []byte("package"), 0o600))
	_, err := Read(dir)
	require.ErrorContains(t, err, "reading comments")
}
