package search

import (
	"cdcpipeline/internal/component"
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// service is OpenSearch's name among service-linked roles,
// https://docs.aws.amazon.com/opensearch-service/latest/developerguide/slr-aos.html.
const service = "opensearchservice.amazonaws.com"

// ServiceLinkedRoleArgs configures a ServiceLinkedRole: there is nothing to choose.
type ServiceLinkedRoleArgs struct{}

// ServiceLinkedRole makes sure that OpenSearch's service-linked role exists in the account, without ever owning it:
// a domain inside a VPC is refused without the role, and every domain of the account shares it.
type ServiceLinkedRole struct {
	pulumi.ResourceState

	// Arn of the role.
	Arn pulumi.StringOutput
	// Resource must exist before a domain inside a VPC does.
	Resource *iam.ServiceLinkedRole
}

// NewServiceLinkedRole imports the role when the account has it and makes it otherwise.
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

func (r *ServiceLinkedRole) provision(ctx *pulumi.Context, name string) error {
	// By path: the role's own name is AWS's to choose.
	found, err := iam.GetRoles(ctx, &iam.GetRolesArgs{
		PathPrefix: pulumi.StringRef("/aws-service-role/" + service + "/"),
	}, pulumi.Parent(r))
	if err != nil {
		return fmt.Errorf("looking for OpenSearch's service-linked role: %w", err)
	}
	// The provider's default tags are added behind "*"; a role that is there already must not get them.
	opts := []pulumi.ResourceOption{
		pulumi.Parent(r), pulumi.RetainOnDelete(true), pulumi.IgnoreChanges([]string{"*", "tags", "tagsAll"}),
	}
	if len(found.Arns) > 0 {
		opts = append(opts, pulumi.Import(pulumi.ID(found.Arns[0])))
	}
	role, err := iam.NewServiceLinkedRole(ctx, name+"-role", &iam.ServiceLinkedRoleArgs{
		AwsServiceName: pulumi.String(service),
	}, opts...)
	if err != nil {
		return fmt.Errorf("making OpenSearch's service-linked role: %w", err)
	}
	r.Arn, r.Resource = role.Arn, role
	return nil
}
