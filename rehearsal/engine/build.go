// Package engine builds the real Pulumi engine from Go modules: the CLI and the plugins that the pipeline uses.
//
// It copies the sources, cuts the Terraform AWS provider down to the resources that the pipeline uses, adapts the
// bridge to the engine's version and compiles five programs. The cache keeps the result under the hash of all inputs.
package engine

import (
	"bufio"
	"cdcpipeline/rehearsal/engine/quick"
	"cdcpipeline/rehearsal/machine/artifact"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"
)

// Versions of the built programs. The plugins have the versions of the SDKs that call them.
const (
	CLIVersion                = "3.276.0"
	AWSPluginVersion          = "6.83.4" // wraps the Terraform provider 5.82.2
	RandomPluginVersion       = "4.21.0"
	BridgePluginVersion       = "1.1.3"
	OpenSearchProviderVersion = "2.3.2"
)

// Engine is a built engine.
type Engine struct {
	// Dir contains the CLI and the plugins' binaries.
	Dir string
	// Home is a PULUMI_HOME in which the plugins are installed.
	Home string
	// Cached means that nothing had to be compiled.
	Cached bool
	// Installed means that the engine was not compiled here: it is the CLI at Path, with its own PULUMI_HOME.
	Installed bool
	Path      string
	// Version of the CLI.
	Version string
}

// CLI is the path of the pulumi command.
func (e Engine) CLI() string { return filepath.Join(e.Dir, "bin", "pulumi") }

// Env is the environment in which the CLI finds its plugins and checks for no updates. An installed engine may
// download missing plugins.
func (e Engine) Env() map[string]string {
	if e.Installed {
		return map[string]string{"PULUMI_SKIP_UPDATE_CHECK": "true", "PULUMI_AUTOMATION_API_SKIP_VERSION_CHECK": "true"}
	}
	return map[string]string{
		"PULUMI_HOME":                                 e.Home,
		"PULUMI_DYNAMIC_TF_PLUGIN_CACHE_DIR":          filepath.Join(e.Dir, "tf-plugins"),
		"PULUMI_SKIP_UPDATE_CHECK":                    "true",
		"PULUMI_AUTOMATION_API_SKIP_VERSION_CHECK":    "true",
		"PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
	}
}

// Environ is this process's environment with Env added, for commands that call the CLI.
func (e Engine) Environ() []string {
	environ := os.Environ()
	for name, value := range e.Env() {
		environ = append(environ, name+"="+value)
	}
	return environ
}

