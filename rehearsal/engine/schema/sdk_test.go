package schema_test

import (
	"cdcpipeline/rehearsal/engine/schema"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write the golden file")

// The plugin is older than the SDK. This file lists what only the SDK accepts, so that a new difference is noticed.
// The plugin must accept nothing that the SDK lacks, because that would be a wrong name in the plugin.
func TestThePluginAndTheSDKDifferOnlyByKnownInputs(t *testing.T) {
	plugin, err := schema.AWS()
	require.NoError(t, err)
	var lines []string
	for _, token := range usedByTheProgram(t) {
		sdk := argsOf(t, token)
		inputs := plugin.Resources[token]
		require.NotEmpty(t, inputs, "the plugin lacks %s", token)
		for name := range inputs {
			require.Containsf(t, append(sdk, "tagsAll"), name, "%s: the plugin's input is not in the SDK: its name is wrong in rehearsal/engine/source/aws", token)
		}
		for _, name := range sdk {
			if _, ok := inputs[name]; !ok {
				lines = append(lines, token+" "+name)
			}
		}
	}
	got := strings.Join(lines, "\n") + "\n"
	const golden = "testdata/newer_than_the_plugin.txt"
	if *update {
		require.NoError(t, os.MkdirAll("testdata", 0o755))
		require.NoError(t, os.WriteFile(golden, []byte(got), 0o600))
	}
	want, err := os.ReadFile(golden)
	require.NoError(t, err)
	require.Equal(t, string(want), got, "run go test ./schema -update after looking at the difference")
}

// usedByTheProgram is every AWS resource type that one of our environments registers.
func usedByTheProgram(t *testing.T) []string {
	t.Helper()
	var tokens []string
	for _, cfg := range configurations {
		recorded := deploy(t, cfg)
		for _, r := range recorded.Resources() {
			if strings.HasPrefix(r.Type, "aws:") {
				tokens = append(tokens, r.Type)
			}
		}
	}
	slices.Sort(tokens)
	return slices.Compact(tokens)
}

var inputTag = regexp.MustCompile("pulumi:\"([^\",]+)")

// argsOf returns a resource's inputs in the SDK's source, sorted.
func argsOf(t *testing.T, token string) []string {
	t.Helper()
	m := regexp.MustCompile(`^aws:(\w+)/(\w+):(\w+)$`).FindStringSubmatch(token)
	require.NotNil(t, m, token)
	file := filepath.Join(sdkDir(t), m[1], m[2]+".go")
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	_, body, found := strings.Cut(string(text), fmt.Sprintf("\ntype %sArgs struct {", m[2]))
	if !found {
		_, body, found = strings.Cut(string(text), fmt.Sprintf("\ntype %s%sArgs struct {", strings.ToLower(m[3][:1]), m[3][1:]))
	}
	require.True(t, found, "%s has no Args", file)
	body, _, _ = strings.Cut(body, "\n}")
	var names []string
	for _, tag := range inputTag.FindAllStringSubmatch(body, -1) {
		names = append(names, tag[1])
	}
	slices.Sort(names)
	return names
}

func sdkDir(t *testing.T) string {
	t.Helper()
	dir, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/pulumi/pulumi-aws/sdk/v6").Output()
	require.NoError(t, err)
	return filepath.Join(strings.TrimSpace(string(dir)), "go", "aws")
}
