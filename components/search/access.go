package search

import (
	"cdcpipeline/config"
	"cdcpipeline/internal/component"
	"fmt"
	"strings"

	"github.com/pulumi/pulumi-opensearch/sdk/v2/go/opensearch"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// AccessArgs configures an Access.
type AccessArgs struct {
	config.Search `pulumi:"search,optional"`
	// Environment chooses defaults. Default dev.
	Environment config.Environment `pulumi:"environment,optional"`
	// Domain is the domain to work in. Required.
	Domain *Domain
	// Url of the domain as seen from this machine. The default depends on search.reach: https://localhost and
	// search.tunnelPort, where a tunnel must lead to the domain's HTTPS port during the deployment, or https:// and
	// the domain's endpoint. With search.reach tunnel the certificate is verified against the endpoint's name,
	// whatever the Url.
	Url pulumi.StringInput //nolint:revive // spelled like the provider's input
	// ReachedAfter must exist before the domain can be reached, such as the bastion of a tunnel.
	ReachedAfter []pulumi.Resource
	// Remove lets a deployment replace leftovers in the domain after an incomplete destroy. Default: that deployment
	// fails and names the leftover.
	Remove Remove
	// Columns lists the columns that the history index indexes by type. It indexes all others as keywords.
	// Default: the columns of the retail_trans table that are not strings.
	Columns []Column `pulumi:"columns,optional"`
}

// Access manages the contents of a domain: roles and their mappings, the template and retention of the history index,
// the audit configuration and the dashboards' time zone.
//
// It is deleted and replaced with the domain. So a destroy needs no connection to the endpoint, and a replaced domain
// gets everything again.
type Access struct {
	pulumi.ResourceState

	// DomainURN is the URN of the Domain component that this one works in.
	DomainURN pulumi.StringOutput `pulumi:"domainUrn"`
	// Columns maps the columns that every history index indexes by type to these types.
	Columns pulumi.StringMapOutput `pulumi:"columns"`
	// Provider speaks to the domain as its master user.
	Provider *opensearch.Provider
	// Template of the history index must exist before the first document.
	Template pulumi.Resource

	ctx     *pulumi.Context // the program's context: Grant is called while it runs
	name    string
	domain  *Domain
	remove  Remove
	columns []Column // for every history index
}

// NewAccess makes the provider and everything except grants.
func NewAccess(ctx *pulumi.Context, name string, args *AccessArgs, opts ...pulumi.ResourceOption) (*Access, error) {
	p, err := args.check()
	if err != nil {
		return nil, err
	}
	a := &Access{ctx: ctx, name: name, domain: p.Domain, remove: p.Remove, columns: p.Columns}
	return component.Make(ctx, accessKind, name, a, component.Steps{
		Inputs: pulumi.Map{
			"environment":  pulumi.String(p.Environment),
			"historyIndex": pulumi.String(p.HistoryIndex),
			"reach":        pulumi.String(p.Reach),
		},
		Provision: func() error { return a.provision(ctx, p) },
		Outputs:   func() pulumi.Map { return pulumi.Map{"domainUrn": a.DomainURN, "columns": a.Columns} },
	}, opts...)
}

func (args *AccessArgs) check() (*AccessArgs, error) {
	a, err := component.Args(accessKind, args)
	if err != nil {
		return nil, err
	}
	a.Environment = a.Environment.WithDefault()
	a.Search = a.Search.WithDefaults(a.Environment)
	if a.Columns == nil {
		a.Columns = RetailTransColumns()
	}
	return a, accessKind.Check(a.Search.Validate(), component.Required(component.Given{"Domain": a.Domain != nil}))
}

func (a *Access) provision(ctx *pulumi.Context, p *AccessArgs) error {
	a.DomainURN, a.Columns = a.domain.URN().ToStringOutput(), typesOf(p.Columns)
	if err := a.provider(ctx, p); err != nil {
		return err
	}
	var retention pulumi.Resource
	var err error
	if a.Template, retention, err = a.history("", &p.Search); err != nil {
		return err
	}
	audit, err := a.audit(ctx)
	if err != nil {
		return err
	}
	return a.dashboards(ctx, &p.Search, a.Template, retention, audit)
}

// provider signs in with basic authentication, which the access policy admits. A signed request would act as the
// deployer's IAM role, which has no role inside the domain. The provider asks the cluster nothing before its first
// resource: health and node checks need permissions and a connection that a preview lacks.
func (a *Access) provider(ctx *pulumi.Context, args *AccessArgs) error {
	provider := &opensearch.ProviderArgs{
		Url:               pulumi.Sprintf("https://%s", a.domain.Endpoint),
		Username:          a.domain.MasterUser.ToStringPtrOutput(),
		Password:          a.domain.MasterPassword.ToStringPtrOutput(),
		OpensearchVersion: pulumi.String(serverVersion(args.EngineVersion)),
		SignAwsRequests:   pulumi.Bool(false),
		Healthcheck:       pulumi.Bool(false),
		Sniff:             pulumi.Bool(false),
	}
	if args.Reach == config.ReachTunnel {
		throughTunnel(provider, a.domain, args.TunnelPort)
	}
	if args.Url != nil {
		provider.Url = args.Url
	}
	made, err := opensearch.NewProvider(ctx, a.name, provider, pulumi.Parent(a), pulumi.DependsOn(args.ReachedAfter))
	if err != nil {
		return fmt.Errorf("making the provider of the search domain: %w", err)
	}
	a.Provider = made
	return nil
}

// throughTunnel connects to a port of this machine and expects the domain behind it. The host override is the name in
// the request and in the TLS handshake, so the certificate must match it. It is a name, so it has no port. These
// settings are the same in every deployment, whatever instance or session the tunnel uses.
func throughTunnel(provider *opensearch.ProviderArgs, domain *Domain, port int) {
	provider.Url = pulumi.String(fmt.Sprintf("https://localhost:%d", port))
	provider.HostOverride = domain.Host.ToStringPtrOutput()
}

// replaceLeftovers returns the options of a resource that may already exist.
func (a *Access) replaceLeftovers(name string) ([]pulumi.ResourceOption, error) {
	at := Inside{pulumi.Sprintf("https://%s", a.domain.Endpoint), a.domain.MasterUser, a.domain.MasterPassword}
	return replaceLeftovers(a.ctx, name, at, a.remove)
}

// inside returns the options of everything that lives in the domain.
func (a *Access) inside(more ...pulumi.ResourceOption) []pulumi.ResourceOption {
	return append([]pulumi.ResourceOption{
		pulumi.Parent(a),
		pulumi.Provider(a.Provider),
		pulumi.DeletedWith(a.domain.Resource),
		pulumi.ReplaceWith([]pulumi.Resource{a.domain.Resource}),
	}, more...)
}

// serverVersion is the version that a domain reports (2.19.0) for its engine version (OpenSearch_2.19).
func serverVersion(engineVersion string) string {
	return strings.TrimPrefix(engineVersion, "OpenSearch_") + ".0"
}
