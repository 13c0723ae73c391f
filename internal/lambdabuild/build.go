// Package lambdabuild compiles the Lambda functions in ./functions into the zips that AWS runs.
//
// The same source produces the same bytes, so that a deployment without a change uploads nothing. Earlier builds are
// cached in .cache/functions.
package lambdabuild

import (
	"bytes"
	"cdcpipeline/config"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"sync"
)

// executable is the file that the provided.al2023 runtime starts.
const executable = "bootstrap"

// Build compiles ./functions/<name> of the module in moduleDir for arch, default arm64, and returns the path of a
// zip. The zip's name contains the hash of all its inputs. Concurrent calls are safe.
func Build(ctx context.Context, moduleDir, name string, arch config.Architecture) (zipPath string, err error) {
	s, err := Read(ctx, moduleDir, arch, name)
	if err != nil {
		return "", err
	}
	return s.Build(ctx, name)
}

// Build compiles one function whose sources were read.
func (s *Sources) Build(ctx context.Context, name string) (zipPath string, err error) {
	if zipPath, err = s.build(ctx, name); err != nil {
		return "", fmt.Errorf("compiling function %s: %w", name, err)
	}
	return zipPath, nil
}

func goArchitecture(arch config.Architecture) (string, error) {
	switch arch {
	case config.X8664:
		return "amd64", nil
	case config.ARM64, "":
		return "arm64", nil
	}
	return "", fmt.Errorf("functions.architecture: %q is neither %s nor %s", arch, config.ARM64, config.X8664)
}

// builder compiles functions of the module in dir.
type builder struct{ dir, goarch string }

// building lets one goroutine at a time compile. A second one that wants the same function finds it in the cache.
var building sync.Mutex

func (s *Sources) build(ctx context.Context, name string) (string, error) {
	building.Lock()
	defer building.Unlock()

	hash, err := s.hash(name)
	if err != nil {
		return "", err
	}
	cache := filepath.Join(s.dir, ".cache", "functions")
	zipPath := filepath.Join(cache, fmt.Sprintf("%s-%s-%s.zip", name, s.goarch, hash[:16]))
	if _, err := os.Stat(zipPath); err == nil {
		return zipPath, nil
	}
	if err := os.MkdirAll(cache, 0o755); err != nil {
		return "", fmt.Errorf("making the cache: %w", err)
	}
	work, err := os.MkdirTemp(cache, ".build-")
	if err != nil {
		return "", fmt.Errorf("making a folder to compile in: %w", err)
	}
	defer func() { _ = os.RemoveAll(work) }()
	binary, err := filepath.Abs(filepath.Join(work, executable))
	if err != nil {
		return "", fmt.Errorf("finding the folder to compile in: %w", err)
	}
	if _, err := s.run(ctx, append(append([]string{"build"}, flags...), "-o", binary, folder(name))...); err != nil {
		return "", err
	}
	finished := filepath.Join(work, "function.zip")
	if err := writeZip(finished, binary); err != nil {
		return "", err
	}
	// If another process has finished first, its file has the same bytes.
	if err := os.Rename(finished, zipPath); err != nil {
		return "", fmt.Errorf("putting the zip into the cache: %w", err)
	}
	return zipPath, nil
}

// flags keep information about this machine out of the binary. lambda.norpc leaves out the runtime interface of
// go1.x.
var flags = []string{"-trimpath", "-buildvcs=false", "-ldflags=-s -w -buildid=", "-tags=lambda.norpc"}

// environment fixes everything that compiling depends on, so that the user's own settings do not matter.
func (b builder) environment() []string {
	return []string{
		"GOTOOLCHAIN=" + toolchain(runtime.Version()), "GOFLAGS=-mod=readonly", "GOWORK=off", "GOEXPERIMENT=", "GOOS=linux", "CGO_ENABLED=0",
		"GOARCH=" + b.goarch, "GOAMD64=v1", "GOARM64=v8.0",
	}
}

// toolchain returns the release that compiled this program, for GOTOOLCHAIN. The go command on PATH may be an older
// one that downloaded that release. Without a release version the go command decides: auto.
func toolchain(version string) string {
	if release.MatchString(version) {
		return version
	}
	return anyToolchain
}

const anyToolchain = "auto"

var release = regexp.MustCompile(`^go1\.[0-9]+(\.[0-9]+)?(rc[0-9]+)?$`)

// haste lets the go command, which lives for less than a second, collect less garbage. Listing takes a fifth less time.
const haste = "GOGC=400"

// run runs the go command in the module and returns its output.
func (b builder) run(ctx context.Context, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir = b.dir
	cmd.Env = append(append(os.Environ(), haste), b.environment()...)
	var out, problems bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &problems
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("go %s: %w\n%s", args[0], err, strings.TrimSpace(problems.String()))
	}
	return out.Bytes(), nil
}
