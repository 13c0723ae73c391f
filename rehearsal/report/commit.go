package report

import (
	"context"
	"os/exec"
	"strings"
)

// Commit of the working tree in a folder, with "-dirty" when files have changed since; empty where there is no git.
func Commit(ctx context.Context, dir string) string {
	git := func(args ...string) (string, error) {
		cmd := exec.CommandContext(ctx, "git", args...)
		cmd.Dir = dir
		text, err := cmd.Output()
		return strings.TrimSpace(string(text)), err //nolint:wrapcheck // there is no git
	}
	commit, err := git("rev-parse", "--short", "HEAD")
	if err != nil {
		return ""
	}
	if changed, err := git("status", "--porcelain"); err != nil || changed != "" {
		commit += "-dirty"
	}
	return commit
}
