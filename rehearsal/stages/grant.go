package stages

import (
	"cdcpipeline/components/search"
	"cdcpipeline/program"
	"context"
	"fmt"
	"net/http"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// GrantRemoved adds a grant to the program and removes it again. It must then be gone from the domain.
func GrantRemoved(ctx context.Context, r *Run) error {
	defer func() { r.program = program.Deploy }()
	const arn = "arn:aws:iam::123456789012:role/analyst"
	r.program = func(ctx *pulumi.Context) error {
		p, err := program.FromConfig(ctx)
		if err != nil {
			return err
		}
		_, err = p.Access.Grant("analyst", pulumi.String(arn), search.Permissions{
			Indices: []search.IndexPermissions{{Patterns: []string{"retail-trans*"}, Actions: []string{"read"}}},
		})
		return err
	}
	if _, err := r.Stack.Up(ctx, r.Pack, r.tell); err != nil {
		return fmt.Errorf("adding the grant: %w", err)
	}
	with, err := mapped(ctx, r, r.output("searchDomainName"))
	if err != nil {
		return err
	}
	if with[arn] == "" {
		return fmt.Errorf("the grant was not made: the domain maps %v", with)
	}
	r.program = program.Deploy
	if _, err := r.Stack.Up(ctx, r.Pack, r.tell); err != nil {
		return fmt.Errorf("removing the grant: %w", err)
	}
	without, err := mapped(ctx, r, r.output("searchDomainName"))
	if err != nil {
		return err
	}
	if role, still := without[arn]; still {
		return fmt.Errorf("the domain still maps the role %s", role)
	}
	return roleGone(ctx, r, with[arn])
}

func roleGone(ctx context.Context, r *Run, role string) error {
	admin, err := r.admin(ctx, r.searched().current)
	if err != nil {
		return err
	}
	status, _, err := admin.Call(ctx, http.MethodGet, "/_plugins/_security/api/roles/"+role, nil)
	if err != nil {
		return fmt.Errorf("asking for the role: %w", err)
	}
	if status != http.StatusNotFound {
		return fmt.Errorf("the domain still has the role %s", role)
	}
	return nil
}