// Alias also offers an installed plugin under another version, which a program of another release requests.
func (e Engine) Alias(plugin, version string) error {
	if e.Installed {
		return nil // it downloads what is requested
	}
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

// Progress is called with the name of each step when it begins.
type Progress func(step string)

// Build compiles the engine from the sources in source, or takes it from the cache folder. It waits while another
// process compiles there. An interrupted build leaves nothing that looks finished.
func Build(ctx context.Context, source, cache string, progress Progress) (e Engine, err error) {
	shared, err := artifact.NewCache(cache)
	if err != nil {
		return e, fmt.Errorf("opening the cache: %w", err)
	}
	err = shared.Locked(ctx, "engine", func() error {
		e, err = build(ctx, source, cache, progress)
		return err
	})
	return e, err
}

func build(ctx context.Context, source, cache string, progress Progress) (Engine, error) {
	key, err := fingerprint(source)
	if err != nil {
		return Engine{}, err
	}
	dir := filepath.Join(cache, "engine", key)
	e := Engine{Dir: dir, Home: filepath.Join(dir, "home"), Version: CLIVersion}
	if _, err := os.Stat(filepath.Join(dir, "complete")); err == nil {
		e.Cached = true
		return e, nil
	}
	b := &builder{src: filepath.Join(cache, "engine", "src"), out: dir, progress: progress}
	if err := os.RemoveAll(dir); err != nil {
		return Engine{}, fmt.Errorf("clearing an unfinished engine: %w", err)
	}
	for _, step := range []func(context.Context) error{
		func(context.Context) error { return b.copySources(source) },
		b.fetchModules, b.narrow, b.compile,
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

// fingerprint is the hash of the engine's sources with its pins, the toolchain and this package's constants.
func fingerprint(source string) (string, error) {
	h := sha256.New()
	fmt.Fprintln(h, runtime.Version(), runtime.GOOS, runtime.GOARCH, CLIVersion, AWSPluginVersion, RandomPluginVersion, BridgePluginVersion, OpenSearchProviderVersion)
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
	packages int // packages in the programs, known after listing them
}

// programs are the five programs, each with its path in the engine's folder. One command compiles all, so that no
// core waits for another program's last package.
func programs() map[string]string {
	return map[string]string{
		"github.com/pulumi/pulumi/pkg/v3/cmd/pulumi":                  "bin/pulumi",
		"github.com/pulumi/pulumi-terraform-bridge/v3/dynamic":        "plugins/pulumi-resource-terraform-provider",
		"github.com/opensearch-project/terraform-provider-opensearch": openSearchProvider(),
		"./random": "plugins/pulumi-resource-random",
		"./aws":    "plugins/pulumi-resource-aws",
	}
}

// openSearchProvider is where the terraform-provider plugin stores downloads. With the binary there it downloads
// nothing.
func openSearchProvider() string {
	return filepath.Join("tf-plugins", "registry.opentofu.org", "opensearch-project", "opensearch", OpenSearchProviderVersion,
		runtime.GOOS+"_"+runtime.GOARCH, "terraform-provider-opensearch_v"+OpenSearchProviderVersion)
}

// linked are the versions that the programs report. Symbols and debug information are omitted.
const linked = "-s -w -X github.com/pulumi/pulumi/pkg/v3/version.Version=v" + CLIVersion +
	" -X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=" + CLIVersion +
	" -X github.com/pulumi/pulumi-terraform-bridge/v3/dynamic/version.version=v" + BridgePluginVersion

func (b *builder) compile(ctx context.Context) error {
	scratch, err := os.MkdirTemp(b.src, "bin-")
	if err != nil {
		return fmt.Errorf("making a folder to compile into: %w", err)
	}
	args := []string{"build", "-ldflags", linked, "-o", scratch + string(filepath.Separator)}
	args = append(args, slices.Sorted(maps.Keys(programs()))...)
	if err := b.build(ctx, args); err != nil {
		return fmt.Errorf("compiling the engine: %w", err)
	}
	for pkg, to := range programs() {
		to = filepath.Join(b.out, to)
		if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
			return fmt.Errorf("keeping the engine: %w", err)
		}
		if err := os.Rename(filepath.Join(scratch, path.Base(pkg)), to); err != nil {
			return fmt.Errorf("keeping the engine: %w", err)
		}
	}
	return nil
}

// build runs go build, which names each finished package, and reports the progress now and then.
func (b *builder) build(ctx context.Context, args []string) error {
	cmd := b.command(ctx, b.src, "go", slices.Insert(args, 1, "-v")...)
	said, err := cmd.StderrPipe()
	if err != nil {
		return fmt.Errorf("listening to the compiler: %w", err)
	}
	const what = "compile the Pulumi CLI, the plugins and the OpenSearch provider"
	b.progress(what)
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("starting the compiler: %w", err)
	}
	var last []string
	finished, told := 0, time.Now()
	for lines := bufio.NewScanner(said); lines.Scan(); {
		if last = append(last, lines.Text()); len(last) > 20 {
			last = last[1:]
		}
		finished++
		if time.Since(told) > tellEvery {
			told = time.Now()
			b.progress(fmt.Sprintf("%s: %d of about %d packages", what, finished, b.packages))
		}
	}
	if err := cmd.Wait(); err != nil {
		return fmt.Errorf("%w: %s", err, strings.Join(last, "\n"))
	}
	return nil
}

// tellEvery is the interval of progress reports.
const tellEvery = 5 * time.Second

// install puts the plugins into the engine's own home, where the CLI finds them without a download.
func (b *builder) install(ctx context.Context, e Engine) error {
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

// command is a command of the Go toolchain. go.sum is the pin, because the checksum database does not know every
// module.
func (b *builder) command(ctx context.Context, dir, name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOSUMDB=off", "GOWORK=off")
	cmd.Env = append(cmd.Env, quick.Environ("-mod=mod", "-buildvcs=false")...)
	return cmd
}

// run runs a command and returns its output.
func (b *builder) run(ctx context.Context, dir, name string, args ...string) ([]byte, error) {
	text, err := b.command(ctx, dir, name, args...).Output()
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
