package pipeline

import (
	"cdcpipeline/components/feed"
	"cdcpipeline/components/search"
	"cdcpipeline/config"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// domainNeeds makes a domain's role and logs.
func (b *builder) domainNeeds() (err error) {
	if b.searchRole, err = search.NewServiceLinkedRole(b.ctx, b.name+"-linked-role", &search.ServiceLinkedRoleArgs{}, b.child()); err != nil {
		return err
	}
	b.domainLogs, err = search.NewDomainLogs(b.ctx, b.name+"-search", &search.DomainLogsArgs{
		DomainName: b.cfg.Search.DomainName, Environment: b.cfg.Environment, KmsKeyArn: b.Key.Arn, LogRetentionDays: b.cfg.Functions.LogRetentionDays,
	}, b.child())
	if err != nil {
		return err
	}
	b.settling = []pulumi.Resource{b.searchRole.Resource, b.domainLogs.Policy}
	return nil
}

// Place is one search destination. The feeds make its writers.
type Place struct {
	// Domain, and Access to its contents; nil for collections.
	Domain *search.Domain
	Access *search.Access
	// Collections; nil for a domain.
	Collections *search.Collections

	kind             config.SearchKind
	history, current search.Target
	template         pulumi.Resource // of the current indices
}

// written is the place in the form that its writers take.
func (p *Place) written() feed.Place {
	return feed.Place{Kind: p.kind, History: p.history, Current: p.current, Template: p.template}
}

// search makes the search destination, and the next one.
func (b *builder) search() (err error) {
	if b.Place, err = b.place(b.cfg.Search.Kind); err != nil || b.cfg.Search.Next == "" {
		return err
	}
	b.NextPlace, err = b.place(b.cfg.Search.Next)
	return err
}

// place makes a search destination with the current indices' template, which all sources share.
func (b *builder) place(kind config.SearchKind) (*Place, error) {
	made := &Place{kind: kind}
	var err error
	if made.history, made.current, err = b.targets(kind, made); err != nil {
		return nil, err
	}
	if b.args.Lead != nil {
		b.args.Lead(b.Bastion, made)
	}
	if b.cfg.Search.Current.On() {
		made.template, err = search.CurrentTemplate(feed.CurrentName(b.name, kind), made.current, b.cfg.Search.Only(kind))
	}
	return made, err //nolint:wrapcheck // wrapped by the caller
}

// targets returns the targets for changes and for rows.
func (b *builder) targets(kind config.SearchKind, of *Place) (history, current search.Target, err error) {
	if kind == config.OnCollections {
		if of.Collections, err = b.collections(); err != nil {
			return history, current, err
		}
		return of.Collections.History(), of.Collections.Current(), nil
	}
	if of.Domain, of.Access, err = b.domain(); err != nil {
		return history, current, err
	}
	return of.Access.Target(), of.Access.Target(), nil
}

func (b *builder) domain() (*search.Domain, *search.Access, error) {
	subnets := make([]pulumi.StringInput, len(b.Network.Subnets))
	for i, id := range b.Network.Subnets {
		subnets[i] = id
	}
	cfg := b.cfg.Search.Only(config.OnDomain)
	domain, err := search.NewDomain(b.ctx, b.name+"-search", &search.DomainArgs{
		Search: cfg, Environment: b.cfg.Environment, KmsKeyArn: b.Key.Arn, Logs: b.domainLogs,
		SubnetIDs: subnets, SecurityGroupID: b.Network.SecurityGroups.Search,
		ServiceLinkedRole: b.searchRole, StartAfter: b.settled(),
	}, b.child())
	if err != nil {
		return nil, nil, err //nolint:wrapcheck // wrapped by the caller
	}
	access, err := search.NewAccess(b.ctx, b.name+"-search-access", &search.AccessArgs{
		Search: cfg, Environment: b.cfg.Environment, Domain: domain, ReachedAfter: b.wayToSearch(), Remove: b.args.Remove,
	}, b.child())
	return domain, access, err //nolint:wrapcheck // as above
}

func (b *builder) collections() (*search.Collections, error) {
	return search.NewCollections(b.ctx, b.name+"-collections", &search.CollectionsArgs{ //nolint:wrapcheck // as above
		Search: b.cfg.Search.Only(config.OnCollections), Environment: b.cfg.Environment, KmsKeyArn: b.Key.Arn,
		VpcID: b.Network.VpcID, SubnetIDs: b.Network.ZoneSubnets, SecurityGroupID: b.Network.SecurityGroups.Search,
		ReachedAfter: b.wayToSearch(), Gateway: b.args.Gateway, Remove: b.args.Remove,
	}, b.child())
}
