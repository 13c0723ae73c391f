package stages

import (
	"cdcpipeline/rehearsal/engine/stack"
	"cdcpipeline/rehearsal/report"
	"cdcpipeline/rehearsal/world/inventory"
	"cmp"
	"context"
	"fmt"
	"maps"
	"runtime"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// newStack prepares a stack with the name of its stack file. It runs program, or the project's own if nil.
func newStack(ctx context.Context, r *Run, name string, program pulumi.RunFunc, values map[string]string) (*stack.Stack, error) {
	return makeStack(ctx, r, stack.Options{Name: name, Program: program}, values)
}

// makeStack prepares a stack in this run's world, of the project and beside its other stacks unless the options say otherwise.
func makeStack(ctx context.Context, r *Run, o stack.Options, values map[string]string) (*stack.Stack, error) {
	o.Project, o.Dir, o.CLI = cmp.Or(o.Project, r.Project), cmp.Or(o.Dir, stacks(r)), r.Engine.CLI()
	o.Impatient = r.Engine.Installed
	o.Env = maps.Clone(r.Engine.Env())
	maps.Copy(o.Env, r.World.Env())
	s, err := stack.New(ctx, o, stack.Settings{
		Endpoint: r.World.Account.Endpoint(), DatabasePort: r.World.Database.Port, CaFile: r.World.Site.Authority.File(), Architecture: architecture(),
		TunnelPort: r.tunnelPort, Values: values,
	})
	if err != nil {
		return nil, fmt.Errorf("preparing the stack %s: %w", o.Name, err)
	}
	return s, nil
}

// architecture of this machine, in Lambda's terms.
func architecture() string {
	if runtime.GOARCH == "arm64" {
		return "arm64"
	}
	return "x86_64"
}

func (r *Run) tell(text string) { r.Log.Detail("%s", text) }

// PreviewMinimal previews a stack that sets only a region.
func PreviewMinimal(ctx context.Context, r *Run) error {
	s, err := newStack(ctx, r, "minimal", nil, nil)
	if err != nil {
		return err
	}
	p, err := s.Preview(ctx, stack.Pack{})
	if err != nil {
		return err
	}
	r.Report.Preview.MinimalResources = p.Total()
	return nil
}

// prepare makes the stages' stack if it does not exist.
func prepare(ctx context.Context, r *Run) (err error) {
	if r.Stack == nil {
		r.Stack, err = newStack(ctx, r, "rehearsal", func(ctx *pulumi.Context) error { return r.program(ctx) }, nil)
	}
	return err
}

// Preview previews the first deployment.
func Preview(ctx context.Context, r *Run) error {
	if err := prepare(ctx, r); err != nil {
		return err
	}
	p, err := r.Stack.Preview(ctx, r.Pack)
	if err != nil {
		return err
	}
	r.Report.Preview.Seconds, r.Report.Preview.Resources = round(p.Seconds), p.Total()
	return nil
}

// deploy runs `up` and stores the stack's outputs.
func (r *Run) deploy(ctx context.Context) (stack.Result, error) {
	u, err := r.Stack.Up(ctx, r.Pack, r.tell)
	if err != nil {
		return u, err //nolint:wrapcheck // as above
	}
	r.Outputs = map[string]any{}
	for name, value := range u.Outputs {
		r.Outputs[name] = value.Value
	}
	return u, r.World.Healthy() //nolint:wrapcheck // the error names the server
}

// Up deploys the stack.
func Up(ctx context.Context, r *Run) error {
	_, err := up(ctx, r)
	return err
}

// up deploys the stack, new or existing, and reports it.
func up(ctx context.Context, r *Run) (stack.Result, error) {
	if err := prepare(ctx, r); err != nil {
		return stack.Result{}, err
	}
	u, err := r.deploy(ctx)
	if err != nil {
		return u, err
	}
	r.Report.Up = report.Up{Seconds: round(u.Seconds), Resources: u.Total()}
	if err := r.probe(ctx); err != nil {
		return u, fmt.Errorf("probing what the delivery may do: %w", err)
	}
	return u, r.seeded()
}

// SecondUp deploys the stack again. Nothing may change.
func SecondUp(ctx context.Context, r *Run) error {
	u, err := r.Stack.Up(ctx, r.Pack, r.tell)
	if err != nil {
		return err
	}
	r.Report.SecondUp = report.SecondUp{Seconds: round(u.Seconds), Changes: u.Touched()}
	return nil
}

// sharedRoles are the account-wide roles that a destroy keeps, because others may use them.
var sharedRoles = []string{"dms-vpc-role", "dms-cloudwatch-logs-role", "AWSServiceRoleForAmazonOpenSearchService", "AWSServiceRoleForRDS", "AWSServiceRoleForDMSServerless", madeByCollections}

// Destroy destroys the stack and lists what is left in the account.
func Destroy(ctx context.Context, r *Run) error {
	d, err := r.Stack.Destroy(ctx, r.tell)
	if err != nil {
		return err
	}
	r.Report.Destroy.Seconds = round(d.Seconds)
	r.Report.Destroy.Left, r.Report.Retained, err = r.leftSince(ctx, r.before)
	return err
}

// leftSince is what the account holds besides what it held before, and what of it is kept on purpose.
func (r *Run) leftSince(ctx context.Context, before []string) (left, retained []string, err error) {
	after, err := inventory.List(ctx, r.World.Account.Config())
	if err != nil {
		return nil, nil, fmt.Errorf("listing the account: %w", err)
	}
	left, retained = []string{}, []string{}
	for _, item := range inventory.Added(before, after) {
		if role, ok := strings.CutPrefix(item, "role/"); ok && slices.Contains(sharedRoles, role) {
			retained = append(retained, role)
		} else {
			left = append(left, item)
		}
	}
	return append(left, slices.Concat(r.World.Domains.Names(), r.World.Collections.Names())...), retained, nil
}

func (r *Run) output(name string) string { return fmt.Sprint(r.Outputs[name]) }

// outputList is a stack output with a list of strings.
func (r *Run) outputList(name string) []string {
	items, _ := r.Outputs[name].([]any)
	list := make([]string, len(items))
	for i, item := range items {
		list[i] = fmt.Sprint(item)
	}
	return list
}
