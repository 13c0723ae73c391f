package source

import (
	"cdcpipeline/internal/component"
	"cdcpipeline/internal/footprint"
	"cdcpipeline/internal/linkedrole"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// ServiceLinkedRoleArgs configures a ServiceLinkedRole. It has no settings.
type ServiceLinkedRoleArgs struct{}

// ServiceLinkedRole makes sure that RDS's service-linked role exists in the account, without owning it. RDS makes the
// role itself for an account's first database, but then refuses that database because it does not see the role yet,
// https://github.com/terraform-aws-modules/terraform-aws-rds/issues/364.
type ServiceLinkedRole struct {
	pulumi.ResourceState

	// Arn of the role.
	Arn pulumi.StringOutput `pulumi:"arn"`
	// Resource must exist some seconds before a cluster.
	Resource *iam.ServiceLinkedRole
}

// NewServiceLinkedRole imports the role when the account has it, and makes it otherwise.
func NewServiceLinkedRole(ctx *pulumi.Context, name string, args *ServiceLinkedRoleArgs, opts ...pulumi.ResourceOption) (*ServiceLinkedRole, error) {
	if _, err := component.Args(serviceLinkedRoleKind, args); err != nil {
		return nil, err
	}
	r := &ServiceLinkedRole{}
	return component.Make(ctx, serviceLinkedRoleKind, name, r, component.Steps{
		Inputs:    pulumi.Map{},
		Provision: func() error { return r.provision(ctx, name) },
		Outputs:   func() pulumi.Map { return pulumi.Map{"arn": r.Arn} },
	}, opts...)
}

func (r *ServiceLinkedRole) provision(ctx *pulumi.Context, name string) (err error) {
	if r.Resource, err = linkedrole.Register(ctx, r, name+"-role", footprint.DatabaseService); err != nil {
		return err
	}
	r.Arn = r.Resource.Arn
	return nil
}
