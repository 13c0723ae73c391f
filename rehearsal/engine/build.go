// Package engine makes the real Pulumi engine out of Go modules: the CLI and the plugins the pipeline uses.
//
// Sources are copied aside, the Terraform AWS provider is cut down to the services the pipeline uses, the bridge is
// adapted to the engine's version, five programs are compiled, and the result is kept in the cache under the hash of everything that went into it.
package engine

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
)

// Versions of what is built. The plugins carry the versions of the SDKs that call them.
const (
	CLIVersion                = "3.276.0"
	AWSPluginVersion          = "6.83.4" // around the Terraform provider 5.82.2
	RandomPluginVersion       = "4.21.0"
	BridgePluginVersion       = "1.1.3"
	OpenSearchProviderVersion = "2.3.2"
)

// The Terraform AWS provider 5.82.2 in the form that exports a constructor, with its checksum as `go mod download -json` prints it.
const (
	awsModule = "github.com/upbound/terraform-provider-aws@v0.0.0-20250210124112-ca3a4c5ba291"
	awsSum    = "h1:Q8atmog81+eoPwwU+0ZI6MDaXDuBpWS+wvXvUtNdthA="
)

// Pulumi's Terraform bridge, newest version served; it was written for an older engine than the one that is built here.
const (
	bridgeModule = "github.com/pulumi/pulumi-terraform-bridge/v3@v3.137.0"
	bridgeSum    = "h1:y9HaS9/ylx52g0Ur4uxgfCYCl9b7Q9/i9a6tJhdUJsY="
)

// Engine is a built engine.
type Engine struct {
	// Dir holds the CLI and the plugins' binaries.
	Dir string
	// Home is a PULUMI_HOME in which the plugins are installed.
	Home string
	// Cached tells that nothing had to be compiled.
	Cached bool
}

// CLI is the path of the pulumi command.
func (e Engine) CLI() string { return filepath.Join(e.Dir, "bin", "pulumi") }

// Env is the environment in which the CLI finds its plugins and asks nobody for newer ones.
func (e Engine) Env() map[string]string {
	return map[string]string{
		"PULUMI_HOME":                                 e.Home,
		"PULUMI_DYNAMIC_TF_PLUGIN_CACHE_DIR":          filepath.Join(e.Dir, "tf-plugins"),
		"PULUMI_SKIP_UPDATE_CHECK":                    "true",
		"PULUMI_AUTOMATION_API_SKIP_VERSION_CHECK":    "true",
		"PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
	}
}

// Environ is this process's environment with Env added, for a command that calls the CLI.
func (e Engine) Environ() []string {
	environ := os.Environ()
	for name, value := range e.Env() {
		environ = append(environ, name+"="+value)
	}
	return environ
}

// Alias offers an installed plugin under another version too, as one that a program of another release asks for.
func (e Engine) Alias(plugin, version string) error {
	installed, err := filepath.Glob(filepath.Join(e.Home, "plugins", "resource-"+plugin+"-v*", "pulumi-resource-"+plugin))
	if err != nil || len(installed) == 0 {
		return fmt.Errorf("offering the plugin %s as %s: none is installed", plugin, version)
	}
	folder := filepath.Join(e.Home, "plugins", "resource-"+plugin+"-v"+version)
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return fmt.Errorf("offering the plugin %s as %s: %w", plugin, version, err)
	}
	err = os.Link(installed[0], filepath.Join(folder, "pulumi-resource-"+plugin))
	if err != nil && !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("offering the plugin %s as %s: %w", plugin, version, err)
	}
	return nil
}

// Progress is told the name of each step when it begins.
type Progress func(step string)

