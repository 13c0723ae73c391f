package bench

import (
	"bufio"
	"bytes"
	"cdcpipeline/rehearsal/bench/drive"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strings"
)

// running is a contender that is ready to start.
type running struct {
	cmd  *exec.Cmd
	in   io.WriteCloser
	out  *bufio.Reader
	said bytes.Buffer
}

// start starts a contender's process and waits until it is ready.
func start(ctx context.Context, program string, t drive.Task) (*running, error) {
	told, err := json.Marshal(t)
	if err != nil {
		return nil, fmt.Errorf("writing the task of a contender: %w", err)
	}
	r := &running{cmd: exec.CommandContext(ctx, program)} //nolint:gosec // compiled here
	r.cmd.Stderr = &r.said
	out, err := r.cmd.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("starting a contender: %w", err)
	}
	if r.in, err = r.cmd.StdinPipe(); err != nil {
		return nil, fmt.Errorf("starting a contender: %w", err)
	}
	if err := r.cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting a contender: %w", err)
	}
	r.out = bufio.NewReader(out)
	if err := r.tell(string(told)); err != nil {
		return nil, err
	}
	line, err := r.out.ReadString('\n')
	if err == nil && strings.TrimSpace(line) != drive.Ready {
		err = fmt.Errorf("it says %q", line)
	}
	if err != nil {
		return nil, r.failed(err)
	}
	return r, nil
}

// tell sends it a line.
func (r *running) tell(line string) error {
	if _, err := io.WriteString(r.in, line+"\n"); err != nil {
		return r.failed(err)
	}
	return nil
}

// race starts its clock and waits for its figures.
func (r *running) race() (f drive.Figures, err error) {
	if err := r.tell(""); err != nil {
		return f, err
	}
	line, err := r.out.ReadBytes('\n')
	if err != nil {
		return f, r.failed(err)
	}
	if err := json.Unmarshal(line, &f); err != nil {
		return f, r.failed(err)
	}
	return f, nil
}

// end ends the process. Until then the process waits, so that its processor time can still be read.
func (r *running) end() error {
	if err := errors.Join(r.in.Close(), r.cmd.Wait()); err != nil {
		return fmt.Errorf("ending a contender: %w: %s", err, &r.said)
	}
	return nil
}

func (r *running) failed(err error) error {
	_ = r.in.Close()
	ended := r.cmd.Wait()
	return fmt.Errorf("a contender failed: %w: %s", errors.Join(err, ended), &r.said)
}
