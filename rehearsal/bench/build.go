package bench

import (
	"context"
	"debug/buildinfo"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// Before is the earlier commit. Processor time, parsing and the program are compared with it.
const Before = "cd1bdd0"

// programs has the contenders' programs, compiled alike, and the source tree of the earlier commit.
type programs struct{ now, before, tree string }

// compile compiles the contenders of this tree and of the earlier commit. It unpacks the earlier tree below dir
// and adds missing main programs.
func compile(ctx context.Context, project, dir string) (programs, error) {
	p := programs{now: filepath.Join(dir, "now"), before: filepath.Join(dir, "before"), tree: filepath.Join(dir, Before)}
	if err := os.RemoveAll(p.tree); err != nil {
		return p, fmt.Errorf("removing a former tree: %w", err)
	}
	here := filepath.Join(project, "rehearsal", "bench")
	for _, folder := range []string{"drive", "contender"} {
		if err := os.MkdirAll(filepath.Join(p.tree, folder), 0o750); err != nil {
			return p, fmt.Errorf("making the tree of %s: %w", Before, err)
		}
	}
	archive := filepath.Join(dir, Before+".tar")
	for _, command := range [][]string{
		{"git", "-C", project, "archive", "--output", archive, Before},
		{"tar", "-x", "-f", archive, "-C", p.tree},
	} {
		if said, err := exec.CommandContext(ctx, command[0], command[1:]...).CombinedOutput(); err != nil { //nolint:gosec // named above
			return p, fmt.Errorf("unpacking the commit %s, which a clone of the whole history has: %s: %w: %s", Before, strings.Join(command, " "), err, said)
		}
	}
	for from, to := range map[string]string{
		"drive/drive.go": "drive/drive.go", "drive/parts.go": "drive/parts.go", "before/main.go.txt": "contender/main.go", "before/program_test.go.txt": "components/pipeline/program_bench_test.go",
	} {
		text, err := os.ReadFile(filepath.Join(here, from))
		if err != nil {
			return p, fmt.Errorf("reading what the commit %s lacks: %w", Before, err)
		}
		if err := os.WriteFile(filepath.Join(p.tree, to), text, 0o600); err != nil {
			return p, fmt.Errorf("adding what the commit %s lacks: %w", Before, err)
		}
	}
	if err := run(ctx, filepath.Join(project, "rehearsal"), "go", "build", "-trimpath", "-o", p.now, "./bench/contender"); err != nil {
		return p, err
	}
	return p, run(ctx, p.tree, "go", "build", "-trimpath", "-o", p.before, "./contender")
}

// compile compiles the contenders and records the version of their client.
func (b *bench) compile(ctx context.Context, project string) (err error) {
	if b.programs, err = compile(ctx, project, b.dir); err != nil {
		return err
	}
	about, err := buildinfo.ReadFile(b.programs.now)
	if err != nil {
		return fmt.Errorf("reading what a contender is made of: %w", err)
	}
	for _, m := range about.Deps {
		if strings.HasPrefix(m.Path, "github.com/opensearch-project/opensearch-go/") {
			b.report.Versions["opensearch-go"] = strings.TrimPrefix(m.Version, "v")
		}
	}
	return nil
}

// run runs a Go command with settings that do not depend on the machine.
func run(ctx context.Context, dir, name string, args ...string) error {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), "GOFLAGS=", "CGO_ENABLED=0")
	if said, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s %s in %s: %w: %s", name, strings.Join(args, " "), dir, err, said)
	}
	return nil
}
