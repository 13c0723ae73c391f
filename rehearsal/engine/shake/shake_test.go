package shake

import (
	"context"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// files of a program: main uses a small part of the package lib, which is shaken; sdk is a thin client.
var files = map[string]string{
	"go.mod": "module example.org/m\n\ngo 1.26\n",
	"main.go": `package main

import (
	"example.org/m/lib"
	"fmt"
)

type caller interface{ Listed() string }

func main() {
	var c caller = lib.New()
	fmt.Println(lib.Used(), c.Listed(), lib.Second, lib.Seven)
}
`,
	"lib/lib.go": `// Package lib is shaken.
package lib

import (
	"os"
	str "strings"
)

// Client is thin.
type Client struct{ name string }

// New is used.
func New() *Client { return &Client{"c"} }

// Listed is called through an interface.
func (c *Client) Listed() string { return c.helper() }

func (c *Client) helper() string { return c.name }

// Unlisted is called by nobody.
func (c *Client) Unlisted() string { return onlyUnlisted() }

func onlyUnlisted() string { return os.Getenv("X") }

// Used is used.
func Used() string { return str.ToUpper(table["a"]) }

// Unused is not.
func Unused() string { return os.Args[0] }
`,
	"lib/more.go": `package lib

const (
	First = iota
	Second
	third
)

const (
	Seven = 7
	Eight = 8
)

var (
	table  = map[string]string{"a": filled}
	filled string
	gone   = Unused()
)

var _ interface{ Unlisted() string } = (*Client)(nil)

func init() { filled = "b" }
`,
	"lib/empty.go": `package lib

// Nobody is called by nobody.
func Nobody() {}
`,
	"lib/lib_test.go": "package lib\n",
}

func write(t *testing.T) (dir string, packages []Package) {
	t.Helper()
	dir = t.TempDir()
	for name, text := range files {
		require.NoError(t, os.MkdirAll(filepath.Join(dir, filepath.Dir(name)), 0o755))
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
	}
	return dir, []Package{
		{ImportPath: "example.org/m", Name: "main", Dir: dir, GoFiles: []string{"main.go"}, Imports: []string{"example.org/m/lib", "fmt"}},
		{ImportPath: "example.org/m/lib", Name: "lib", Dir: filepath.Join(dir, "lib"), GoFiles: []string{"lib.go", "more.go", "empty.go"}, Imports: []string{"os", "strings"}, Shake: true, Thin: []string{"Client"}},
		{ImportPath: "os", Name: "os"},
		{ImportPath: "fmt", Name: "fmt"},
		{ImportPath: "strings", Name: "strings"},
	}
}

func run(t *testing.T, dir string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "run", ".")
	cmd.Dir, cmd.Env = dir, append(os.Environ(), "GOFLAGS=", "GOWORK=off")
	text, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", text)
	return string(text)
}

func TestAShakenProgramDoesWhatItDid(t *testing.T) {
	dir, packages := write(t)
	before := run(t, dir)
	require.NoError(t, Shake(t.Context(), packages))
	require.Equal(t, before, run(t, dir))
}

func TestWhatNobodyMentionsGoes(t *testing.T) {
	dir, packages := write(t)
	require.NoError(t, Shake(t.Context(), packages))
	left, err := filepath.Glob(filepath.Join(dir, "lib", "*"))
	require.NoError(t, err)
	var text strings.Builder
	for _, path := range left {
		content, err := os.ReadFile(path)
		require.NoError(t, err)
		text.Write(content)
	}
	for _, gone := range []string{"Unlisted", "Unused", "Nobody", "Eight", "gone", `"os"`} {
		require.NotContains(t, text.String(), gone)
	}
	for _, kept := range []string{"third", "helper", "Seven = 7", "func init()", `str "strings"`} {
		require.Contains(t, text.String(), kept)
	}
	require.Len(t, left, 2)
	main, err := os.ReadFile(filepath.Join(dir, "main.go"))
	require.NoError(t, err)
	require.Equal(t, files["main.go"], string(main), "a package that is not shaken stays as it is")
}

func TestAPackageOfWhichNothingIsLeftCanStillBeImported(t *testing.T) {
	dir, packages := write(t)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "main.go"), []byte("package main\n\nimport _ \"example.org/m/lib\"\n\nfunc main() {}\n"), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "lib", "more.go"), []byte("package lib\n"), 0o600))
	require.NoError(t, Shake(t.Context(), packages))
	require.Empty(t, run(t, dir))
}

func TestWhoIsToStopWritesNothing(t *testing.T) {
	dir, packages := write(t)
	before := textsOf(t, dir)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, Shake(ctx, packages), context.Canceled)
	require.Equal(t, before, textsOf(t, dir))
}

// textsOf are a folder's files with their texts.
func textsOf(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	require.NoError(t, filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		files[path] = string(text)
		return err
	}))
	return files
}
