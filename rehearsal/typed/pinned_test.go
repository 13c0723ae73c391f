package typed

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const project = "../.."

func TestTheExamplesPinWhatTheyAreCheckedWith(t *testing.T) {
	checked := packages(t, "rehearsal/stores/node")
	for name, version := range packages(t, "examples/typescript-pipeline") {
		if name != "@pulumi/cdcpipeline" {
			require.Equal(t, checked[name], version, name)
		}
	}
	pinned := read(t, "rehearsal/stores/pulumi.txt")
	for line := range strings.Lines(read(t, "examples/python-search/requirements.txt")) {
		if strings.Contains(line, "==") {
			require.Contains(t, pinned, "\n"+strings.TrimSpace(line)+" ")
		}
	}
}

// packages returns the packages that a package.json pins.
func packages(t *testing.T, folder string) map[string]string {
	t.Helper()
	var of struct{ Dependencies, DevDependencies map[string]string }
	require.NoError(t, json.Unmarshal([]byte(read(t, folder+"/package.json")), &of))
	require.NotEmpty(t, of.Dependencies)
	all := map[string]string{}
	maps.Copy(all, of.Dependencies)
	maps.Copy(all, of.DevDependencies)
	return all
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(project, path))
	require.NoError(t, err)
	return string(text)
}
