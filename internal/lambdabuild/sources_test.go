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
