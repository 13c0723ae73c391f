package main

import (
	cdc "cdcpipeline/program"
	"cdcpipeline/rehearsal/engine/stack"
	"cdcpipeline/rehearsal/report"
	"cdcpipeline/rehearsal/world/inventory"
	"context"
	"fmt"
	"maps"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// program is what the stack runs: the project's own, unless a variant puts another in its place.
type program struct{ run pulumi.RunFunc }

func newProgram() *program { return &program{run: cdc.Deploy} }

// newStack prepares a stack by the name of its stack file.
func (r *rehearsal) newStack(ctx context.Context, name string, program pulumi.RunFunc, values map[string]string) (*stack.Stack, error) {
	env := maps.Clone(r.engine.Env())
	maps.Copy(env, r.world.Env())
	s, err := stack.New(ctx, stack.Options{
		Name: name, Project: r.project, Dir: filepath.Join(r.world.Site.Dir, "pulumi"), CLI: r.engine.CLI(), Env: env, Program: program,
	}, stack.Settings{
		Endpoint: r.world.Account.Endpoint(), DatabasePort: r.world.Database.Port, CaFile: r.world.Site.Authority.File(), Architecture: architecture(),
		TunnelPort: r.tunnelPort, Values: values,
	})
	if err != nil {
		return nil, fmt.Errorf("preparing the stack %s: %w", name, err)
	}
	return s, nil
}

// architecture of this machine, as Lambda names it.
func architecture() string {
	if runtime.GOARCH == "arm64" {
		return "arm64"
	}
	return "x86_64"
}

func (r *rehearsal) tell(text string) { r.log.Detail("%s", text) }

func (r *rehearsal) previewMinimal(ctx context.Context) error {
	s, err := r.newStack(ctx, "minimal", nil, nil)
	if err != nil {
		return err
	}
	p, err := s.Preview(ctx, stack.Pack{})
	if err != nil {
		return err
	}
	r.report.Preview.MinimalResources = p.Total()
	return nil
}

func (r *rehearsal) preview(ctx context.Context) (err error) {
	if r.stack, err = r.newStack(ctx, "rehearsal", func(ctx *pulumi.Context) error { return r.program.run(ctx) }, nil); err != nil {
		return err
	}
	p, err := r.stack.Preview(ctx, r.pack)
	if err != nil {
		return err
	}
	r.report.Preview.Seconds, r.report.Preview.Resources = round(p.Seconds), p.Total()
	return nil
}

// deploy runs `up` and keeps the stack's outputs.
func (r *rehearsal) deploy(ctx context.Context) (stack.Result, error) {
	u, err := r.stack.Up(ctx, r.pack, r.tell)
	if err != nil {
		return u, err //nolint:wrapcheck // as above
	}
	r.outputs = map[string]any{}
	for name, value := range u.Outputs {
		r.outputs[name] = value.Value
	}
	return u, r.world.Healthy() //nolint:wrapcheck // names the server
}

func (r *rehearsal) up(ctx context.Context) error {
	u, err := r.deploy(ctx)
	if err != nil {
		return err
	}
	r.report.Up = report.Up{Seconds: round(u.Seconds), Resources: u.Total()}
	probe := r.world.Domains.Probe()
	if probe.Problem != "" {
		return fmt.Errorf("probing the mapping: %s", probe.Problem)
	}
	r.report.Mapping = report.Mapping{BeforeStatus: probe.BeforeStatus, BeforeMessage: probe.BeforeMessage, AfterStatus: probe.AfterStatus}
	if r.seedErr != nil {
		return fmt.Errorf("writing the rows to load: %w", r.seedErr)
	}
	return nil
}

func (r *rehearsal) secondUp(ctx context.Context) error {
	u, err := r.stack.Up(ctx, r.pack, r.tell)
	if err != nil {
		return err
	}
	r.report.SecondUp = report.SecondUp{Seconds: round(u.Seconds), Changes: u.Touched()}
	return nil
}

// shared are the account-wide roles that a destroy keeps: others may use them.
var shared = []string{"role/dms-vpc-role", "role/dms-cloudwatch-logs-role", "role/AWSServiceRoleForAmazonOpenSearchService"}

func (r *rehearsal) destroy(ctx context.Context) error {
	d, err := r.stack.Destroy(ctx, r.tell)
	if err != nil {
		return err
	}
	r.report.Destroy.Seconds = round(d.Seconds)
	after, err := inventory.List(ctx, r.world.Account.Config())
	if err != nil {
		return fmt.Errorf("listing the account: %w", err)
	}
	r.report.Destroy.Left, r.report.Retained = []string{}, []string{}
	for _, item := range inventory.Added(r.before, after) {
		if slices.Contains(shared, item) {
			r.report.Retained = append(r.report.Retained, strings.TrimPrefix(item, "role/"))
		} else {
			r.report.Destroy.Left = append(r.report.Destroy.Left, item)
		}
	}
	if names := r.world.Domains.Names(); len(names) > 0 {
		r.report.Destroy.Left = append(r.report.Destroy.Left, names...)
	}
	return nil
}

func (r *rehearsal) output(name string) string { return fmt.Sprint(r.outputs[name]) }

// outputList is a stack output that is a list of strings.
func (r *rehearsal) outputList(name string) []string {
	items, _ := r.outputs[name].([]any)
	list := make([]string, len(items))
	for i, item := range items {
		list[i] = fmt.Sprint(item)
	}
	return list
}
