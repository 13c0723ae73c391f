package provider

import (
	"cdcpipeline/components/search"
	"cdcpipeline/config"
	"cdcpipeline/program"
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// DomainSubnets are the subnets of a domain.
type DomainSubnets struct {
	// SubnetIDs are one subnet per zone. The domain uses the first search.availabilityZones of them. A domain cannot change its VPC.
	SubnetIDs pulumi.StringArrayInput `pulumi:"subnetIds"`
}

var domainForm = taking("search.Domain", func(
	ctx *pulumi.Context, name string, args *search.DomainArgs, more *DomainSubnets, opts ...pulumi.ResourceOption,
) (*search.Domain, error) {
	zones := args.Search.WithDefaults(args.Environment.WithDefault()).AvailabilityZones
	for zone := range zones {
		args.SubnetIDs = append(args.SubnetIDs, more.SubnetIDs.ToStringArrayOutput().ApplyT(func(ids []string) (string, error) {
			if len(ids) < zones {
				return "", fmt.Errorf("subnetIds: search.availabilityZones: %d zones need as many subnets, there are %d: lower it or add subnets", zones, len(ids))
			}
			return ids[zone], nil
		}).(pulumi.StringOutput))
	}
	return search.NewDomain(ctx, name, args, opts...)
})

// WayIn is how the plugin reaches private search endpoints.
type WayIn struct {
	// BastionInstanceID is the instance through which the plugin opens a tunnel: instanceId of bastion.Bastion. Required with search.reach tunnel.
	BastionInstanceID pulumi.StringInput `pulumi:"bastionInstanceId,optional"`
}

// lacks reports a missing bastion.
func (w WayIn) lacks(cfg config.Search) []problem {
	if cfg.Reach != config.ReachTunnel || w.BastionInstanceID != nil {
		return nil
	}
	return []problem{{"bastionInstanceId", "is missing: with search.reach tunnel, the default, the plugin gets in through a bastion: give its instanceId, or " +
		"search.reach: direct where this is deployed from inside the VPC"}}
}

// DomainInside names the domain to work in.
type DomainInside struct {
	WayIn
	// Domain is the search.Domain to work in, the component itself. Required.
	Domain string `pulumi:"domain" component:"search.Domain"`
}

func (d *DomainInside) hold(args *search.AccessArgs) []problem {
	return d.lacks(complete(args.Search, args.Environment))
}

func complete(cfg config.Search, of config.Environment) config.Search {
	return cfg.WithDefaults(of.WithDefault())
}

// accessForm also makes the template of the present rows' indices. In Go the program calls search.CurrentTemplate.
var accessForm = taking("search.Access", func(
	ctx *pulumi.Context, name string, args *search.AccessArgs, more *DomainInside, opts ...pulumi.ResourceOption,
) (*search.Access, error) {
	cfg := complete(args.Search, args.Environment).Only(config.OnDomain)
	args.Search, args.Remove = cfg, program.RemoveInside(cfg)
	var err error
	if args.Domain, err = search.DomainOf(ctx, more.Domain); err != nil {
		return nil, err
	}
	if err := program.LeadToDomain(ctx, cfg, more.BastionInstanceID, args.Domain); err != nil {
		return nil, err
	}
	access, err := search.NewAccess(ctx, name, args, opts...)
	if err != nil {
		return nil, err
	}
	_, err = search.CurrentTemplate(name+"-current", access.Target(), cfg)
	return access, err
})

func (w *WayIn) hold(args *search.CollectionsArgs) []problem {
	return w.lacks(complete(args.Search, args.Environment))
}

// collectionsForm also makes the template of the present rows' indices, as [accessForm] does.
var collectionsForm = taking("search.Collections", func(
	ctx *pulumi.Context, name string, args *search.CollectionsArgs, more *WayIn, opts ...pulumi.ResourceOption,
) (*search.Collections, error) {
	args.Kind = config.OnCollections
	cfg := complete(args.Search, args.Environment)
	args.Remove = program.RemoveInside(cfg)
	door, err := program.OpenDoorway(ctx, cfg, more.BastionInstanceID)
	if err != nil {
		return nil, err
	}
	args.Gateway = door.Gateway()
	collections, err := search.NewCollections(ctx, name, args, opts...)
	if err != nil {
		return nil, err
	}
	door.Lead(collections)
	_, err = search.CurrentTemplate(name+"-current", collections.Current(), cfg)
	return collections, err
})
