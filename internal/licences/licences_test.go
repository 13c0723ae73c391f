package licences_test

import (
	"cdcpipeline/internal/licences"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

//go:generate go test -run ^TestTheListOfLicencesIsCurrent$ . -update

var update = flag.Bool("update", false, "write docs/licences.md anew")

const page = "../../docs/licences.md"

// permissive lists licences that allow distributing a dependency with an Apache-2.0 program. MPL-2.0 applies only to
// its own files: https://www.mozilla.org/en-US/MPL/2.0/FAQ/.
var permissive = []string{"Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "ISC", "MIT", "MIT-0", "MPL-2.0", "Unlicense", "Zlib", "PostgreSQL", "BlueOak-1.0.0", "CC0-1.0", "Unicode-DFS-2016"}

// programs are what releases and users compile: the Pulumi program, the operator's tool, the plugin for other
// languages, the functions, the policy pack.
var programs = []string{".", "./cmd/...", "./functions/...", "./policy"}

func compiled(t *testing.T) []licences.Module {
	t.Helper()
	modules, err := licences.Compiled("../..", programs...)
	require.NoError(t, err)
	require.NotEmpty(t, modules)
	return modules
}

func TestEveryDependencyMayBeGivenAway(t *testing.T) {
	for _, m := range compiled(t) {
		require.NotEmpty(t, m.Licences, "%s: no licence was recognized: read it", m.Path)
		for _, l := range m.Licences {
			require.Contains(t, permissive, l, m.Path)
		}
	}
}

func TestTheListOfLicencesIsCurrent(t *testing.T) {
	var b strings.Builder
	b.WriteString("# Licences of dependencies\n\n<!-- Written by \"go generate ./internal/licences\"; a test keeps it current. -->\n\n" +
		"Everything that is compiled into the program, the tool, the plugin, the functions and the policy pack.\n\n| module | licence |\n|---|---|\n")
	for _, m := range compiled(t) {
		fmt.Fprintf(&b, "| %s | %s |\n", m.Path, strings.Join(m.Licences, ", "))
	}
	if *update {
		require.NoError(t, os.WriteFile(page, []byte(b.String()), 0o644)) //nolint:gosec // a documentation page
	}
	text, err := os.ReadFile(page)
	require.NoError(t, err)
	want, got := slices.Collect(strings.Lines(b.String())), slices.Collect(strings.Lines(string(text)))
	require.Equal(t, want, got, "run: go generate ./internal/licences")
}
