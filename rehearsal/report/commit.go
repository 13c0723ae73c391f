package report

import (
	"context"
	"os/exec"
	"strings"
)

// Commit is the commit of a folder's working tree, with "-dirty" when files have changed since; empty without git. A page that a run itself
// has written is no change.
func Commit(ctx context.Context, dir string) string {
	git := func(args ...string) (string, error) {
		cmd := exec.CommandContext(ctx, "git", args...)
		cmd.Dir = dir
		text, err := cmd.Output()
		return strings.TrimSpace(string(text)), err //nolint:wrapcheck // git is not available
	}
	commit, err := git("rev-parse", "--short", "HEAD")
	if err != nil {
		return ""
	}
	if changed, err := git("status", "--porcelain", "--", ".", ":(exclude)docs/reliability.md"); err != nil || changed != "" {
		commit += "-dirty"
	}
	return commit
}
