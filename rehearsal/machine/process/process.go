// Package process runs the rehearsal's servers and makes sure that none outlives it.
//
// Every child leads its own process group, which ends as a whole: through Stop, with the context that it was started
// with, or through the kernel when the rehearsal itself is killed. Its output goes to a file, and the end of that
// file is part of the error when the child dies early.
package process

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
	"syscall"
	"time"
)

const (
	defaultGrace = 15 * time.Second
	probeEvery   = 200 * time.Millisecond
	tailBytes    = 4 << 10
)

// Command describes a process to start.
type Command struct {
	// Name in messages, such as "opensearch".
	Name string
	// Path of the program and its arguments.
	Path string
	Args []string
	// Env is the whole environment; nil inherits the rehearsal's.
	Env []string
	// Dir is the working folder.
	Dir string
	// Log is the file for its output; required. Output is appended.
	Log string
	// User runs it as another user; nil as the rehearsal's own. See [Unprivileged].
	User *syscall.Credential
	// Ask is the signal that asks it to end. Default SIGTERM.
	Ask syscall.Signal
	// Grace is the time between that signal and SIGKILL. Default 15 s.
	Grace time.Duration
}

// Process is a running child with its descendants.
type Process struct {
	command Command
	cmd     *exec.Cmd
	done    chan struct{}
	err     error // set before done is closed

	stopping sync.Once
	stopped  chan struct{} // closed when Stop or Kill was called
}

// Start runs the command. It is stopped when ctx ends.
func Start(ctx context.Context, c Command) (*Process, error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("starting %s: %w", c.Name, err)
	}
	log, err := os.OpenFile(c.Log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return nil, fmt.Errorf("opening the log of %s: %w", c.Name, err)
	}
	defer log.Close()
	if c.Grace == 0 {
		c.Grace = defaultGrace
	}
	cmd := exec.Command(c.Path, c.Args...)
	cmd.Env, cmd.Dir, cmd.Stdout, cmd.Stderr = c.Env, c.Dir, log, log
	cmd.SysProcAttr = attributes(c.User)

	p := &Process{command: c, cmd: cmd, done: make(chan struct{}), stopped: make(chan struct{})}
	started := make(chan error)
	go p.run(started)
	if err := <-started; err != nil {
		return nil, fmt.Errorf("starting %s: %w", c.Name, err)
	}
	stopWithContext := context.AfterFunc(ctx, p.Stop)
	go func() {
		<-p.done
		stopWithContext()
	}()
	return p, nil
}

// run starts the child and waits for it on one thread, because the kernel ties the child's life to the thread that
// made it.
func (p *Process) run(started chan<- error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	err := p.cmd.Start()
	started <- err
	if err != nil {
		return
	}
	err = p.cmd.Wait()
	// End the rest of the child's group as well.
	p.signal(syscall.SIGKILL)
	select {
	case <-p.stopped:
	default:
		p.err = p.died(err)
	}
	close(p.done)
}

// Stop ends the process and its descendants, and returns when the process is gone. It may be called again.
func (p *Process) Stop() {
	p.end(func() {
		p.signal(cmp.Or(p.command.Ask, syscall.SIGTERM))
		select {
		case <-p.done:
		case <-time.After(p.command.Grace):
			p.signal(syscall.SIGKILL)
		}
	})
}

// Kill is Stop without the signal, like a power failure.
func (p *Process) Kill() {
	p.end(func() { p.signal(syscall.SIGKILL) })
}

func (p *Process) end(how func()) {
	p.stopping.Do(func() {
		close(p.stopped)
		select {
		case <-p.done: // by now its process id may belong to another process
		default:
			how()
		}
	})
	<-p.done
}

// Done is closed when the process has ended.
func (p *Process) Done() <-chan struct{} { return p.done }

// Err is the reason why the process ended by itself, with the end of its log; nil while it runs, and after Stop or
// Kill.
func (p *Process) Err() error {
	select {
	case <-p.done:
		return p.err
	default:
		return nil
	}
}

// ExitCode of the ended process; -1 while it runs, and when a signal ended it.
func (p *Process) ExitCode() int {
	select {
	case <-p.done:
		return p.cmd.ProcessState.ExitCode()
	default:
		return -1
	}
}

// PID of the process, which is also the id of its group.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// WaitReady repeats probe until it succeeds. It fails at once when the process ends, and with the probe's last error
// after the timeout.
func (p *Process) WaitReady(ctx context.Context, timeout time.Duration, probe func(ctx context.Context) error) error {
	outer := ctx
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	for {
		err := probe(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-p.done:
			return errors.Join(fmt.Errorf("%s was not ready yet when it ended", p.command.Name), context.Cause(outer), p.err)
		case <-ctx.Done():
			if outer.Err() != nil {
				return fmt.Errorf("waiting for %s to be ready: %w", p.command.Name, context.Cause(outer))
			}
			return fmt.Errorf("waiting %s for %s to be ready: %w\n%s", timeout, p.command.Name, err, Tail(p.command.Log))
		case <-time.After(probeEvery):
		}
	}
}

func (p *Process) died(err error) error {
	reason := "with status 0"
	if err != nil {
		reason = err.Error()
	}
	return fmt.Errorf("%s ended by itself (%s); the end of %s:\n%s", p.command.Name, reason, p.command.Log, Tail(p.command.Log))
}

func (p *Process) signal(s syscall.Signal) {
	// The group may already be gone, which is fine.
	_ = syscall.Kill(-p.cmd.Process.Pid, s)
}

// Tail is the end of a log file, for messages; empty when there is none.
func Tail(path string) string {
	content, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	return string(content[max(0, len(content)-tailBytes):])
}

// Unprivileged is the user for servers that refuse to run as root: nobody when the rehearsal runs as root, otherwise
// nil (its own user).
func Unprivileged() *syscall.Credential {
	if os.Geteuid() != 0 {
		return nil
	}
	return &syscall.Credential{Uid: 65534, Gid: 65534}
}

// Own gives a folder with its content to a server's user; nil changes nothing.
func Own(dir string, user *syscall.Credential) error {
	if user == nil {
		return nil
	}
	err := filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if err := os.Lchown(path, int(user.Uid), int(user.Gid)); err != nil {
			return fmt.Errorf("giving away %s: %w", path, err)
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("handing %s to the server's user: %w", dir, err)
	}
	return nil
}
