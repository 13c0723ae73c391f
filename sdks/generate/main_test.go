package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

const sdk = "../opensearch"

func TestSDKIsWhatTheCommittedSchemaGenerates(t *testing.T) {
	want, err := generate(filepath.Join(sdk, "schema.json"))
	require.NoError(t, err)
	require.NotEmpty(t, want)

	have := map[string][]byte{}
	require.NoError(t, filepath.WalkDir(filepath.Join(sdk, "go"), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		name, err := filepath.Rel(sdk, path)
		if err != nil {
			return err
		}
		have[name], err = os.ReadFile(path)
		return err
	}))
	for name := range have {
		require.Containsf(t, want, name, "%s is not generated from the schema: run `make sdk`", name)
	}
	for name, content := range want {
		require.Equalf(t, string(content), string(have[name]), "%s is stale: run `make sdk`", name)
	}
}
