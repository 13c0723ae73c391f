package engine

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// onPath puts a pulumi on PATH that reports the given version.
func onPath(t *testing.T, version string) (project, cache string) {
	t.Helper()
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "Pulumi.yaml"), []byte("name: p\nrequiredPulumiVersion: '>=3.268.0'\n"), 0o600))
	require.NoError(t, os.Mkdir(filepath.Join(dir, "path"), 0o755))
	if version != "" {
		require.NoError(t, os.WriteFile(filepath.Join(dir, "path", "pulumi"), []byte("#!/bin/sh\necho "+version+"\n"), 0o755))
	}
	t.Setenv("PATH", filepath.Join(dir, "path"))
	return dir, filepath.Join(dir, "cache")
}

func TestAnInstalledEngineThatIsNewEnoughIsTaken(t *testing.T) {
	project, cache := onPath(t, "v3.270.1")
	for range 2 { // a second run finds the first run's link
		e, err := Installed(t.Context(), project, cache)
		require.NoError(t, err)
		require.True(t, e.Installed)
		require.Equal(t, "3.270.1", e.Version)
		target, err := os.Readlink(e.CLI())
		require.NoError(t, err)
		require.Equal(t, filepath.Join(project, "path", "pulumi"), target)
		require.NotContains(t, e.Env(), "PULUMI_HOME")
	}
}

func TestAnInstalledEngineThatIsTooOldIsRefused(t *testing.T) {
	project, cache := onPath(t, "v3.100.0")
	_, err := Installed(t.Context(), project, cache)
	require.ErrorContains(t, err, "version 3.100.0 is too old, the project needs >=3.268.0")
}

func TestNoInstalledEngineIsSaid(t *testing.T) {
	project, cache := onPath(t, "")
	_, err := Installed(t.Context(), project, cache)
	require.ErrorContains(t, err, "no pulumi on PATH")
}
