package stages

import (
	"cdcpipeline/components/replication"
	"cdcpipeline/components/search"
	"cdcpipeline/components/source"
	"cdcpipeline/rehearsal/engine/stack"
	"context"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// AccountRoles deploys only the account-wide roles in four situations: when they are missing, again, after a destroy,
// and when somebody else has made them differently.
func AccountRoles(ctx context.Context, r *Run) error {
	s, err := newStack(ctx, r, "roles", func(ctx *pulumi.Context) error {
		if _, err := replication.NewAccountRoles(ctx, "account-roles", &replication.AccountRolesArgs{Serverless: true}); err != nil {
			return err
		}
		if _, err := search.NewServiceLinkedRole(ctx, "search-role", &search.ServiceLinkedRoleArgs{}); err != nil {
			return err
		}
		_, err := source.NewServiceLinkedRole(ctx, "source-role", &source.ServiceLinkedRoleArgs{})
		return err
	}, nil)
	if err != nil {
		return err
	}
	client := iam.NewFromConfig(r.World.Account.Config())
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
		r.Log.Detail("%s", step.what)
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
		for _, role := range sharedRoles {
			if role == madeByCollections {
				continue
			}
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
		if step.what == "destroy" { // from here on the role belongs to somebody else
			if err := giveAway(ctx, client); err != nil {
				return err
			}
		}
	}
	return nil
}

const (
	// madeByCollections is the role that AWS makes with an account's first collection. No program makes it.
	madeByCollections = "AWSServiceRoleForAmazonOpenSearchServerless"

	foreignRole = "dms-vpc-role"
	foreign     = "made by somebody else"
)

// giveAway changes a role so that it looks like somebody else's: with another description and without tags.
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
