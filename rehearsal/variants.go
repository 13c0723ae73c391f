package main

import (
	cdc "cdcpipeline/program"
	"cdcpipeline/components/replication"
	"cdcpipeline/components/search"
	"cdcpipeline/rehearsal/engine/stack"
	"cdcpipeline/rehearsal/report"
	"cdcpipeline/rehearsal/report/reconcile"
	"cdcpipeline/rehearsal/stores"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// check keeps a variant's outcome: a variant that fails does not stop the others.
func (r *rehearsal) check(name string, err error) error {
	if r.report.Checks == nil {
		r.report.Checks = map[string]report.Check{}
	}
	c := report.Check{OK: err == nil}
	if err != nil {
		c.Detail = err.Error()
	}
	r.report.Checks[name] = c
	r.log.Detail("%s: ok=%t %s", name, c.OK, c.Detail)
	if errors.Is(err, context.Canceled) {
		return err
	}
	return nil
}

// rehearseAccountRoles deploys only the account-wide roles: where they are absent, again, after a destroy, and where
// somebody else has made them his own way.
func (r *rehearsal) rehearseAccountRoles(ctx context.Context) error {
	return r.check("account_roles", r.accountRoles(ctx))
}

func (r *rehearsal) accountRoles(ctx context.Context) error {
	s, err := r.newStack(ctx, "roles", func(ctx *pulumi.Context) error {
		if _, err := replication.NewAccountRoles(ctx, "account-roles", &replication.AccountRolesArgs{}); err != nil {
			return err
		}
		_, err := search.NewServiceLinkedRole(ctx, "search-role", &search.ServiceLinkedRoleArgs{})
		return err
	}, nil)
	if err != nil {
		return err
	}
	client := iam.NewFromConfig(r.world.Account.Config())
	for _, step := range []struct {
		what    string
		destroy bool
		touched bool
	}{
		{"absent", false, true},
		{"second up", false, false},
		{"destroy", true, false},
		{"up after destroy", false, true},
		{"second up after destroy", false, false},
		{"destroy again", true, false},
	} {
		r.log.Detail("%s", step.what)
		if step.destroy {
			if _, err := s.Destroy(ctx, nil); err != nil {
				return fmt.Errorf("%s: %w", step.what, err)
			}
		} else {
			u, err := s.Up(ctx, stack.Pack{}, nil)
			if err != nil {
				return fmt.Errorf("%s: %w", step.what, err)
			}
			if (u.Touched() > 0) != step.touched {
				return fmt.Errorf("%s touched %d resources: %v", step.what, u.Touched(), u.Changes)
			}
		}
		for _, role := range []string{"dms-vpc-role", "dms-cloudwatch-logs-role", "AWSServiceRoleForAmazonOpenSearchService"} {
			out, err := client.GetRole(ctx, &iam.GetRoleInput{RoleName: &role})
			if err != nil {
				return fmt.Errorf("%s: the role %s: %w", step.what, role, err)
			}
			if strings.Contains(step.what, "after destroy") && role == foreignRole {
				if d := aws.ToString(out.Role.Description); d != foreign || len(out.Role.Tags) > 0 {
					return fmt.Errorf("%s changed somebody else's role: its description is %q, its tags are %v", step.what, d, out.Role.Tags)
				}
			}
		}
		if step.what == "destroy" { // from here on the role is somebody else's
			if err := giveAway(ctx, client); err != nil {
				return err
			}
		}
	}
	return nil
}

const (
	foreignRole = "dms-vpc-role"
	foreign     = "made by somebody else"
)

// giveAway makes a role look like somebody else's: with a description of his, and no tags.
func giveAway(ctx context.Context, client *iam.Client) error {
	role := aws.String(foreignRole)
	if _, err := client.UpdateRole(ctx, &iam.UpdateRoleInput{RoleName: role, Description: aws.String(foreign)}); err != nil {
		return fmt.Errorf("making the role somebody else's: %w", err)
	}
	out, err := client.GetRole(ctx, &iam.GetRoleInput{RoleName: role})
	if err != nil {
		return fmt.Errorf("making the role somebody else's: %w", err)
	}
	for _, tag := range out.Role.Tags {
		if _, err := client.UntagRole(ctx, &iam.UntagRoleInput{RoleName: role, TagKeys: []string{aws.ToString(tag.Key)}}); err != nil {
			return fmt.Errorf("making the role somebody else's: %w", err)
		}
	}
	return nil
}

// rehearseGrantRemoved adds a grant to the program and takes it out again: it must be gone from the domain.
func (r *rehearsal) rehearseGrantRemoved(ctx context.Context) error {
	return r.check("grant_removed", r.grantRemoved(ctx))
}

func (r *rehearsal) grantRemoved(ctx context.Context) error {
	defer func() { r.program.run = cdc.Deploy }()
	const arn = "arn:aws:iam::123456789012:role/analyst"
	r.program.run = func(ctx *pulumi.Context) error {
		p, err := cdc.FromConfig(ctx)
		if err != nil {
			return err
		}
		_, err = p.Access.Grant("analyst", pulumi.String(arn), search.Permissions{
			Indices: []search.IndexPermissions{{Patterns: []string{"retail-trans*"}, Actions: []string{"read"}}},
		})
		return err
	}
	if _, err := r.stack.Up(ctx, r.pack, r.tell); err != nil {
		return fmt.Errorf("adding the grant: %w", err)
	}
	with, err := r.mapped(ctx, r.output("searchDomainName"))
	if err != nil {
		return err
	}
	if with[arn] == "" {
		return fmt.Errorf("the grant was not made: the domain maps %v", with)
	}
	r.program.run = cdc.Deploy
	if _, err := r.stack.Up(ctx, r.pack, r.tell); err != nil {
		return fmt.Errorf("removing the grant: %w", err)
	}
	without, err := r.mapped(ctx, r.output("searchDomainName"))
	if err != nil {
		return err
	}
	if role, still := without[arn]; still {
		return fmt.Errorf("the domain still maps the role %s", role)
	}
	return r.roleGone(ctx, with[arn])
}

func (r *rehearsal) roleGone(ctx context.Context, role string) error {
	admin, err := r.admin(ctx, r.output("searchDomainName"))
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

// rehearseDomainReplaced changes the domain's name, which replaces it: the new one must have its roles, and take rows.
func (r *rehearsal) rehearseDomainReplaced(ctx context.Context) error {
	return r.check("domain_replaced", r.domainReplaced(ctx))
}

func (r *rehearsal) domainReplaced(ctx context.Context) error {
	before, err := r.mapped(ctx, r.output("searchDomainName"))
	if err != nil {
		return err
	}
	const name = "retail-trans-next"
	if err := r.stack.SetConfig(ctx, "cdc-pipeline:search.domainName", name); err != nil {
		return err
	}
	if _, err := r.deploy(ctx); err != nil {
		return fmt.Errorf("replacing the domain: %w", err)
	}
	if got := r.output("searchDomainName"); got != name {
		return fmt.Errorf("the domain is named %s, not %s", got, name)
	}
	after, err := r.mapped(ctx, name)
	if err != nil {
		return err
	}
	for arn, role := range before {
		if after[arn] == "" {
			return fmt.Errorf("the new domain does not map %s to %s", arn, role)
		}
	}
	return r.rowsReach(ctx, "replaced", name)
}

// rowsReach writes some rows and finds them all in the domain.
func (r *rehearsal) rowsReach(ctx context.Context, journal, domain string) error {
	r.rounds++
	if err := r.generate(ctx, journal, 300, "70/20/10", 100+r.rounds, tables, "--stack", "rehearsal", "--dir", r.stack.Dir()); err != nil {
		return err
	}
	written, err := r.written(journal)
	if err != nil {
		return err
	}
	return r.await(ctx, len(written), func() ([]string, error) {
		history, err := r.history(ctx, domain)
		return reconcile.Compare(written, history).Lost, err
	})
}

// await asks again and again what has not arrived yet, until that is nothing.
func (r *rehearsal) await(ctx context.Context, written int, lost func() ([]string, error)) error {
	for began := time.Now(); ; {
		still, err := lost()
		if err != nil || len(still) == 0 {
			return err
		}
		if err := r.taskHealthy(); err != nil {
			return err
		}
		if time.Since(began) > patience {
			return fmt.Errorf("%d of %d changes did not arrive, the first: %s", len(still), written, still[0])
		}
		if err := pause(ctx, 2*time.Second); err != nil {
			return err
		}
	}
}

// taskHealthy says why the task has failed, if it has.
func (r *rehearsal) taskHealthy() error {
	task, ok := r.world.DMS.Task(r.output("taskArn"))
	switch {
	case !ok:
		return fmt.Errorf("the task %s does not exist", r.output("taskArn"))
	case task.Failure != "":
		return fmt.Errorf("the task has failed: %s", task.Failure)
	}
	return r.world.Healthy() //nolint:wrapcheck // names the server
}

// mapped is which role of a domain each backend role is mapped to, without those that the domain comes with.
func (r *rehearsal) mapped(ctx context.Context, domain string) (map[string]string, error) {
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

func (r *rehearsal) admin(ctx context.Context, domain string) (*stores.Client, error) {
	d, ok := r.world.Domains.Domain(domain)
	if !ok {
		return nil, fmt.Errorf("the domain %s does not exist", domain)
	}
	admin, err := d.Admin(ctx)
	if err != nil {
		return nil, fmt.Errorf("signing in to the domain %s: %w", domain, err)
	}
	return admin, nil
}
