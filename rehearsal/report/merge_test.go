package report

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

const existing = `{
  "machine": "another", "events": {"written": 7, "lost": 0}, "up": {"seconds": 3}, "a_key_of_later": 12345678901234567890,
  "current": {"rows": 5, "equal": true, "after_replay_equal": true},
  "checks": {"rotation": {"ok": true}, "replay": {"ok": false, "detail": "it was not"}},
  "parts": {"rows": {"commit": "aaa", "ok": true, "seconds": 600.5, "date": "2026-01-01"}, "basic": {"commit": "bbb", "ok": true, "seconds": 400, "date": "2026-01-02", "stale": true}}
}`

// merged is the file after merging a part into the given text; none for no file.
func merged(t *testing.T, text string, r *Report, name string, part Part) map[string]any {
	t.Helper()
	path := filepath.Join(t.TempDir(), "rehearsal", "report.json")
	if text != "" {
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o750))
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	}
	require.NoError(t, r.Merge(path, name, part))
	entries, err := os.ReadDir(filepath.Dir(path))
	require.NoError(t, err)
	require.Len(t, entries, 1, "nothing but the report is left")
	written, err := os.ReadFile(path)
	require.NoError(t, err)
	found, err := decode(written)
	require.NoError(t, err)
	return found
}

func TestAPartReplacesItsKeysAndKeepsTheOthers(t *testing.T) {
	r := &Report{Machine: "this", Events: Events{Written: 9}, Current: Current{Rows: 6}, Checks: map[string]Check{"replay": {OK: true}}}
	r.Fill("events", "current.rows", "current.equal", "checks.replay")
	found := merged(t, existing, r, "lifecycle", Part{Commit: "bbb", OK: true, Seconds: 1500, Date: "2026-01-03"})
	require.Equal(t, "this", found["machine"])
	require.Equal(t, json.Number("9"), found["events"].(map[string]any)["written"])
	require.Equal(t, map[string]any{"seconds": json.Number("3")}, found["up"], "what the part does not report is kept")
	require.Equal(t, json.Number("12345678901234567890"), found["a_key_of_later"], "with every digit")
	require.Equal(t, map[string]any{"rows": json.Number("6"), "equal": false, "after_replay_equal": true}, found["current"])
	require.Equal(t, map[string]any{"rotation": map[string]any{"ok": true}, "replay": map[string]any{"ok": true}}, found["checks"])
	require.NotContains(t, found, "policy", "what no part has reported is not there")
}

func TestAKeyThatIsReportedAndHasNoValueIsGone(t *testing.T) {
	r := &Report{}
	r.Fill("current.after_replay_equal", "faults", "upgrade")
	found := merged(t, existing, r, "rows", Part{})
	require.Equal(t, map[string]any{"rows": json.Number("5"), "equal": true}, found["current"])
	require.NotContains(t, found, "faults")
}

func TestAPartOfAnotherCommitStaysAndIsStale(t *testing.T) {
	found := merged(t, existing, &Report{}, "lifecycle", Part{Commit: "bbb", OK: true, Seconds: 1500, Date: "2026-01-03"})
	require.Equal(t, map[string]any{
		"rows":      map[string]any{"commit": "aaa", "ok": true, "seconds": json.Number("600.5"), "date": "2026-01-01", "stale": true},
		"basic":     map[string]any{"commit": "bbb", "ok": true, "seconds": json.Number("400"), "date": "2026-01-02"},
		"lifecycle": map[string]any{"commit": "bbb", "ok": true, "seconds": json.Number("1500"), "date": "2026-01-03"},
	}, found["parts"])
}

func TestAPartThatIsRunAgainReplacesItsResult(t *testing.T) {
	found := merged(t, existing, &Report{}, "rows", Part{Commit: "ccc", Seconds: 30, Date: "2026-01-03"})
	require.Equal(t, map[string]any{"commit": "ccc", "ok": false, "seconds": json.Number("30"), "date": "2026-01-03"}, found["parts"].(map[string]any)["rows"])
}

func TestTheFirstPartMakesTheFile(t *testing.T) {
	r := &Report{Up: Up{Seconds: 150}}
	r.Fill("up")
	found := merged(t, "", r, "basic", Part{OK: true})
	require.Equal(t, map[string]any{"seconds": json.Number("150"), "resources": json.Number("0")}, found["up"])
	require.NotContains(t, found, "events")
	require.Contains(t, found["parts"], "basic")
}

func TestAReportThatCannotBeReadIsNotReplaced(t *testing.T) {
	path := filepath.Join(t.TempDir(), "report.json")
	require.NoError(t, os.WriteFile(path, []byte(`{"events": `), 0o600))
	require.ErrorContains(t, (&Report{}).Merge(path, "basic", Part{}), path)
	_, err := Parts(path)
	require.ErrorContains(t, err, "remove it")
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, `{"events": `, string(text))
}

func TestPartsAreReadFromTheFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "report.json")
	none, err := Parts(path)
	require.NoError(t, err)
	require.Empty(t, none)
	require.NoError(t, os.WriteFile(path, []byte(existing), 0o600))
	found, err := Parts(path)
	require.NoError(t, err)
	require.Equal(t, Part{Commit: "aaa", OK: true, Seconds: 600.5, Date: "2026-01-01"}, found["rows"])
}

func TestTheCommitSaysWhetherFilesHaveChanged(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("GIT_CEILING_DIRECTORIES", filepath.Dir(dir))
	require.Empty(t, Commit(context.Background(), dir), "there is no git")
	git := func(args ...string) {
		cmd := exec.Command("git", append([]string{"-c", "user.name=a", "-c", "user.email=a@example.com"}, args...)...)
		cmd.Dir = dir
		text, err := cmd.CombinedOutput()
		require.NoErrorf(t, err, "%s", text)
	}
	git("init", "-q")
	git("commit", "-q", "--allow-empty", "-m", "x")
	clean := Commit(context.Background(), dir)
	require.Regexp(t, `^[0-9a-f]{7,}$`, clean)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "new"), nil, 0o600))
	require.Equal(t, clean+"-dirty", Commit(context.Background(), dir))
}
