package firstrun

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func reading(seconds float64) Reading {
	return Reading{Seconds: seconds, CPUSeconds: 2 * seconds, PeakMB: 2048}
}

func runs(commit string, seconds float64) Runs {
	return Runs{Commit: commit, Date: "2026-01-02", Machine: "two cores", Cold: reading(seconds), Warm: reading(seconds), Test: reading(seconds)}
}

func TestThePageGetsTheNewestRunsOnce(t *testing.T) {
	project := t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(project, "docs"), 0o755))
	page := filepath.Join(project, "docs", "performance.md")
	require.NoError(t, os.WriteFile(page, []byte("# Performance\n\n## Writing\n\nfast\n"), 0o600))
	for _, seconds := range []float64{300, 150} {
		require.NoError(t, write(project, []Runs{runs("aaaaaaa", 600), runs("bbbbbbb", seconds)}))
	}
	text, err := os.ReadFile(page)
	require.NoError(t, err)
	require.True(t, strings.HasPrefix(string(text), "# Performance\n\n## Writing\n\nfast\n\n## A first run\n"))
	require.Equal(t, 1, strings.Count(string(text), "## A first run"))
	require.Contains(t, string(text), "| `make rehearse`, cold | minutes | 10.0 | 2.5 | 0.25 |")
	require.NotContains(t, string(text), "0.50")
	require.NotContains(t, string(text), "by their names", "tests that nobody counted")

	counted := runs("bbbbbbb", 150)
	counted.Tests = Tests{Common: 3, All: 4}
	require.NoError(t, write(project, []Runs{runs("aaaaaaa", 600), counted}))
	text, err = os.ReadFile(page)
	require.NoError(t, err)
	require.Contains(t, string(text), "commit aaaaaaa has too, by their names: 3 of the 4 of commit bbbbbbb.")

	counted.Cold, counted.Warm = Reading{Seconds: 600, CPUSeconds: 1000}, Reading{Seconds: 120, CPUSeconds: 160}
	require.NoError(t, write(project, []Runs{runs("aaaaaaa", 600), counted}))
	text, err = os.ReadFile(page)
	require.NoError(t, err)
	require.Contains(t, string(text), "takes 7.0 minutes with both cores always busy; a warm\n  run comes on top. That is 9.0 minutes, beside the 10.0 that were measured.")
}

func TestASectionAboveAnotherIsReplacedAlone(t *testing.T) {
	project := t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(project, "docs"), 0o755))
	page := filepath.Join(project, "docs", "performance.md")
	require.NoError(t, os.WriteFile(page, []byte("# Performance\n\n## A first run\n\noutdated\n\n## Writing\n\nfast\n"), 0o600))
	require.NoError(t, write(project, []Runs{runs("aaaaaaa", 600), runs("bbbbbbb", 300)}))
	text, err := os.ReadFile(page)
	require.NoError(t, err)
	require.NotContains(t, string(text), "outdated")
	require.True(t, strings.HasSuffix(string(text), "\n\n## Writing\n\nfast\n"))
}

func TestTheTestsOfTwoCommitsAreThoseOfOneName(t *testing.T) {
	project := t.TempDir()
	for i, tests := range []string{"func TestKept(t *testing.T) {}\nfunc TestGone(t *testing.T) {}\n", "func TestKept(t *testing.T) {}\n\nfunc TestNew(t *testing.T) {}\nfunc ExampleNew() {}\n"} {
		require.NoError(t, os.WriteFile(filepath.Join(project, "a_test.go"), []byte("package a\n"+tests), 0o600))
		for _, args := range [][]string{{"init", "-q"}, {"add", "-A"}, {"-c", "user.name=a", "-c", "user.email=a@b.c", "commit", "-qm", "one"}, {"tag", []string{"first", "last"}[i]}} {
			text, err := exec.CommandContext(t.Context(), "git", append([]string{"-C", project}, args...)...).CombinedOutput()
			require.NoError(t, err, string(text))
		}
	}
	r := Runs{Commit: "last"}
	common, err := r.common(t.Context(), project, "first")
	require.NoError(t, err)
	require.Equal(t, []string{"TestKept"}, common)
	require.Equal(t, Tests{Common: 1, All: 3}, r.Tests)
}

func TestOnlyTheSameDaysMeasurementOfTheSameMachineIsTaken(t *testing.T) {
	r := runs("aaaaaaa", 600)
	require.True(t, r.sameDay(runs("aaaaaaa", 1)))
	for _, other := range []Runs{runs("bbbbbbb", 1), {Commit: "aaaaaaa", Date: "2026-01-03", Machine: "two cores"}, {Commit: "aaaaaaa", Date: "2026-01-02", Machine: "four cores"}} {
		require.False(t, r.sameDay(other))
	}
}