// Build compiles the engine whose sources are in source, or takes it from the cache directory.
// An interrupted build leaves nothing that a later one would take for finished.
func Build(ctx context.Context, source, cache string, progress Progress) (Engine, error) {
	key, err := fingerprint(source)
	if err != nil {
		return Engine{}, err
	}
	dir := filepath.Join(cache, "engine", key)
	e := Engine{Dir: dir, Home: filepath.Join(dir, "home")}
	if _, err := os.Stat(filepath.Join(dir, "complete")); err == nil {
		e.Cached = true
		return e, nil
	}
	b := builder{src: filepath.Join(cache, "engine", "src"), out: dir, progress: progress}
	if err := os.RemoveAll(dir); err != nil {
		return Engine{}, fmt.Errorf("clearing an unfinished engine: %w", err)
	}
	for _, step := range []func(context.Context) error{
		func(context.Context) error { return b.copySources(source) },
		b.fetchSources, b.compile,
		func(ctx context.Context) error { return b.install(ctx, e) },
	} {
		if err := step(ctx); err != nil {
			return Engine{}, err
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "complete"), []byte(key+"\n"), 0o600); err != nil {
		return Engine{}, fmt.Errorf("finishing the engine: %w", err)
	}
	return e, nil
}

// fingerprint is the hash of the engine's sources, the toolchain and this package's constants.
func fingerprint(source string) (string, error) {
	h := sha256.New()
	fmt.Fprintln(h, runtime.Version(), runtime.GOOS, runtime.GOARCH, awsModule, awsSum, bridgeModule, bridgeSum, services, CLIVersion, AWSPluginVersion, RandomPluginVersion, BridgePluginVersion, OpenSearchProviderVersion)
	err := filepath.WalkDir(source, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return fmt.Errorf("reading the engine's sources: %w", err)
		}
		name, err := filepath.Rel(source, path)
		if err != nil {
			return fmt.Errorf("reading the engine's sources: %w", err)
		}
		fmt.Fprintf(h, "%s %d\n", name, len(content))
		h.Write(content)
		return nil
	})
	if err != nil {
		return "", fmt.Errorf("reading the engine's sources in %s: %w", source, err)
	}
	return hex.EncodeToString(h.Sum(nil))[:16], nil
}

type builder struct {
	src, out string
	progress Progress
}

func (b builder) copySources(source string) error {
	if err := os.RemoveAll(b.src); err != nil {
		return fmt.Errorf("clearing %s: %w", b.src, err)
	}
	if err := os.CopyFS(b.src, os.DirFS(source)); err != nil {
		return fmt.Errorf("copying the engine's sources: %w", err)
	}
	return nil
}

// source is a Go module that is compiled from an edited copy of itself.
type source struct {
	what, module, sum string // sum as `go mod download -json` prints it
	folder            string // where the engine's go.mod looks for the copy
	edit              func(folder string) error
}

// sources are the edited modules.
var sources = []source{
	{"the AWS provider", awsModule, awsSum, "upstream", trim},
	{"the Terraform bridge", bridgeModule, bridgeSum, "bridge", followEngine},
}

// fetchSources puts the edited modules where the engine's go.mod looks for them.
func (b builder) fetchSources(ctx context.Context) error {
	scratch, err := os.MkdirTemp("", "rehearsal-fetch-")
	if err != nil {
		return fmt.Errorf("making a folder to fetch from: %w", err)
	}
	defer os.RemoveAll(scratch)
	for _, s := range sources {
		b.progress("fetch " + s.what)
		if err := b.fetch(ctx, scratch, s); err != nil {
			return fmt.Errorf("fetching %s: %w", s.what, err)
		}
	}
	return nil
}

func (b builder) fetch(ctx context.Context, scratch string, s source) error {
	text, err := b.run(ctx, scratch, "go", "mod", "download", "-json", s.module)
	if err != nil {
		return err
	}
	var module struct{ Dir, Sum, Error string }
	if err := json.Unmarshal(text, &module); err != nil {
		return fmt.Errorf("reading what go mod download prints: %w", err)
	}
	if module.Sum != s.sum {
		return fmt.Errorf("its checksum is %q, want %q: refusing to build it %s", module.Sum, s.sum, module.Error)
	}
	folder := filepath.Join(b.src, s.folder)
	if err := copyWritable(module.Dir, folder); err != nil {
		return err
	}
	return s.edit(folder)
}

