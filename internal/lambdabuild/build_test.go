package lambdabuild

import (
	"archive/zip"
	"cdcpipeline/config"
	"context"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// module is a small Go module with one function, an embedded file and a file that is not compiled.
func module(t *testing.T, answer string) string {
	t.Helper()
	dir := t.TempDir()
	files := map[string]string{
		"go.mod":                     "module example\n\ngo 1.26\n",
		"functions/hello/main.go":    "package main\n\nimport _ \"embed\"\n\n//go:embed answer.txt\nvar answer string\n\nfunc main() { print(answer) }\n",
		"functions/hello/answer.txt": answer,
		"other/other.go":             "package other\n",
	}
	for name, content := range files {
		path := filepath.Join(dir, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
	}
	return dir
}

func build(t *testing.T, dir string, arch config.Architecture) string {
	t.Helper()
	path, err := Build(context.Background(), dir, "hello", arch)
	require.NoError(t, err)
	return path
}

func TestTheSameSourceGivesTheSameBytes(t *testing.T) {
	one, two := build(t, module(t, "42"), config.X8664), build(t, module(t, "42"), config.X8664)
	require.Equal(t, filepath.Base(one), filepath.Base(two))
	a, err := os.ReadFile(one)
	require.NoError(t, err)
	b, err := os.ReadFile(two)
	require.NoError(t, err)
	require.Equal(t, a, b)
}

func TestAnotherSourceOrArchitectureHasAnotherName(t *testing.T) {
	dir := module(t, "42")
	first := build(t, dir, config.X8664)
	require.NotEqual(t, filepath.Base(first), filepath.Base(build(t, module(t, "43"), config.X8664)), "an embedded file is source")
	require.NotEqual(t, first, build(t, dir, config.ARM64))

	require.NoError(t, os.WriteFile(filepath.Join(dir, "other/other.go"), []byte("package other\n\nvar X int\n"), 0o600))
	require.Equal(t, first, build(t, dir, config.X8664), "what is not compiled into it does not matter")
}

func TestWhatWasCompiledIsNotCompiledAgain(t *testing.T) {
	dir := module(t, "42")
	before, err := os.Stat(build(t, dir, ""))
	require.NoError(t, err)
	after, err := os.Stat(build(t, dir, config.ARM64))
	require.NoError(t, err)
	require.Equal(t, before.ModTime(), after.ModTime())
}

func TestTheZipHoldsOneExecutableNamedBootstrap(t *testing.T) {
	archive, err := zip.OpenReader(build(t, module(t, "42"), config.X8664))
	require.NoError(t, err)
	defer func() { require.NoError(t, archive.Close()) }()
	require.Len(t, archive.File, 1)
	require.Equal(t, "bootstrap", archive.File[0].Name)
	require.Equal(t, os.FileMode(0o755), archive.File[0].Mode())
	require.True(t, archive.File[0].Modified.Equal(written))
}

func TestConcurrentBuildsLeaveOneZip(t *testing.T) {
	dir := module(t, "42")
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			_, err := Build(context.Background(), dir, "hello", config.X8664)
			if err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	left, err := filepath.Glob(filepath.Join(dir, ".cache", "functions", "*"))
	require.NoError(t, err)
	require.Len(t, left, 2, "the zip and the list of packages: %q", left)
}

func TestAMissingCompilerIsSaidPlainly(t *testing.T) {
	dir := module(t, "42")
	t.Setenv("PATH", t.TempDir())
	_, err := Build(context.Background(), dir, "hello", config.X8664)
	require.EqualError(t, err, "compiling function hello: the go command is not on PATH: install the Go release that go.mod names")
}

func TestErrorsNameTheFunction(t *testing.T) {
	dir := module(t, "42")
	_, err := Build(context.Background(), dir, "absent", config.X8664)
	require.ErrorContains(t, err, "compiling function absent")

	require.NoError(t, os.WriteFile(filepath.Join(dir, "functions/hello/main.go"), []byte("package main\n\nfunc main() { nonsense() }\n"), 0o600))
	_, err = Build(context.Background(), dir, "hello", config.X8664)
	require.ErrorContains(t, err, "undefined: nonsense")

	_, err = Build(context.Background(), dir, "hello", "mips")
	require.ErrorContains(t, err, "functions.architecture")
}

func TestFunctionsAreCompiledByTheReleaseThatCompiledTheProgram(t *testing.T) {
	for version, want := range map[string]string{
		"go1.26.6": "go1.26.6", "go1.27": "go1.27", "go1.27rc1": "go1.27rc1", "devel go1.28-abc Thu": "auto", "go1.26.6 X:nocoverageredesign": "auto",
	} {
		require.Equal(t, want, toolchain(version))
	}
}
