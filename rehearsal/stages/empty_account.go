package stages

import (
	"cdcpipeline/rehearsal/report"
	"cdcpipeline/rehearsal/world/inventory"
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
)

// EmptyAccount deploys into an account in which nothing was ever made. Its services see new roles and policies after
// some seconds, and nothing may fail because of that.
func EmptyAccount(ctx context.Context, r *Run) error {
	client := iam.NewFromConfig(r.World.Account.Config())
	for _, role := range sharedRoles {
		if err := dropRole(ctx, client, role); err != nil {
			return err
		}
	}
	var err error
	// Leftovers of other stages do not belong to this deployment.
	if r.before, err = inventory.List(ctx, r.World.Account.Config()); err != nil {
		return fmt.Errorf("listing the account: %w", err)
	}
	r.World.Delay.Switch(true)
	defer r.World.Delay.Switch(false)
	_, err = up(ctx, r)
	e := &report.EmptyAccount{Refused: r.World.Delay.Refused()}
	e.OK = err == nil && len(e.Refused) == 0
	r.Report.EmptyAccount = e
	return err
}

// dropRole deletes a role and its attachments, if it exists.
func dropRole(ctx context.Context, client *iam.Client, role string) error {
	attached, err := client.ListAttachedRolePolicies(ctx, &iam.ListAttachedRolePoliciesInput{RoleName: &role})
	if missing := (*types.NoSuchEntityException)(nil); errors.As(err, &missing) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("looking at the role %s: %w", role, err)
	}
	for _, policy := range attached.AttachedPolicies {
		if _, err := client.DetachRolePolicy(ctx, &iam.DetachRolePolicyInput{RoleName: &role, PolicyArn: policy.PolicyArn}); err != nil {
			return fmt.Errorf("detaching %s from the role %s: %w", aws.ToString(policy.PolicyArn), role, err)
		}
	}
	if _, err := client.DeleteRole(ctx, &iam.DeleteRoleInput{RoleName: &role}); err != nil {
		return fmt.Errorf("deleting the role %s: %w", role, err)
	}
	return nil
}
