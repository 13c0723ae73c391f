package stack

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Stack files name files of the project by their paths. Without this test only a deployment would notice a moved
// file.
func TestFilesThatTheStackFilesNameAreThere(t *testing.T) {
	entries, err := files.ReadDir("files")
	require.NoError(t, err)
	named := 0
	for _, entry := range entries {
		text, err := files.ReadFile("files/" + entry.Name())
		require.NoError(t, err)
		for line := range strings.Lines(string(text)) {
			if path, found := strings.CutPrefix(strings.TrimSpace(line), "- "); found && strings.HasSuffix(path, ".sql") {
				named++
				_, err := os.Stat(filepath.Join("..", "..", "..", path))
				require.NoErrorf(t, err, "%s names %s", entry.Name(), path)
			}
		}
	}
	require.Equal(t, 2, named)
}
