package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

const folder = ".."

func TestWhatIsCommittedIsWhatTheSchemasGenerate(t *testing.T) {
	want, err := generate(folder)
	require.NoError(t, err)
	for _, name := range generatedNames(t) {
		require.Containsf(t, want, name, "%s is not generated: run `make sdk`", name)
	}
	for name, content := range want {
		have, err := os.ReadFile(filepath.Join(folder, name))
		require.NoErrorf(t, err, "run `make sdk`")
		require.Equalf(t, string(content), string(have), "%s is stale: run `make sdk`", name)
	}
}

// generatedNames are the files where only generated ones may be, by their paths from the folder of SDKs.
func generatedNames(t *testing.T) (all []string) {
	t.Helper()
	for _, of := range sdks {
		require.NoError(t, filepath.WalkDir(filepath.Join(folder, of.folder), func(path string, d fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			if d.IsDir() && leftByAnInstallation(d.Name()) {
				return fs.SkipDir
			}
			if !d.IsDir() {
				all = append(all, path)
			}
			return nil
		}))
	}
	for _, to := range translations {
		found, err := filepath.Glob(filepath.Join(folder, examples, "*"+to.ending))
		require.NoError(t, err)
		all = append(all, found...)
	}
	for i, path := range all {
		var err error
		all[i], err = filepath.Rel(folder, path)
		require.NoError(t, err)
	}
	return all
}

// leftByAnInstallation says of a folder that npm or pip makes it in an SDK that is installed from here; git ignores it.
func leftByAnInstallation(name string) bool {
	return slices.Contains([]string{"node_modules", "bin", "build", "__pycache__"}, name) || filepath.Ext(name) == ".egg-info"
}
