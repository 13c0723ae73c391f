package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"strings"
)

// stackFlags name a Pulumi stack.
type stackFlags struct {
	name, dir string
}

// outputs of the stack that commands read.
type outputs struct {
	SourceHost      string `json:"sourceHost"`
	SourcePort      int    `json:"sourcePort"`
	SourceSecretArn string `json:"sourceSecretArn"`
}

// outputs asks the Pulumi CLI, so that every backend and login it knows works here too.
func (f stackFlags) outputs(ctx context.Context) (outputs, error) {
	args := []string{"stack", "output", "--json", "--non-interactive"}
	if f.name != "" {
		args = append(args, "--stack", f.name)
	}
	cmd := exec.CommandContext(ctx, "pulumi", args...)
	cmd.Dir = f.dir
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		if errors.Is(err, exec.ErrNotFound) {
			return outputs{}, errors.New("reading the stack's outputs: the pulumi CLI is not in PATH: install it, or give --host, --port and --secret-arn")
		}
		return outputs{}, fmt.Errorf("reading the stack's outputs: %w: %s (give --stack and --dir, or --host, --port and --secret-arn)",
			err, strings.TrimSpace(stderr.String()))
	}
	return parseOutputs(stdout.Bytes())
}

func parseOutputs(b []byte) (outputs, error) {
	var o outputs
	if err := json.Unmarshal(b, &o); err != nil {
		return outputs{}, fmt.Errorf("reading the stack's outputs: %w", err)
	}
	var missing []string
	if o.SourceHost == "" {
		missing = append(missing, "sourceHost")
	}
	if o.SourceSecretArn == "" {
		missing = append(missing, "sourceSecretArn")
	}
	if len(missing) > 0 {
		return outputs{}, fmt.Errorf("the stack has no output %s: run `pulumi up` first, or choose another stack with --stack", strings.Join(missing, ", "))
	}
	return o, nil
}
