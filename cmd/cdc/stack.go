package main

import (
	"bytes"
	"cdcpipeline/internal/awsconfig"
	"cdcpipeline/internal/outputs"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/smithy-go"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// stackFlags name the Pulumi stack that a command works on. The root command gives them to every command.
type stackFlags struct {
	name, dir string
	// source is the value of --source. next is the value of --next, which only some commands have.
	source string
	next   bool
}

// registerSource adds --source to a command and its subcommands.
func (f *stackFlags) registerSource(cmd *cobra.Command, usual string) {
	cmd.PersistentFlags().StringVar(&f.source, "source", "", "name of the stack's source to work on (default: "+usual+")")
	_ = cmd.RegisterFlagCompletionFunc("source", f.completeSources)
}

// oneSource describes the default of --source for commands that work on one source.
const oneSource = "the one without a name, or the only one"

// registerNext adds --next to a command.
func (f *stackFlags) registerNext(flags *pflag.FlagSet) {
	flags.BoolVar(&f.next, "next", false, "work on the place of search.next, before it is searched")
}

func (f *stackFlags) register(flags *pflag.FlagSet) {
	flags.StringVar(&f.name, "stack", "", "stack to work on (default: the selected one)")
	flags.StringVar(&f.dir, "dir", ".", "directory of the Pulumi project")
}

// deployment is a deployed stack with its AWS account.
type deployment struct {
	outputs.Outputs
	// AWS uses the settings of the stack's provider. Its account was compared with the stack's.
	AWS aws.Config
	// Profile is the stack's profile in the shared AWS configuration. Printed commands use the profile. It may be
	// empty.
	Profile string
	// PathStyle is true if S3 is addressed by path, as in the stack's provider.
	PathStyle bool
	// next is true if the outputs describe the place that search.next configures.
	next bool
}

// open reads the stack's outputs and checks its account. It returns an error if a needed output is missing.
func (f *stackFlags) open(ctx context.Context, needed outputs.Fields) (*deployment, error) {
	o, err := f.outputs(ctx, needed)
	if err != nil {
		return nil, err
	}
	return f.account(ctx, o)
}

// account reads the stack's AWS configuration and checks that it belongs to the stack's account.
func (f *stackFlags) account(ctx context.Context, o outputs.Outputs) (*deployment, error) {
	settings, err := f.settings(ctx)
	if err != nil {
		return nil, err
	}
	if region := cmp.Or(settings["region"], o.Region); region != "" {
		settings["region"] = region
	}
	d := &deployment{Outputs: o, Profile: settings["profile"], PathStyle: settings["s3UsePathStyle"] == "true", next: f.next}
	if d.AWS, err = awsconfig.Load(ctx, settings); err != nil {
		return nil, err
	}
	if err := awsconfig.CheckAccount(ctx, d.AWS, o.AccountID); err != nil {
		var call *smithy.OperationError
		if errors.As(err, &call) {
			err = fmt.Errorf("%w (log in, for example with `aws sso login`, or set AWS_PROFILE or aws:profile)", err)
		}
		return nil, err
	}
	return d, nil
}

// ofAll asks the Pulumi CLI for the outputs. With the CLI, every Pulumi backend and login works.
func (f *stackFlags) ofAll(ctx context.Context) (outputs.Outputs, error) {
	printed, err := f.pulumi(ctx, "stack", "output", "--json")
	if err != nil {
		return outputs.Outputs{}, fmt.Errorf("reading the stack's outputs: %w", err)
	}
	return outputs.Parse(printed)
}

// outputs returns the outputs of the chosen source.
func (f *stackFlags) outputs(ctx context.Context, needed outputs.Fields) (outputs.Outputs, error) {
	o, err := f.ofAll(ctx)
	if err != nil {
		return o, err
	}
	if o, err = o.ForSource(f.source); err != nil {
		return o, err
	}
	f.source = o.Source // if no source was named, printed commands name the only one
	if f.next {
		if o, err = o.Next(); err != nil {
			return o, err
		}
	}
	return o, o.Require(needed)
}

// setting is one value of `pulumi config --json`. Value is nil for a secret that is not shown.
type setting struct {
	Value  *string `json:"value"`
	Secret bool    `json:"secret"`
}

// settings returns the stack's configuration of the AWS provider.
func (f *stackFlags) settings(ctx context.Context) (awsconfig.Settings, error) {
	all, err := f.opened(ctx)
	if err != nil {
		return nil, err
	}
	return awsSettings(all), nil
}

// awsSettings picks the settings of the AWS provider from a stack's configuration.
func awsSettings(all map[string]setting) awsconfig.Settings {
	found := awsconfig.Settings{}
	for key, s := range all {
		if name, ok := strings.CutPrefix(key, "aws:"); ok && s.Value != nil {
			found[name] = *s.Value
		}
	}
	return found
}

// opened returns the stack's configuration. It decrypts secrets only if the AWS provider's settings contain one.
func (f *stackFlags) opened(ctx context.Context) (map[string]setting, error) {
	all, err := f.config(ctx)
	if err != nil {
		return nil, err
	}
	for key, s := range all {
		if strings.HasPrefix(key, "aws:") && s.Secret {
			return f.config(ctx, "--show-secrets")
		}
	}
	return all, nil
}

func (f *stackFlags) config(ctx context.Context, flags ...string) (map[string]setting, error) {
	printed, err := f.pulumi(ctx, append([]string{"config", "--json"}, flags...)...)
	if err != nil {
		return nil, fmt.Errorf("reading the stack's configuration: %w", err)
	}
	var all map[string]setting
	if json.Unmarshal(printed, &all) != nil { // the error would quote values
		return nil, errors.New("reading the stack's configuration: `pulumi config --json` printed unexpected JSON: update the pulumi CLI")
	}
	return all, nil
}

func (f *stackFlags) pulumi(ctx context.Context, args ...string) ([]byte, error) {
	args = append(args, "--non-interactive")
	if f.name != "" {
		args = append(args, "--stack", f.name)
	}
	cmd := exec.CommandContext(ctx, "pulumi", args...)
	cmd.Dir, cmd.Env = f.dir, append(os.Environ(), "PULUMI_SKIP_UPDATE_CHECK=true")
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	if err == nil {
		return stdout.Bytes(), nil
	}
	if ctx.Err() != nil {
		return nil, fmt.Errorf("asking the pulumi CLI: %w", ctx.Err())
	}
	return nil, explainPulumi(err, f.dir, strings.TrimSpace(stderr.String()))
}

// explainPulumi says what to do when the CLI could not answer.
func explainPulumi(err error, dir, message string) error {
	switch {
	case errors.Is(err, exec.ErrNotFound):
		return errors.New("the pulumi CLI is not in PATH: install it")
	case errors.Is(err, os.ErrNotExist):
		return fmt.Errorf("--dir: the directory %s does not exist", dir)
	case strings.Contains(message, "no stack selected"):
		return errors.New("no stack is selected: run `pulumi stack select NAME`, or give --stack NAME")
	case strings.Contains(message, "no Pulumi.yaml"):
		return fmt.Errorf("%s contains no Pulumi project: give the directory of Pulumi.yaml with --dir", dir)
	case strings.Contains(message, "PULUMI_ACCESS_TOKEN"):
		return errors.New("the pulumi CLI is not logged in: run `pulumi login` for the backend that has the stack")
	case strings.Contains(message, "passphrase"):
		return fmt.Errorf("%s (set PULUMI_CONFIG_PASSPHRASE or PULUMI_CONFIG_PASSPHRASE_FILE)", message)
	}
	return fmt.Errorf("%w: %s (check --stack and --dir)", err, message)
}

// completeStacks completes the names of the project's stacks.
func (f *stackFlags) completeStacks(cmd *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
	printed, err := (&stackFlags{dir: f.dir}).pulumi(cmd.Context(), "stack", "ls", "--json")
	var stacks []struct {
		Name string `json:"name"`
	}
	if err != nil || json.Unmarshal(printed, &stacks) != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	names := make([]string, len(stacks))
	for i, s := range stacks {
		names[i] = s.Name
	}
	return names, cobra.ShellCompDirectiveNoFileComp
}

// some returns the outputs of the chosen source, or of the first one. Use it for outputs that all sources share.
func (f *stackFlags) some(ctx context.Context, needed outputs.Fields) (outputs.Outputs, error) {
	o, err := f.ofAll(ctx)
	if err != nil {
		return o, err
	}
	if o = o.All()[0]; f.source != "" {
		return f.outputs(ctx, needed)
	}
	return o, o.Require(needed)
}

// completeSources completes the names of the stack's sources.
func (f *stackFlags) completeSources(cmd *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
	o, err := f.ofAll(cmd.Context())
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return slices.Sorted(maps.Keys(o.Sources)), cobra.ShellCompDirectiveNoFileComp
}

// completeTables completes the names of the source's tables.
func (f *stackFlags) completeTables(cmd *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
	o, err := f.outputs(cmd.Context(), nil)
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return o.Tables, cobra.ShellCompDirectiveNoFileComp
}
