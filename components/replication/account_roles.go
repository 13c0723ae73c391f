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
	// Serverless makes sure of DMS Serverless's service-linked role too. Default false.
	Serverless bool `pulumi:"serverless,optional"`
}

// AccountRoles makes sure that the roles DMS needs once per account exist, without ever owning them.
//
// A role that exists is imported as it is, one that does not is made; neither is changed or deleted afterwards,
// because other stacks and people in the account use the same two.
type AccountRoles struct {
	pulumi.ResourceState

	// Dependencies must exist before a replication subnet group or an instance does.
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
		// The provider's default tags are added behind "*"; a role of somebody else's must not get them.
		pulumi.IgnoreChanges([]string{"*", "tags", "tagsAll"}),
	}
	roleOpts := shared
	// iam.getRole fails on a role that does not exist; a list by exact name does not.
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
		// No conditions: DMS assumes both roles for the whole account, and a conditioned trust ends its logging,
		// https://github.com/terraform-aws-modules/terraform-aws-dms/issues/84.
		AssumeRolePolicy: iampolicy.Trust(role.Service),
	}, roleOpts...)
	if err != nil {
		return fmt.Errorf("making the role %s: %w", role.Name, err)
	}
	// Never imported, even when the role was found: attaching an attached policy is no error in IAM, whereas
	// importing the attachment of a role that somebody stripped would be.
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
