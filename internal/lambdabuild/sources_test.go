package lambdabuild

import (
	"cdcpipeline/config"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// Functions whose sources are read together have the same zips as functions that are read alone.
func TestFunctionsThatAreReadTogetherAreThoseThatAreReadAlone(t *testing.T) {
	dir := module(t, "42")
	other := filepath.Join(dir, "functions", "other")
	require.NoError(t, os.MkdirAll(other, 0o750))
	require.NoError(t, os.WriteFile(filepath.Join(other, "main.go"), []byte("package main\n\nfunc main() { println(1) }\n"), 0o600))
	all, err := Read(t.Context(), dir, config.X8664, "hello", "other")
	require.NoError(t, err)
	hashes := map[string]bool{}
	for _, name := range []string{"hello", "other"} {
		together, err := all.hash(name)
		require.NoError(t, err)
		alone, err := Read(t.Context(), dir, config.X8664, name)
		require.NoError(t, err)
		hash, err := alone.hash(name)
		require.NoError(t, err)
		require.Equal(t, hash, together)
		hashes[hash] = true
	}
	require.Len(t, hashes, 2)
	_, err = all.Build(t.Context(), "absent")
	require.EqualError(t, err, "compiling function absent: its sources were not read")
}

// Whatever changes the list of packages makes a remembered list invalid.
func TestTheSourcesAreListedAgainWhenTheyChange(t *testing.T) {
	const hello = "package main\n\nimport (\n\t\"embed\"\n\t_ \"example.com/beside\"\n)\n\n//go:embed texts\nvar Answers embed.FS\n\nfunc main() {}\n"
	write := func(t *testing.T, dir, name, content string) {
		t.Helper()
		path := filepath.Join(dir, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o750))
		require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
	}
	for name, change := range map[string]func(t *testing.T, dir string){
		"a file is added": func(t *testing.T, dir string) {
			write(t, dir, "functions/hello/more.go", "package main\n\nimport _ \"example/other\"\n")
		},
		"a file for another system becomes one for this": func(t *testing.T, dir string) { write(t, dir, "functions/hello/odd.go", "package main\n") },
		"a text is added to a folder that is embedded":   func(t *testing.T, dir string) { write(t, dir, "functions/hello/texts/deep/b.txt", "b") },
		"a package is imported": func(t *testing.T, dir string) {
			write(t, dir, "functions/hello/main.go", "package main\n\nimport _ \"example/other\"\n\nfunc main() {}\n")
		},
		"a package of a replaced module changes": func(t *testing.T, dir string) { write(t, dir, "beside/more.go", "package beside\n") },
		"a file is gone": func(t *testing.T, dir string) {
			require.NoError(t, os.Remove(filepath.Join(dir, "functions/hello/odd.go")))
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := module(t, "42")
			write(t, dir, "go.mod", "module example\n\ngo 1.26\n\nrequire example.com/beside v0.0.0\n\nreplace example.com/beside => ./beside\n")
			write(t, dir, "beside/go.mod", "module example.com/beside\n\ngo 1.26\n")
			write(t, dir, "beside/beside.go", "package beside\n")
			write(t, dir, "functions/hello/main.go", hello)
			write(t, dir, "functions/hello/texts/a.txt", "a")
			write(t, dir, "functions/hello/odd.go", "//go:build windows\n\npackage main\n")
			write(t, dir, "functions/hello/main_test.go", "package main\n")
			hashes := map[string]bool{}
			var kept os.FileInfo
			hash := func() (listed bool) {
				s, err := Read(t.Context(), dir, config.X8664, "hello")
				require.NoError(t, err)
				sum, err := s.hash("hello")
				require.NoError(t, err)
				hashes[sum] = true
				before := kept
				kept = listFile(t, dir)
				return !os.SameFile(before, kept)
			}
			require.True(t, hash())
			write(t, dir, "functions/hello/main_test.go", "package main\n\nimport _ \"testing\"\n")
			require.False(t, hash(), "nothing has changed but a test")
			require.Len(t, hashes, 1)
			change(t, dir)
			require.True(t, hash())
			require.False(t, hash())
		})
	}
}

func TestADamagedListIsMadeAnew(t *testing.T) {
	dir := module(t, "42")
	_, err := Read(t.Context(), dir, config.X8664, "hello")
	require.NoError(t, err)
	before := listFile(t, dir)
	require.NoError(t, os.WriteFile(filepath.Join(dir, ".cache", "functions", before.Name()), []byte(`{"Inputs":"x","Pack`), 0o600))
	_, err = Read(t.Context(), dir, config.X8664, "hello")
	require.NoError(t, err)
	require.False(t, os.SameFile(before, listFile(t, dir)))
}

// listFile returns the remembered list. A new list is another file.
func listFile(t *testing.T, dir string) os.FileInfo {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, ".cache", "functions", "listed-*.json"))
	require.NoError(t, err)
	require.Len(t, files, 1)
	file, err := os.Stat(files[0])
	require.NoError(t, err)
	return file
}

// A zip that is there is enough, also where nothing can be written.
func TestAListThatCannotBeKeptIsNoError(t *testing.T) {
	dir := module(t, "42")
	zip := build(t, dir, config.X8664)
	list := filepath.Join(dir, ".cache", "functions", listFile(t, dir).Name())
	require.NoError(t, os.Remove(list))
	require.NoError(t, os.MkdirAll(filepath.Join(list, "occupied"), 0o750))
	require.Equal(t, zip, build(t, dir, config.X8664))
}
