package main_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rhysd/actionlint"
	"github.com/stretchr/testify/require"
	"gopkg.in/yaml.v3"
)

const workflows = "../.github/workflows"

func TestWorkflowsAreWhatActionsTakes(t *testing.T) {
	files, err := filepath.Glob(workflows + "/*.yml")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	var out bytes.Buffer
	linter, err := actionlint.NewLinter(&out, &actionlint.LinterOptions{})
	require.NoError(t, err)
	problems, err := linter.LintFiles(files, nil)
	require.NoError(t, err)
	require.Empty(t, problems, out.String())
}

type workflow struct {
	Permissions map[string]string
	Jobs        map[string]struct {
		Permissions map[string]string
		Timeout     int `yaml:"timeout-minutes"`
		Steps       []struct {
			Uses string
			With map[string]any
			Run  string
		}
	}
}

// A job has only the permissions that it needs and a time limit, each action has a fixed version, and a checkout
// keeps no token.
func TestWorkflowsAskForLittle(t *testing.T) {
	files, err := filepath.Glob(workflows + "/*.yml")
	require.NoError(t, err)
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		var w workflow
		require.NoError(t, yaml.Unmarshal(text, &w))
		require.Equal(t, map[string]string{"contents": "read"}, w.Permissions, file)
		for name, job := range w.Jobs {
			require.Positive(t, job.Timeout, "%s: %s", file, name)
			for _, step := range job.Steps {
				if step.Uses == "" {
					require.NotContains(t, step.Run, "${{", "%s: %s: expressions belong into env, or a branch's name runs as a command", file, name)
					continue
				}
				action, version, pinned := strings.Cut(step.Uses, "@")
				require.True(t, pinned && version != "main" && version != "master", "%s: %s", file, step.Uses)
				if action == "actions/checkout" {
					require.Equal(t, false, step.With["persist-credentials"], file)
				}
			}
		}
	}
}

func TestReleasesHaveToolAndPack(t *testing.T) {
	text, err := os.ReadFile(workflows + "/release.yml")
	require.NoError(t, err)
	for _, want := range []string{"./cmd/cdc", "./policy", "sha256sum", "policy/prod.json"} {
		require.Contains(t, string(text), want)
	}
}
