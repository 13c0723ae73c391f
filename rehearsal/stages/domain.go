package stages

import (
	"context"
	"fmt"
	"net/http"
)

// DomainReplaced changes the domain's name, which replaces the domain. The new one must have its roles and accept
// rows, in the tables' existing epochs.
func DomainReplaced(ctx context.Context, r *Run) error {
	before, err := mapped(ctx, r, r.output("searchDomainName"))
	if err != nil {
		return err
	}
	epochs, err := registered(ctx, r)
	if err != nil {
		return err
	}
	const name = "retail-trans-next"
	r.World.Guard.Also("/retail-trans", "/"+name)
	if err := r.Stack.SetConfig(ctx, "cdc-pipeline:search.domainName", name); err != nil {
		return err
	}
	if _, err := r.deploy(ctx); err != nil {
		return fmt.Errorf("replacing the domain: %w", err)
	}
	if got := r.output("searchDomainName"); got != name {
		return fmt.Errorf("the domain is named %s, not %s", got, name)
	}
	after, err := mapped(ctx, r, name)
	if err != nil {
		return err
	}
	for arn, role := range before {
		if after[arn] == "" {
			return fmt.Errorf("the new domain does not map %s to %s", arn, role)
		}
	}
	if err := rowsReach(ctx, r, "replaced", name); err != nil {
		return err
	}
	return epochsOutlive(ctx, r, epochs, name)
}

// mapped is a domain's role mapping by backend role, without the built-in ones.
func mapped(ctx context.Context, r *Run, domain string) (map[string]string, error) {
	admin, err := r.admin(ctx, domain)
	if err != nil {
		return nil, err
	}
	var mappings map[string]struct {
		Reserved     bool     `json:"reserved"`
		BackendRoles []string `json:"backend_roles"`
	}
	if err := admin.Do(ctx, http.MethodGet, "/_plugins/_security/api/rolesmapping", nil, &mappings); err != nil {
		return nil, fmt.Errorf("reading the mappings: %w", err)
	}
	found := map[string]string{}
	for role, m := range mappings {
		for _, arn := range m.BackendRoles {
			if !m.Reserved && arn != "admin" {
				found[arn] = role
			}
		}
	}
	return found, nil
}
