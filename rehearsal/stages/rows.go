package stages

import (
	"bufio"
	"cdcpipeline/rehearsal/standins/controlplane"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// tables are those of the rehearsal's stack file.
var tables = []string{"testdb.retail_trans", "shop.ledger"}

func compileTool(ctx context.Context, r *Run) error {
	r.Log.Detail("compile cdc")
	cmd := exec.CommandContext(ctx, "go", "build", "-o", r.Tool.Binary, "./cmd/cdc")
	if text, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("compiling cdc: %w: %s", err, text)
	}
	return nil
}

// seed writes the rows that are there before the task starts, as soon as the bootstrap has made the tables.
func seed(ctx context.Context, r *Run, function string) {
	if _, err := os.Stat(r.Tool.Journal("loaded")); err == nil || !strings.Contains(function, "bootstrap") || r.World.MasterSecretArn == "" {
		return // they are there, or the database is somebody else's
	}
	db := r.World.Database
	r.seedErr = generate(ctx, r, "loaded", loaded, "100/0/0", 1, tables,
		"--host", db.Host, "--port", strconv.Itoa(db.Port), "--secret-arn", r.World.MasterSecretArn)
}

// rows makes changes while the pipeline runs, finding the database by the stack's outputs as a user would.
func Rows(ctx context.Context, r *Run) error {
	if err := generate(ctx, r, "changes", r.Count, "70/20/10", 2, tables, "--stack", "rehearsal", "--dir", r.Stack.Dir()); err != nil {
		return err
	}
	return r.World.Healthy()
}

func journal(r *Run, name string) string {
	return filepath.Join(r.World.Site.Dir, name+".jsonl")
}

// generate writes rows and journals them.
func generate(ctx context.Context, r *Run, journal string, count int, mix string, seed int, tables []string, more ...string) error {
	args := []string{
		"generate", "--count", strconv.Itoa(count), "--mix", mix, "--seed", strconv.Itoa(seed),
		"--ca", r.World.Site.Authority.File(), "--journal", r.Tool.Journal(journal),
	}
	for _, table := range tables {
		args = append(args, "--table", table)
	}
	cmd := exec.CommandContext(ctx, r.Tool.Binary, append(args, more...)...)
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGINT) }
	cmd.WaitDelay = 10 * time.Second
	cmd.Env = toolEnvironment(r)
	pipe, err := cmd.StderrPipe()
	if err != nil {
		return fmt.Errorf("starting cdc generate: %w", err)
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("starting cdc generate: %w", err)
	}
	var last []string
	for lines := bufio.NewScanner(pipe); lines.Scan(); {
		r.Log.Detail("%s", lines.Text())
		if last = append(last, lines.Text()); len(last) > 20 {
			last = last[1:]
		}
	}
	if err := cmd.Wait(); err != nil {
		return errors.Join(fmt.Errorf("cdc generate: %w", err), errors.New(strings.Join(last, "\n")))
	}
	return nil
}

// toolEnvironment is that of somebody who has logged in to the account and to the stack's backend.
func toolEnvironment(r *Run) []string {
	return append(r.Engine.Environ(),
		"PULUMI_BACKEND_URL=file://"+filepath.Join(r.World.Site.Dir, "pulumi", "state"), "PULUMI_CONFIG_PASSPHRASE=rehearsal",
		controlplane.AppID+"="+controlplane.ToolApp,
		"PATH="+filepath.Dir(r.Engine.CLI())+string(os.PathListSeparator)+os.Getenv("PATH"))
}
