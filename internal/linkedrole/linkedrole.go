// Package linkedrole makes sure that the account has an AWS service's linked role, without owning it, because all of
// that service's resources in the account share the role.
package linkedrole

import (
	"cdcpipeline/internal/footprint"
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Register imports the role of a service (opensearchservice.amazonaws.com) when the account has it, and makes it
// otherwise. The role is neither changed nor deleted afterwards.
func Register(ctx *pulumi.Context, parent pulumi.Resource, name, service string) (*iam.ServiceLinkedRole, error) {
	// By path, because AWS chooses the role's name.
	found, err := iam.GetRoles(ctx, &iam.GetRolesArgs{PathPrefix: pulumi.StringRef(footprint.LinkedRolePath(service))}, pulumi.Parent(parent))
	if err != nil {
		return nil, fmt.Errorf("looking for the service-linked role of %s: %w", service, err)
	}
	// The provider adds its default tags despite "*". An existing role must not get them.
	opts := []pulumi.ResourceOption{
		pulumi.Parent(parent), pulumi.RetainOnDelete(true), pulumi.IgnoreChanges([]string{"*", "tags", "tagsAll"}),
	}
	if len(found.Arns) > 0 {
		opts = append(opts, pulumi.Import(pulumi.ID(found.Arns[0])))
	}
	role, err := iam.NewServiceLinkedRole(ctx, name, &iam.ServiceLinkedRoleArgs{AwsServiceName: pulumi.String(service)}, opts...)
	if err != nil {
		return nil, fmt.Errorf("making the service-linked role of %s: %w", service, err)
	}
	return role, nil
}
