package provider

import (
	"cdcpipeline/components/search"
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// DomainSubnets are where a domain is.
type DomainSubnets struct {
	// SubnetIDs, one for each zone; the first search.availabilityZones of them are used. A domain's VPC is permanent.
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