func (b builder) compile(ctx context.Context) error {
	cli := "-s -w -X github.com/pulumi/pulumi/pkg/v3/version.Version=v" + CLIVersion + " -X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=" + CLIVersion
	bridge := "-s -w -X github.com/pulumi/pulumi-terraform-bridge/v3/dynamic/version.version=v" + BridgePluginVersion
	// Where the terraform-provider plugin keeps what it has downloaded: with the binary there, it downloads nothing.
	opensearch := filepath.Join("tf-plugins", "registry.opentofu.org", "opensearch-project", "opensearch", OpenSearchProviderVersion,
		runtime.GOOS+"_"+runtime.GOARCH, "terraform-provider-opensearch_v"+OpenSearchProviderVersion)
	for _, p := range []struct{ what, out, flags, pkg string }{
		{"the Pulumi CLI", "bin/pulumi", cli, "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"},
		{"the terraform-provider plugin", "plugins/pulumi-resource-terraform-provider", bridge, "github.com/pulumi/pulumi-terraform-bridge/v3/dynamic"},
		{"the OpenSearch provider", opensearch, "-s -w", "github.com/opensearch-project/terraform-provider-opensearch"},
		{"the random plugin", "plugins/pulumi-resource-random", "-s -w", "./random"},
		{"the AWS plugin", "plugins/pulumi-resource-aws", "-s -w", "./aws"},
	} {
		b.progress("compile " + p.what)
		if _, err := b.run(ctx, b.src, "go", "build", "-ldflags", p.flags, "-o", filepath.Join(b.out, p.out), p.pkg); err != nil {
			return fmt.Errorf("compiling %s: %w", p.what, err)
		}
	}
	return nil
}

// install puts the plugins into the engine's own home, where the CLI finds them without a download.
func (b builder) install(ctx context.Context, e Engine) error {
	b.progress("install the plugins")
	for name, version := range map[string]string{"aws": AWSPluginVersion, "random": RandomPluginVersion, "terraform-provider": BridgePluginVersion} {
		file := filepath.Join(b.out, "plugins", "pulumi-resource-"+name)
		cmd := exec.CommandContext(ctx, e.CLI(), "plugin", "install", "resource", name, version, "-f", file)
		cmd.Env = e.Environ()
		if text, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("installing the plugin %s: %w: %s", name, err, text)
		}
	}
	if err := os.RemoveAll(filepath.Join(b.out, "plugins")); err != nil {
		return fmt.Errorf("installing the plugins: %w", err)
	}
	return nil
}

// run runs a command of the Go toolchain; go.sum is the pin, because the checksum database does not know every module.
func (b builder) run(ctx context.Context, dir, name string, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOSUMDB=off", "GOFLAGS=-mod=mod -trimpath -buildvcs=false", "GOWORK=off", "CGO_ENABLED=0")
	text, err := cmd.Output()
	if err != nil {
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			return nil, fmt.Errorf("%s %s: %w: %s", name, strings.Join(args, " "), err, tail(string(exit.Stderr), 20))
		}
		return nil, fmt.Errorf("%s %s: %w", name, strings.Join(args, " "), err)
	}
	return text, nil
}

func tail(text string, lines int) string {
	all := strings.Split(strings.TrimSpace(text), "\n")
	return strings.Join(all[max(0, len(all)-lines):], "\n")
}

// copyWritable copies a module out of the module cache, whose files are read-only.
func copyWritable(from, to string) error {
	if err := os.CopyFS(to, os.DirFS(from)); err != nil {
		return fmt.Errorf("copying %s: %w", from, err)
	}
	err := filepath.WalkDir(to, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		mode := fs.FileMode(0o644)
		if d.IsDir() {
			mode = 0o755
		}
		return os.Chmod(path, mode)
	})
	if err != nil {
		return fmt.Errorf("making %s writable: %w", to, err)
	}
	return nil
}
