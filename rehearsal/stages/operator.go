package stages

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"time"
)

// followOne has the operator's tool follow a row of its own through every hop. The row is kept: its deletion would fill
// another buffer of the lake, and the comparison wait for it.
func followOne(ctx context.Context, r *Run) error {
	r.Log.Detail("cdc verify follows a row of its own")
	text, err := r.Tool.Run(ctx, "verify-json", 0, "verify", "--keep", "--ca", r.World.Site.Authority.File(), "--output", "json", "--journal", r.Tool.Journal("marker"))
	if err != nil {
		return err
	}
	var path struct {
		Sightings []struct {
			Hop         string `json:"hop"`
			SinceCommit int64  `json:"sinceCommitMs"`
		} `json:"sightings"`
	}
	if err := json.Unmarshal([]byte(text), &path); err != nil {
		return fmt.Errorf("reading what cdc verify says: %w", err)
	}
	r.Report.Verify.HopsMs = map[string]int64{}
	for _, s := range path.Sightings {
		r.Report.Verify.HopsMs[s.Hop] = s.SinceCommit
	}
	return nil
}

// rehearseOperator runs every command of the operator's tool, as an operator would.
func rehearseOperator(ctx context.Context, r *Run) error {
	if err := check(r, "operator", Operator(ctx, r)); err != nil {
		return err
	}
	return check(r, "epochs", Epochs(ctx, r))
}

func Operator(ctx context.Context, r *Run) error {
	ca := r.World.Site.Authority.File()
	for _, c := range []struct {
		name string
		exit int
		args []string
	}{
		{"generate", 0, []string{"generate", "--count", "500", "--rate", "250", "--seed", "42", "--ca", ca}},
		{"status", 0, []string{"status"}},
		{"status-json", 0, []string{"status", "--output", "json"}},
		{"verify", 0, []string{"verify", "--ca", ca}},
		{"verify-deep", 0, []string{"verify", "--deep", "--ca", ca}},
		{"stop", 0, []string{"stop"}},
		{"stop-again", 0, []string{"stop"}},
		{"status-stopped", 1, []string{"status"}},
		{"start", 0, []string{"start"}},
		{"start-reload-refused", 1, []string{"start", "--reload"}},
		{"start-reload-unknown", 1, []string{"start", "--reload-table", "shop.nothing"}},
	} {
		r.Log.Detail("cdc %s", strings.Join(c.args, " "))
		if _, err := r.Tool.Run(ctx, c.name, c.exit, c.args...); err != nil {
			return err
		}
	}
	if err := differenceIsNamed(ctx, r); err != nil {
		return err
	}
	if err := followed(ctx, r); err != nil {
		return err
	}
	return tunnels(ctx, r)
}

// differenceIsNamed takes a row out of the history behind the pipeline's back: the deep comparison must find it.
func differenceIsNamed(ctx context.Context, r *Run) error {
	admin, err := r.admin(ctx, r.output("searchDomainName"))
	if err != nil {
		return err
	}
	index := r.output("historyIndex")
	hits, err := admin.Search(ctx, index, map[string]any{"size": 1, "query": map[string]any{"bool": map[string]any{
		"filter": []any{map[string]any{"term": map[string]any{"metadata.table-name": "ledger"}}, map[string]any{"term": map[string]any{"metadata.operation": "load"}}},
	}}})
	if err != nil || len(hits) != 1 {
		return errors.Join(fmt.Errorf("found %d loaded rows of shop.ledger", len(hits)), err)
	}
	document := fmt.Sprintf("/%s/_doc/%s", hits[0].Index, hits[0].ID)
	if err := admin.Do(ctx, http.MethodDelete, document+"?refresh=true", nil, nil); err != nil {
		return fmt.Errorf("taking a record out of the history: %w", err)
	}
	_, compared := r.Tool.Run(ctx, "verify-deep-difference", 1, "verify", "--deep", "--timeout", "5s", "--table", "shop.ledger", "--ca", r.World.Site.Authority.File())
	if err := admin.Do(ctx, http.MethodPut, document+"?refresh=true", hits[0].Source, nil); err != nil {
		return errors.Join(compared, fmt.Errorf("putting the record back: %w", err))
	}
	return compared
}

