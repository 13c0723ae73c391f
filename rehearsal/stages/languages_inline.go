package stages

import (
	"bytes"
	"cdcpipeline/rehearsal/engine/stack"
	"cdcpipeline/rehearsal/machine/artifact"
	"cdcpipeline/rehearsal/report"
	"cdcpipeline/rehearsal/world/inventory"
	"context"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// drivers has programs that run an example by the Automation API of its own language. They need no language host.
//
//go:embed inline
var drivers embed.FS

// PipelineInTypeScript deploys the example of the whole pipeline. It compiles the example with the strictest
// checks first.
func PipelineInTypeScript(ctx context.Context, r *Run) error {
	packages, err := r.World.Site.PulumiNode(ctx)
	if err != nil {
		return err //nolint:wrapcheck // says what could not be installed
	}
	dir := filepath.Join(r.World.Site.Dir, "typescript")
	if err := artifact.Clone(packages, dir); err != nil {
		return fmt.Errorf("copying the packages of Node: %w", err)
	}
	d := driver{language: "typescript", dir: dir, example: "typescript-pipeline", project: "pipeline", exceptions: r.Pack.Config, command: []string{"node", "out/drive.js"}}
	if err := d.write(r.Project, "sdks/nodejs", "drive.ts", "tsconfig.json"); err != nil {
		return err
	}
	if err := d.compile(ctx); err != nil {
		return err
	}
	besides, err := r.besidesOfThePipeline(ctx)
	if err != nil {
		return err
	}
	defer r.unseeded()()
	return r.drive(ctx, d, map[string]any{"cdcpipeline:pipeline:Pipeline": besides})
}

// compile installs the SDK by its own script, like npm, and compiles the program with it.
func (d driver) compile(ctx context.Context) error {
	sdk := driver{dir: filepath.Join(d.dir, "sdks/nodejs"), env: []string{"PATH=" + d.dir + string(os.PathListSeparator) + os.Getenv("PATH")}}
	for to, link := range map[string]string{
		filepath.Join(d.dir, "node_modules/typescript/bin/tsc"): filepath.Join(d.dir, "tsc"),
		sdk.dir: filepath.Join(d.dir, "node_modules/@pulumi/cdcpipeline"),
	} {
		if err := os.Symlink(to, link); err != nil {
			return fmt.Errorf("installing the SDK: %w", err)
		}
	}
	if err := sdk.run(ctx, nil, "node", "scripts/postinstall.js"); err != nil {
		return err
	}
	return d.run(ctx, nil, filepath.Join(d.dir, "tsc"), "--project", ".")
}

// SearchInPython deploys the example that has only the search.
func SearchInPython(ctx context.Context, r *Run) error {
	python, err := r.World.Site.PulumiPython(ctx)
	if err != nil {
		return err //nolint:wrapcheck // says what could not be installed
	}
	dir := filepath.Join(r.World.Site.Dir, "python")
	d := driver{language: "python", dir: dir, example: "python-search", project: "search", command: []string{python, "drive.py"}}
	d.exceptions = filepath.Join(r.Project, "examples", d.example, "policy.json")
	if err := d.write(r.Project, "sdks/python", "drive.py"); err != nil {
		return err
	}
	if err := d.run(ctx, nil, python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-index", "--no-deps", "--no-build-isolation", "--target", "packages", "./sdks/python"); err != nil {
		return err
	}
	d.env = []string{"PYTHONPATH=" + filepath.Join(dir, "packages"), "PYTHONDONTWRITEBYTECODE=1"}
	return r.drive(ctx, d, nil)
}

// driver runs an example in a new folder.
type driver struct {
	language, dir, example string
	// project is the project's name in the example's Pulumi.yaml. exceptions is the file with its policy
	// exceptions.
	project, exceptions string
	command, env        []string
}

// write copies the example, the SDK and the driver's files.
func (d driver) write(project, sdk string, files ...string) error {
	for from, to := range map[string]string{sdk: sdk, filepath.Join("examples", d.example): "program"} {
		if err := os.CopyFS(filepath.Join(d.dir, to), os.DirFS(filepath.Join(project, from))); err != nil {
			return fmt.Errorf("copying %s: %w", from, err)
		}
	}
	for _, name := range files {
		text, err := drivers.ReadFile("inline/" + name)
		if err != nil {
			return fmt.Errorf("reading the driver: %w", err)
		}
		if err := os.WriteFile(filepath.Join(d.dir, name), text, 0o600); err != nil {
			return fmt.Errorf("writing the driver: %w", err)
		}
	}
	return nil
}

// run runs a command in the driver's folder. All output except the result goes to the logs.
func (d driver) run(ctx context.Context, result io.Writer, command ...string) (err error) {
	log, err := os.OpenFile(filepath.Join(d.dir, "drive.log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("opening the driver's log: %w", err)
	}
	defer func() { err = errors.Join(err, log.Close()) }()
	var said bytes.Buffer
	both := io.MultiWriter(log, &said)
	cmd := exec.CommandContext(ctx, command[0], command[1:]...)
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = d.dir, append(os.Environ(), d.env...), both, both
	if result != nil {
		cmd.Stdout = result
	}
	if err := cmd.Run(); err != nil {
		lines := strings.Split(strings.TrimSpace(said.String()), "\n")
		return fmt.Errorf("%s: %w: %s", strings.Join(command[:2], " "), err, strings.Join(lines[max(0, len(lines)-30):], "\n"))
	}
	return nil
}

// drive deploys the example twice, destroys it, and reports the results. It adds inputs to resources by their
// types.
func (r *Run) drive(ctx context.Context, d driver, besides map[string]any) error {
	before, err := inventory.List(ctx, r.World.Account.Config())
	if err != nil {
		return fmt.Errorf("listing the account: %w", err)
	}
	folder := filepath.Join(d.dir, "program")
	s, err := makeStack(ctx, r, stack.Options{Name: "languages", Project: folder, Dir: folder, Host: map[string]string{}}, nil)
	if err != nil {
		return err
	}
	command := slices.Concat(d.command, []string{d.project, "languages", folder, r.Pack.Path, d.exceptions})
	if besides != nil {
		inputs, err := json.Marshal(besides)
		if err != nil {
			return fmt.Errorf("writing the inputs: %w", err)
		}
		command = append(command, string(inputs))
	}
	d.env = append(append(d.env, s.Environ()...), "PATH="+filepath.Dir(r.Engine.CLI())+string(os.PathListSeparator)+os.Getenv("PATH"))
	var result bytes.Buffer
	if err := d.run(ctx, &result, command...); err != nil {
		return err
	}
	var found report.Language
	defer func() { r.reportLanguage(d.language, found) }()
	if err := json.Unmarshal(result.Bytes(), &found); err != nil {
		return fmt.Errorf("reading what the driver prints: %w", err)
	}
	found.Left, _, err = r.leftSince(ctx, before)
	return err
}
