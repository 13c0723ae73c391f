package stores

import (
	"context"
	"crypto/sha256" // the pinned packages
	"embed"
	"encoding/hex"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

//go:embed pulumi.txt
var pulumiRequirements []byte

//go:embed node
var nodePackages embed.FS

// PulumiPython is the interpreter of a virtual environment that runs programs of Python for Pulumi.
func (s *Site) PulumiPython(ctx context.Context) (string, error) {
	return s.environment(ctx, "pulumi", pulumiRequirements)
}

// PulumiNode is a folder with the node_modules that compile and run programs of TypeScript for Pulumi, as package-lock.json pins them. It is made
// in the cache when it is not there.
func (s *Site) PulumiNode(ctx context.Context) (string, error) {
	npm, err := exec.LookPath("npm")
	if err != nil {
		return "", fmt.Errorf("programs of TypeScript need Node 20 or newer with npm, and npm is not on PATH: %w", err)
	}
	pinned, err := nodePackages.ReadFile("node/package-lock.json")
	if err != nil {
		return "", fmt.Errorf("reading the pinned packages: %w", err)
	}
	sum := sha256.Sum256(pinned)
	tree, err := s.Cache.Tree(ctx, "node-"+hex.EncodeToString(sum[:6]), func(dir string) error {
		for _, name := range []string{"package.json", "package-lock.json"} {
			text, err := nodePackages.ReadFile("node/" + name)
			if err != nil {
				return fmt.Errorf("reading the pinned packages: %w", err)
			}
			if err := os.WriteFile(filepath.Join(dir, name), text, 0o644); err != nil {
				return fmt.Errorf("writing the pinned packages: %w", err)
			}
		}
		_, err := output(ctx, npm, "ci", "--prefix", dir, "--ignore-scripts", "--no-bin-links", "--no-audit", "--no-fund", "--loglevel", "error")
		return err
	})
	if err != nil {
		return "", fmt.Errorf("installing the packages of Node: %w", err)
	}
	return tree, nil
}