// followed prints changes as they pass, while rows are written.
func followed(ctx context.Context, r *Run) error {
	r.Log.Detail("cdc verify --follow")
	began := false
	return r.Tool.Watch(ctx, "verify-follow", func(output string) (bool, error) {
		if !began {
			began = true
			return false, generate(ctx, r, "followed", 20, "70/20/10", 31, []string{"shop.ledger"}, "--stack", "rehearsal", "--dir", r.Stack.Dir())
		}
		return strings.Count(output, "shop.ledger") >= 20, nil
	}, "verify", "--follow", "--since", "1s")
}

// tunnels opens each tunnel; through the one to the domain it searches, and refreshes the stack without its program.
func tunnels(ctx context.Context, r *Run) error {
	for _, to := range []string{"dashboards", "db"} {
		r.Log.Detail("cdc tunnel %s", to)
		if err := r.Tool.Watch(ctx, "tunnel-"+to, tunnelOpen, "tunnel", to); err != nil {
			return err
		}
	}
	r.Log.Detail("cdc tunnel search, and pulumi refresh through it")
	return r.Tool.Watch(ctx, "tunnel-search", func(output string) (bool, error) {
		if open, _ := tunnelOpen(output); !open {
			return false, nil
		}
		changed, err := r.Stack.Refresh(ctx)
		if err == nil && changed > 0 {
			err = fmt.Errorf("a refresh found %d resources changed", changed)
		}
		return true, err
	}, "tunnel", "search")
}

func tunnelOpen(output string) (bool, error) {
	return strings.Contains(output, "The tunnel is open"), nil
}

// operate runs a command of the operator's tool against the stack, as a person would, and keeps what it printed in
// .cache/rehearsal/sessions. It fails when the command ends otherwise than it should.
func operate(ctx context.Context, r *Run, name string, exit int, args ...string) (string, error) {
	cmd := tool(ctx, r, args...)
	shown, stdout := &syncBuffer{}, &bytes.Buffer{}
	cmd.Stdout, cmd.Stderr = io.MultiWriter(shown, stdout), shown
	err := cmd.Run()
	if keepErr := keepSession(r, name, args, shown.String()); keepErr != nil {
		return "", keepErr
	}
	if code := cmd.ProcessState.ExitCode(); code != exit {
		return stdout.String(), errors.Join(fmt.Errorf("cdc %s ended with %d, not %d: %s", strings.Join(args, " "), code, exit, lastLines(shown.String(), 5)), err)
	}
	return stdout.String(), nil
}

// watch runs a command that goes on until it is interrupted, and does so when ready has seen enough of its output.
func watch(ctx context.Context, r *Run, name string, ready func(output string) (bool, error), args ...string) error {
	cmd := tool(ctx, r, args...)
	shown := &syncBuffer{}
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
			seen = fmt.Errorf("cdc %s showed nothing to go on in a minute: %s", args[0], lastLines(shown.String(), 5))
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
	case err := <-ended: // its exit code is its own affair: it was interrupted
		r.Log.Detail("cdc %s ended: %v", args[0], err)
	case <-time.After(15 * time.Second):
		_ = cmd.Process.Kill()
		seen = errors.Join(seen, fmt.Errorf("cdc %s did not end on Ctrl-C", args[0]))
	}
	if err := keepSession(r, name, args, shown.String()+"^C\n"); err != nil {
		return err
	}
	return seen
}

// tool is a command of the operator's tool, in the environment of somebody who has logged in.
func tool(ctx context.Context, r *Run, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, r.Tool.Binary, append([]string{"--stack", "rehearsal", "--dir", r.Stack.Dir()}, args...)...)
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGINT) }
	cmd.WaitDelay = 10 * time.Second
	cmd.Env = toolEnvironment(r)
	return cmd
}

var directory = regexp.MustCompile(`/\S*/cdc-rehearsal-\d+`)

// keepSession keeps a terminal session as the documentation shows it.
func keepSession(r *Run, name string, args []string, output string) error {
	file := r.Tool.Session(name)
	if err := os.MkdirAll(filepath.Dir(file), 0o750); err != nil {
		return fmt.Errorf("keeping the session: %w", err)
	}
	text := "$ cdc " + strings.Join(args, " ") + "\n" + directory.ReplaceAllString(output, "/tmp/rehearsal")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		return fmt.Errorf("keeping the session: %w", err)
	}
	return nil
}

// session is the file of a terminal session.
func session(r *Run, name string) string {
	return filepath.Join(r.Cache, "rehearsal", "sessions", name+".txt")
}

func lastLines(text string, n int) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}

// syncBuffer takes what a running command prints while somebody reads it.
type syncBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p) //nolint:wrapcheck // never fails
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}
