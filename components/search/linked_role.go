package search

import (
	"cdcpipeline/internal/component"
	"cdcpipeline/internal/footprint"
	"cdcpipeline/internal/linkedrole"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// ServiceLinkedRoleArgs configures a ServiceLinkedRole. It has no settings.
type ServiceLinkedRoleArgs struct{}

// ServiceLinkedRole makes sure that OpenSearch's service-linked role exists in the account, without owning it. A
// domain inside a VPC needs the role, and every domain of the account shares it.
type ServiceLinkedRole struct {
	pulumi.ResourceState

	// Arn of the role.
	Arn pulumi.StringOutput `pulumi:"arn"`
	// Resource must exist before a domain inside a VPC.
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
	if r.Resource, err = linkedrole.Register(ctx, r, name+"-role", footprint.SearchService); err != nil {
		return err
	}
	r.Arn = r.Resource.Arn
	return nil
}
