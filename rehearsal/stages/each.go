package stages

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Each runs the parts one after the other, each in its own process, because a process cannot change its trusted
// certificates and its account once they are read. A failed part does not stop the others.
func Each(ctx context.Context, parts []Part, o Options) error {
	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("finding this command: %w", err)
	}
	var run, failed []string
	for _, p := range parts {
		if len(o.Only) > 0 && len(p.Only(o.Only).Stages) == 0 {
			continue
		}
		run = append(run, p.Name)
		cmd := exec.CommandContext(ctx, self, arguments(p, o)...)
		cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
		cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
		cmd.WaitDelay = 2 * time.Minute // the part ends what it has started
		err := cmd.Run()
		if ctx.Err() != nil {
			return ctx.Err() //nolint:wrapcheck // interrupted
		}
		if err != nil {
			failed = append(failed, p.Name)
		}
	}
	switch {
	case len(run) == 0:
		return fmt.Errorf("no part has a stage whose name contains %s", strings.Join(o.Only, " or "))
	case len(failed) > 0:
		return fmt.Errorf("of the parts %s these failed: %s", strings.Join(run, ", "), strings.Join(failed, ", "))
	}
	fmt.Println("REHEARSAL OK: all of", strings.Join(run, ", "))
	return nil
}

// arguments are this command's arguments for one part.
func arguments(p Part, o Options) []string {
	args := []string{"full", p.Name, "--count", strconv.Itoa(o.Count)}
	if len(o.Only) > 0 {
		args = append(args, "--only", strings.Join(o.Only, ","))
	}
	return args
}
