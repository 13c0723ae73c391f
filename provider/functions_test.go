package provider

import (
	"cdcpipeline/config"
	"cdcpipeline/internal/lambdabuild"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// released has the plugin find the folder of a release, with these zips.
func released(t *testing.T, zips map[string]string) (folder string) {
	t.Helper()
	dir := t.TempDir()
	require.NoError(t, WriteFunctions(dir, zips))
	former := functionsDir
	functionsDir = func() (string, error) { return filepath.Join(dir, functionsFolder), nil }
	t.Cleanup(func() { functionsDir = former })
	return filepath.Join(dir, functionsFolder)
}

func written(t *testing.T, text string) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "function.zip")
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

func TestFunctionsAreReleasedWithThePlugin(t *testing.T) {
	folder := released(t, map[string]string{"bootstrap-arm64.zip": written(t, "arm"), "bootstrap-x86_64.zip": written(t, "x86")})
	code, err := functionCode(nil, "bootstrap", config.Functions{})
	require.NoError(t, err)
	require.Equal(t, filepath.Join(folder, "bootstrap-arm64.zip"), code.Path())
	code, err = functionCode(nil, "bootstrap", config.Functions{Architecture: config.X8664})
	require.NoError(t, err)
	require.Equal(t, filepath.Join(folder, "bootstrap-x86_64.zip"), code.Path())

	_, err = functionCode(nil, "rotation", config.Functions{})
	require.ErrorContains(t, err, "rotation-arm64.zip")
	require.ErrorContains(t, err, "give the function's zip as code")
}

func TestCodeThatIsNotWhatWasReleasedIsRefused(t *testing.T) {
	folder := released(t, map[string]string{"bootstrap-arm64.zip": written(t, "arm")})
	require.NoError(t, os.WriteFile(filepath.Join(folder, "bootstrap-arm64.zip"), []byte("other"), 0o600))
	_, err := functionCode(nil, "bootstrap", config.Functions{})
	require.ErrorContains(t, err, "bootstrap-arm64.zip is not what was released")
}

// Whoever compiles the same source gets the checksums of the release.
func TestReleasedFunctionsAreReproducible(t *testing.T) {
	sums := func() string {
		module := t.TempDir()
		require.NoError(t, os.WriteFile(filepath.Join(module, "go.mod"), []byte("module example\n\ngo 1.26\n"), 0o600))
		require.NoError(t, os.MkdirAll(filepath.Join(module, "functions", "bootstrap"), 0o755))
		require.NoError(t, os.WriteFile(filepath.Join(module, "functions", "bootstrap", "main.go"), []byte("package main\n\nfunc main() { print(42) }\n"), 0o600))
		zip, err := lambdabuild.Build(t.Context(), module, "bootstrap", config.ARM64)
		require.NoError(t, err)
		text, err := os.ReadFile(filepath.Join(released(t, map[string]string{ZipOf("bootstrap", config.ARM64): zip}), checksums))
		require.NoError(t, err)
		return string(text)
	}
	require.Equal(t, sums(), sums())
}

// What a component may take is what is compiled for a release.
func TestEveryFunctionIsReleased(t *testing.T) {
	mains, err := filepath.Glob("../functions/*/main.go")
	require.NoError(t, err)
	var names []string
	for _, path := range mains {
		names = append(names, filepath.Base(filepath.Dir(path)))
	}
	require.Equal(t, names, Functions)
}
