package replication

import (
	"cdcpipeline/internal/component"
	"cdcpipeline/internal/footprint"
	"cdcpipeline/internal/iampolicy"
	"cdcpipeline/internal/linkedrole"
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// AccountRolesArgs configures AccountRoles.
type AccountRolesArgs struct {
	// Serverless also makes the service-linked role of DMS Serverless. Default false.
	Serverless bool `pulumi:"serverless,optional"`
}

// AccountRoles makes sure that the roles which DMS needs once per account exist. It never owns them.
//
// It imports an existing role as it is and makes a missing one. It never changes or deletes either, because other
// stacks and people in the account use the same two.
type AccountRoles struct {
	pulumi.ResourceState

	// Dependencies must exist before a replication subnet group or an instance.
	Dependencies []pulumi.Resource
}

// NewAccountRoles registers both roles with their AWS managed policies.
func NewAccountRoles(ctx *pulumi.Context, name string, args *AccountRolesArgs, opts ...pulumi.ResourceOption) (*AccountRoles, error) {
	a, err := component.Args(accountRolesKind, args)
	if err != nil {
		return nil, err
	}
	r := &AccountRoles{}
	return component.Make(ctx, accountRolesKind, name, r, component.Steps{
		Inputs:    pulumi.Map{},
		Provision: func() error { return r.provision(ctx, name, a) },
		Outputs:   func() pulumi.Map { return pulumi.Map{} },
	}, opts...)
}

func (r *AccountRoles) provision(ctx *pulumi.Context, name string, args *AccountRolesArgs) error {
	partition, err := aws.GetPartition(ctx, &aws.GetPartitionArgs{}, pulumi.Parent(r))
	if err != nil {
		return fmt.Errorf("looking up the partition: %w", err)
	}
	for _, role := range footprint.AccountRoles {
		if err := r.register(ctx, name, role, partition.Partition); err != nil {
			return err
		}
	}
	if !args.Serverless {
		return nil
	}
	linked, err := linkedrole.Register(ctx, r, name+"-serverless", footprint.ReplicationService)
	if err != nil {
		return err
	}
	r.Dependencies = append(r.Dependencies, linked)
	return nil
}

func (r *AccountRoles) register(ctx *pulumi.Context, name string, role footprint.AccountRole, partition string) error {
	shared := []pulumi.ResourceOption{
		pulumi.Parent(r),
		pulumi.RetainOnDelete(true),
		// The provider adds its default tags despite "*". A foreign role must not get them.
		pulumi.IgnoreChanges([]string{"*", "tags", "tagsAll"}),
	}
	roleOpts := shared
	// iam.getRole fails when the role does not exist; a list by exact name does not.
	found, err := iam.GetRoles(ctx, &iam.GetRolesArgs{NameRegex: pulumi.StringRef("^" + role.Name + "$")}, pulumi.Parent(r))
	if err != nil {
		return fmt.Errorf("looking for the role %s: %w", role.Name, err)
	}
	if len(found.Names) > 0 {
		roleOpts = append(roleOpts[:len(roleOpts):len(roleOpts)], pulumi.Import(pulumi.ID(role.Name)))
	}
	made, err := iam.NewRole(ctx, name+"-"+role.Name, &iam.RoleArgs{
		Name:        pulumi.String(role.Name),
		Description: pulumi.String("Used by every DMS replication instance of the account"),
		// No conditions: DMS assumes both roles for the whole account, and a trust with conditions stops its logging,
		// https://github.com/terraform-aws-modules/terraform-aws-dms/issues/84.
		AssumeRolePolicy: iampolicy.Trust(role.Service),
	}, roleOpts...)
	if err != nil {
		return fmt.Errorf("making the role %s: %w", role.Name, err)
	}
	// Never imported, even when the role exists. IAM accepts attaching an attached policy, but the import fails when
	// somebody has detached it.
	attached, err := iam.NewRolePolicyAttachment(ctx, name+"-"+role.Name, &iam.RolePolicyAttachmentArgs{
		Role:      made.Name,
		PolicyArn: pulumi.Sprintf("arn:%s:iam::aws:policy/service-role/%s", partition, role.Policy),
	}, shared...)
	if err != nil {
		return fmt.Errorf("attaching %s to the role %s: %w", role.Policy, role.Name, err)
	}
	r.Dependencies = append(r.Dependencies, made, attached)
	return nil
}
