// Package tool runs cdc, the operator's tool, like a user who is logged in to the account and to the stack's backend.
// It stores the tool's output for the documentation.
package tool

import (
	"bytes"
	"cdcpipeline/rehearsal/engine/quick"
	"cdcpipeline/rehearsal/report/progress"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"time"
)

// Tool is a compiled cdc with its environment.
type Tool struct {
	// Binary is the compiled tool.
	Binary string
	// Stacks is the stacks' working folder.
	Stacks string
	// Env is the tool's environment.
	Env []string
	// Source is the source that the tool works on; empty for the unnamed one.
	Source string
	// CA is the file with the certificate authority of the servers.
	CA string
	// Journals is the folder for the tool's journals of written rows, Sessions the one for its output.
	Journals, Sessions string
	Log                *progress.Log
}

// ofStack is the default stack of the tool.
const ofStack = "rehearsal"

// Compile builds the tool from the project's root.
func Compile(ctx context.Context, binary string) error {
	build := exec.CommandContext(ctx, "go", "build", "-o", binary, "./cmd/cdc")
	build.Env = append(os.Environ(), quick.Environ()...)
	if text, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("compiling cdc: %w: %s", err, text)
	}
	return nil
}

// Run runs a command, stores its output, and returns its standard output. It fails when the exit code is not the
// expected one.
func (t *Tool) Run(ctx context.Context, session string, exit int, args ...string) (string, error) {
	cmd := t.command(ctx, args...)
	shown, stdout := &transcript{}, &bytes.Buffer{}
	cmd.Stdout, cmd.Stderr = io.MultiWriter(shown, stdout), shown
	err := cmd.Run()
	if keepErr := t.keep(session, args, shown.String()); keepErr != nil {
		return "", keepErr
	}
	if code := cmd.ProcessState.ExitCode(); code != exit {
		return stdout.String(), errors.Join(fmt.Errorf("cdc %s ended with %d, not %d: %s", strings.Join(args, " "), code, exit, lastLines(shown.String(), 5)), err)
	}
	return stdout.String(), nil
}

// Watch runs a continuous command, and interrupts it once ready accepts its output.
func (t *Tool) Watch(ctx context.Context, session string, ready func(output string) (bool, error), args ...string) error {
	cmd := t.command(ctx, args...)
	shown := &transcript{}
	cmd.Stdout, cmd.Stderr = shown, shown
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("starting cdc %s: %w", args[0], err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	var seen error
	for began := time.Now(); ; {
		done, err := ready(shown.String())
		if done || err != nil {
			seen = err
			break
		}
		if time.Since(began) > time.Minute {
			seen = fmt.Errorf("cdc %s did not print in a minute what was waited for: %s", args[0], lastLines(shown.String(), 5))
			break
		}
		select {
		case err := <-ended:
			return errors.Join(fmt.Errorf("cdc %s ended by itself: %s", strings.Join(args, " "), lastLines(shown.String(), 5)), err)
		case <-time.After(200 * time.Millisecond):
		}
	}
	_ = cmd.Process.Signal(syscall.SIGINT)
	select {
	case err := <-ended: // the exit code does not matter, because it was interrupted
		t.Log.Detail("cdc %s ended: %v", args[0], err)
	case <-time.After(15 * time.Second):
		_ = cmd.Process.Kill()
		seen = errors.Join(seen, fmt.Errorf("cdc %s did not end on Ctrl-C", args[0]))
	}
	if err := t.keep(session, args, shown.String()+"^C\n"); err != nil {
		return err
	}
	return seen
}

// command is one command of the tool on the rehearsal's stack.
func (t *Tool) command(ctx context.Context, args ...string) *exec.Cmd {
	return t.process(ctx, append(append([]string{"--stack", ofStack, "--dir", t.Stacks}, args...), t.ofSource()...)...)
}

// ofSource are the flags that select the source.
func (t *Tool) ofSource() []string {
	if t.Source == "" {
		return nil
	}
	return []string{"--source", t.Source}
}

// process is the tool with arguments; it is interrupted when the context ends.
func (t *Tool) process(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, t.Binary, args...)
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGINT) }
	cmd.WaitDelay = 10 * time.Second
	cmd.Env = t.Env
	return cmd
}

var directory = regexp.MustCompile(`/\S*/cdc-rehearsal-\d+`)

// keep stores a terminal session.
func (t *Tool) keep(session string, args []string, output string) error {
	file := t.Session(session)
	if err := os.MkdirAll(filepath.Dir(file), 0o750); err != nil {
		return fmt.Errorf("keeping the session: %w", err)
	}
	text := "$ cdc " + strings.Join(args, " ") + "\n" + directory.ReplaceAllString(output, "/tmp/rehearsal")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		return fmt.Errorf("keeping the session: %w", err)
	}
	return nil
}

// Session is the file of a terminal session.
func (t *Tool) Session(name string) string { return filepath.Join(t.Sessions, name+".txt") }

// Journal is the file of a journal.
func (t *Tool) Journal(name string) string { return filepath.Join(t.Journals, name+".jsonl") }

func lastLines(text string, n int) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}
