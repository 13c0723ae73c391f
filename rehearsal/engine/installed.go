package engine

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/blang/semver"
	"gopkg.in/yaml.v3"
)

// Installed uses the Pulumi CLI on PATH with the plugins in its PULUMI_HOME, or with downloads. It must be as new as
// the project's Pulumi.yaml requires. The cache gets a link to it, in the folder layout that the Automation API
// needs.
func Installed(ctx context.Context, project, cache string) (Engine, error) {
	path, err := exec.LookPath("pulumi")
	if err != nil {
		return Engine{}, errors.New("there is no pulumi on PATH: install it (https://www.pulumi.com/docs/install), or leave ENGINE out to compile one")
	}
	text, err := exec.CommandContext(ctx, path, "version").Output()
	if err != nil {
		return Engine{}, fmt.Errorf("asking %s for its version: %w", path, err)
	}
	version := strings.TrimPrefix(strings.TrimSpace(string(text)), "v")
	if err := newEnough(version, filepath.Join(project, "Pulumi.yaml")); err != nil {
		return Engine{}, fmt.Errorf("%s: %w", path, err)
	}
	e := Engine{Dir: filepath.Join(cache, "engine", "installed"), Installed: true, Path: path, Version: version, Cached: true}
	if err := os.MkdirAll(filepath.Dir(e.CLI()), 0o755); err != nil {
		return Engine{}, fmt.Errorf("making a folder for the CLI: %w", err)
	}
	if err := os.Remove(e.CLI()); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return Engine{}, fmt.Errorf("linking to the CLI: %w", err)
	}
	if err := os.Symlink(path, e.CLI()); err != nil {
		return Engine{}, fmt.Errorf("linking to the CLI: %w", err)
	}
	return e, nil
}

// newEnough compares a version with the range in a Pulumi.yaml.
func newEnough(version, projectFile string) error {
	content, err := os.ReadFile(projectFile)
	if err != nil {
		return fmt.Errorf("reading which version the project needs: %w", err)
	}
	var project struct {
		Required string `yaml:"requiredPulumiVersion"`
	}
	if err := yaml.Unmarshal(content, &project); err != nil {
		return fmt.Errorf("reading %s: %w", projectFile, err)
	}
	required, err := semver.ParseRange(project.Required)
	if err != nil {
		return fmt.Errorf("reading requiredPulumiVersion of %s: %w", projectFile, err)
	}
	v, err := semver.ParseTolerant(version)
	if err != nil {
		return fmt.Errorf("reading the version %q: %w", version, err)
	}
	if !required(v) {
		return fmt.Errorf("version %s is too old, the project needs %s: upgrade it, or leave ENGINE out to compile one", version, project.Required)
	}
	return nil
}
