package main

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

func (r *rehearsal) compileTool(ctx context.Context) error {
	r.log.Detail("compile cdc")
	cmd := exec.CommandContext(ctx, "go", "build", "-o", r.cdc, "./cmd/cdc")
	if text, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("compiling cdc: %w: %s", err, text)
	}
	return nil
}

// seed writes the rows that are there before the task starts, as soon as the bootstrap has made the tables.
func (r *rehearsal) seed(ctx context.Context, function string) {
	if _, err := os.Stat(r.journal("loaded")); err == nil || !strings.Contains(function, "bootstrap") || r.world.MasterSecretArn == "" {
		return // they are there, or the database is somebody else's
	}
	db := r.world.Database
	r.seedErr = r.generate(ctx, "loaded", loaded, "100/0/0", 1, tables,
		"--host", db.Host, "--port", strconv.Itoa(db.Port), "--secret-arn", r.world.MasterSecretArn)
}

// rows makes changes while the pipeline runs, finding the database by the stack's outputs as a user would.
func (r *rehearsal) rows(ctx context.Context) error {
	if err := r.generate(ctx, "changes", r.count, "70/20/10", 2, tables, "--stack", "rehearsal", "--dir", r.stack.Dir()); err != nil {
		return err
	}
	return r.world.Healthy()
}

func (r *rehearsal) journal(name string) string {
	return filepath.Join(r.world.Site.Dir, name+".jsonl")
}

// generate writes rows and journals them.
func (r *rehearsal) generate(ctx context.Context, journal string, count int, mix string, seed int, tables []string, more ...string) error {
	args := []string{
		"generate", "--count", strconv.Itoa(count), "--mix", mix, "--seed", strconv.Itoa(seed),
		"--ca", r.world.Site.Authority.File(), "--journal", r.journal(journal),
	}
	for _, table := range tables {
		args = append(args, "--table", table)
	}
	cmd := exec.CommandContext(ctx, r.cdc, append(args, more...)...)
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGINT) }
	cmd.WaitDelay = 10 * time.Second
	cmd.Env = r.toolEnvironment()
	pipe, err := cmd.StderrPipe()
	if err != nil {
		return fmt.Errorf("starting cdc generate: %w", err)
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("starting cdc generate: %w", err)
	}
	var last []string
	for lines := bufio.NewScanner(pipe); lines.Scan(); {
		r.log.Detail("%s", lines.Text())
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
func (r *rehearsal) toolEnvironment() []string {
	return append(r.engine.Environ(),
		"PULUMI_BACKEND_URL=file://"+filepath.Join(r.world.Site.Dir, "pulumi", "state"), "PULUMI_CONFIG_PASSPHRASE=rehearsal",
		controlplane.AppID+"="+controlplane.ToolApp,
		"PATH="+filepath.Dir(r.engine.CLI())+string(os.PathListSeparator)+os.Getenv("PATH"))
}
