package main

import (
	"bytes"
	"cdcpipeline/config"
	"cdcpipeline/internal/awsconfig"
	"cdcpipeline/internal/operator/preflight"
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"golang.org/x/sync/errgroup"
	"gopkg.in/yaml.v3"
)

// planned describes the stack that a deployment would make: its configuration, and the resources that it already has.
// Problems holds everything that could not be read.
func (f *stackFlags) planned(ctx context.Context) *preflight.Stack {
	s := &preflight.Stack{Name: f.name, Named: f.name != "", Dir: f.dir, Tool: f.tool, Settings: awsconfig.Settings{}}
	var problems [4]error
	var group errgroup.Group
	group.Go(func() error {
		problems[0] = f.configure(ctx, s)
		return nil
	})
	group.Go(func() error {
		problems[1] = f.know(ctx, s)
		return nil
	})
	group.Go(func() error {
		s.Project, problems[2] = f.project()
		return nil
	})
	group.Go(func() error {
		if f.name == "" {
			var printed []byte
			printed, problems[3] = f.pulumi(ctx, "stack", "--show-name")
			s.Name = strings.TrimSpace(string(printed))
		}
		return nil
	})
	_ = group.Wait()                                   // the functions record their own errors
	s.Name = s.Name[strings.LastIndex(s.Name, "/")+1:] // it has the form org/project/stack
	s.Problems = errors.Join(distinct(problems[:])...)
	s.AWS, s.CannotCall = awsconfig.Load(ctx, s.Settings)
	return s
}

// distinct removes repeated problems. Each command of the pulumi CLI can report the same problem.
func distinct(problems []error) (some []error) {
	said := map[string]bool{}
	for _, err := range problems {
		if err == nil {
			continue
		}
		_, cause, _ := strings.Cut(err.Error(), ": ")
		if key := cmp.Or(cause, err.Error()); !said[key] {
			said[key] = true
			some = append(some, err)
		}
	}
	return some
}

// configure reads the stack's configuration. The CLI fills in the defaults of Pulumi.yaml.
func (f *stackFlags) configure(ctx context.Context, s *preflight.Stack) (err error) {
	all, err := f.opened(ctx)
	if err != nil {
		return err
	}
	s.Settings = awsSettings(all)
	values, secrets := map[string]string{}, []string{}
	for full, one := range all {
		key, ours := strings.CutPrefix(full, config.Namespace+":")
		if !ours {
			continue
		}
		values[key] = ""
		if one.Secret {
			secrets = append(secrets, key)
		} else if one.Value != nil {
			values[key] = *one.Value
		}
	}
	s.Config, err = config.ParseFor(s.Name, values, secrets)
	return err
}

// know reads the resources that the stack already has.
func (f *stackFlags) know(ctx context.Context, s *preflight.Stack) error {
	printed, err := f.pulumi(ctx, "stack", "export")
	if err != nil {
		return fmt.Errorf("reading the stack's state: %w", err)
	}
	s.State, err = preflight.ParseState(printed)
	return err
}

// project returns the name in Pulumi.yaml.
func (f *stackFlags) project() (string, error) {
	text, err := os.ReadFile(filepath.Join(f.dir, "Pulumi.yaml"))
	if errors.Is(err, os.ErrNotExist) {
		return "", explainPulumi(errors.New("no project file"), f.dir, "no Pulumi.yaml")
	}
	if err != nil {
		return "", fmt.Errorf("reading the project file: %w", err)
	}
	var project struct{ Name string }
	if err := yaml.Unmarshal(text, &project); err != nil {
		return "", fmt.Errorf("reading the project file: %w", err)
	}
	return project.Name, nil
}

// tool runs a command in the project's folder and returns its output.
func (f *stackFlags) tool(ctx context.Context, command ...string) (string, error) {
	cmd := exec.CommandContext(ctx, command[0], command[1:]...)
	cmd.Dir, cmd.Env = f.dir, append(os.Environ(), "PULUMI_SKIP_UPDATE_CHECK=true")
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	switch {
	case errors.Is(err, exec.ErrNotFound):
		return "", fmt.Errorf("%s is not in PATH: install it", command[0])
	case err != nil:
		return "", fmt.Errorf("`%s`: %w: %s", strings.Join(command, " "), err, strings.TrimSpace(stderr.String()))
	}
	return stdout.String(), nil
}
