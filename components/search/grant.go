package search

import (
	"errors"
	"fmt"

	"github.com/pulumi/pulumi-opensearch/sdk/v2/go/opensearch"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Permissions are what a role may do. Inside a domain they are action groups or single actions,
// https://docs.opensearch.org/latest/security/access-control/default-action-groups/. In a collection they are
// permissions of data access policies,
// https://docs.aws.amazon.com/opensearch-service/latest/developerguide/serverless-genref.html#serverless-operations.
type Permissions struct {
	// Cluster holds cluster actions. In a collection it holds permissions on the collection and its items, such as
	// aliases and templates.
	Cluster []string
	// Indices with the actions on them.
	Indices []IndexPermissions
}

// IndexPermissions are what a role may do with all indices that match one of the patterns.
type IndexPermissions struct {
	// Patterns such as retail-trans*.
	Patterns []string
	// Actions on the indices.
	Actions []string
}

// Grant lets an IAM role act inside the domain. It returns the resource that the role's user must wait for.
//
// It makes a new security role and maps it. Writing a mapping replaces the whole mapping, so sharing a role, above
// all all_access, would lock other users out.
func (a *Access) Grant(name string, roleArn pulumi.StringInput, p Permissions) (pulumi.Resource, error) {
	if name == "" || roleArn == nil {
		return nil, errors.New("search.Access.Grant needs a name and the ARN of a role")
	}
	indices := make(opensearch.RoleIndexPermissionArray, len(p.Indices))
	for i, permission := range p.Indices {
		indices[i] = &opensearch.RoleIndexPermissionArgs{
			IndexPatterns:  pulumi.ToStringArray(permission.Patterns),
			AllowedActions: pulumi.ToStringArray(permission.Actions),
		}
	}
	full := a.name + "-" + name
	role, err := opensearch.NewRole(a.ctx, full, &opensearch.RoleArgs{
		RoleName:           pulumi.String(full),
		Description:        pulumi.String("What " + name + " may do"),
		ClusterPermissions: pulumi.ToStringArray(p.Cluster),
		IndexPermissions:   indices,
	}, a.inside()...)
	if err != nil {
		return nil, fmt.Errorf("making the security role of %s: %w", name, err)
	}
	mapping, err := opensearch.NewRolesMapping(a.ctx, full, &opensearch.RolesMappingArgs{
		RoleName:     role.RoleName,
		Description:  pulumi.String("The IAM role of " + name),
		BackendRoles: pulumi.StringArray{roleArn},
	}, a.inside()...)
	if err != nil {
		return nil, fmt.Errorf("mapping the security role of %s: %w", name, err)
	}
	return mapping, nil
}

// indexTemplate makes an index template in the domain. It returns what must exist before an index that uses it.
func (a *Access) indexTemplate(name, template, body string) (pulumi.Resource, error) {
	return a.indexTemplateAfter(nil, name, template, body)
}

func (a *Access) indexTemplateAfter(after []pulumi.Resource, name, template, body string) (pulumi.Resource, error) {
	replaces, err := a.replaceLeftovers(name)
	if err != nil {
		return nil, err
	}
	made, err := opensearch.NewComposableIndexTemplate(a.ctx, name, &opensearch.ComposableIndexTemplateArgs{
		Name: pulumi.String(template),
		Body: pulumi.String(body),
	}, a.inside(append(replaces, pulumi.DependsOn(after))...)...)
	if err != nil {
		return nil, fmt.Errorf("making the index template %s: %w", template, err)
	}
	return made, nil
}
