package tool

import (
	"bytes"
	"cdcpipeline/internal/operator/preflight"
	"cdcpipeline/rehearsal/standins/controlplane"
	"context"
	"encoding/json"
	"fmt"
)

// Preflight runs `cdc preflight` on a stack with additional environment variables. It returns the report and the exit
// code.
func (t *Tool) Preflight(ctx context.Context, stack string, env ...string) (preflight.Report, int, error) {
	cmd := t.process(ctx, append(t.OfStack(stack), "preflight", "--output", "json")...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	cmd.Env = append(append(cmd.Env, controlplane.AppID+"="+controlplane.PreflightApp), env...)
	err := cmd.Run()
	var r preflight.Report
	if json.Unmarshal(stdout.Bytes(), &r) != nil {
		return r, 0, fmt.Errorf("cdc preflight gave no report: %w: %s", err, lastLines(stderr.String(), 10))
	}
	return r, cmd.ProcessState.ExitCode(), nil
}

// ShowPreflight runs it as a person does, and stores the output.
func (t *Tool) ShowPreflight(ctx context.Context, session, stack string) error {
	cmd := t.process(ctx, append(t.OfStack(stack), "preflight")...)
	shown := &transcript{}
	cmd.Stdout, cmd.Stderr = shown, shown
	cmd.Env = append(cmd.Env, controlplane.AppID+"="+controlplane.PreflightApp)
	_ = cmd.Run() // another stage checks the exit code
	return t.keep(session, []string{"preflight", "--stack", stack}, shown.String())
}
