package preflight

import (
	"cdcpipeline/internal/awsapi"
	"context"
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strings"
)

// routeTable is a route table of the adopted VPC.
type routeTable struct {
	ID           string `xml:"routeTableId"`
	Associations []struct {
		Subnet string `xml:"subnetId"`
		Main   bool   `xml:"main"`
	} `xml:"associationSet>item"`
	Routes []struct {
		To      string `xml:"destinationCidrBlock"`
		Gateway string `xml:"gatewayId"`
		State   string `xml:"state"`
	} `xml:"routeSet>item"`
}

func (s *Stack) routeTables(ctx context.Context) ([]routeTable, error) {
	return s.tables.get(func() (all []routeTable, err error) {
		type page struct {
			Tables []routeTable `xml:"routeTableSet>item"`
			Next   string       `xml:"nextToken"`
		}
		err = pages(ctx, s.api(awsapi.EC2), "DescribeRouteTables", "NextToken", s.inVPC(), func(p page) string {
			all = append(all, p.Tables...)
			return p.Next
		})
		return all, err
	})
}

func (s *Stack) inVPC() url.Values {
	values := url.Values{}
	awsapi.Filter(values, 0, "vpc-id", s.Config.Network.VpcID)
	return values
}

// tableOf returns the subnet's own route table, or otherwise the VPC's main one.
func tableOf(n subnet, tables []routeTable) routeTable {
	var main routeTable
	for _, t := range tables {
		for _, a := range t.Associations {
			if a.Subnet == n.ID {
				return t
			}
			if a.Main {
				main = t
			}
		}
	}
	return main
}

// enclosed returns the subnets without a usable default route. Private addresses cannot use a route to an internet
// gateway.
func enclosed(subnets []subnet, tables []routeTable) (found []subnet) {
	for _, n := range subnets {
		out := false
		for _, r := range tableOf(n, tables).Routes {
			out = out || r.To == "0.0.0.0/0" && !strings.HasPrefix(r.Gateway, "igw-") && r.State != "blackhole"
		}
		if !out {
			found = append(found, n)
		}
	}
	return found
}

// endpoint is a VPC endpoint of the adopted VPC.
type endpoint struct {
	Type    string   `xml:"vpcEndpointType"`
	Service string   `xml:"serviceName"`
	State   string   `xml:"state"`
	Private bool     `xml:"privateDnsEnabled"`
	Tables  []string `xml:"routeTableIdSet>item"`
	Groups  []string `xml:"groupSet>item>groupId"`
}

// serves reports whether the service's usual name resolves to this endpoint.
func (e endpoint) serves(service string) bool {
	return e.Type == "Interface" && e.Service == service && e.Private && strings.EqualFold(e.State, "available")
}

func (s *Stack) vpcEndpoints(ctx context.Context) ([]endpoint, error) {
	return s.ends.get(func() (all []endpoint, err error) {
		type page struct {
			Endpoints []endpoint `xml:"vpcEndpointSet>item"`
			Next      string     `xml:"nextToken"`
		}
		err = pages(ctx, s.api(awsapi.EC2), "DescribeVpcEndpoints", "NextToken", s.inVPC(), func(p page) string {
			all = append(all, p.Endpoints...)
			return p.Next
		})
		return all, err
	})
}

// group is a security group.
type group struct {
	ID    string `xml:"groupId"`
	VPC   string `xml:"vpcId"`
	Rules []struct {
		Protocol string   `xml:"ipProtocol"`
		From     int      `xml:"fromPort"`
		To       int      `xml:"toPort"`
		Blocks   []string `xml:"ipRanges>item>cidrIp"`
	} `xml:"ipPermissions>item"`
}

// group reads a security group. It returns nil if the id does not exist.
func (s *Stack) group(ctx context.Context, id string) (*group, error) {
	values := url.Values{}
	awsapi.Filter(values, 0, "group-id", id)
	var found struct {
		Groups []group `xml:"securityGroupInfo>item"`
	}
	if err := s.api(awsapi.EC2).Query(ctx, "DescribeSecurityGroups", values, &found); err != nil {
		return nil, fmt.Errorf("looking up the security group %s: %w", id, err)
	}
	if len(found.Groups) == 0 {
		return nil, nil //nolint:nilnil // it is absent, which is no error
	}
	return &found.Groups[0], nil
}

// admits reports whether a rule with an address range admits a whole block on a port.
func (g *group) admits(block netip.Prefix, port int) bool {
	if g == nil {
		return false
	}
	for _, r := range g.Rules {
		if r.Protocol != "-1" && (r.Protocol != "tcp" || port < r.From || port > r.To) {
			continue
		}
		if slices.ContainsFunc(r.Blocks, func(text string) bool {
			from, err := netip.ParsePrefix(text)
			return err == nil && from.Bits() <= block.Bits() && from.Contains(block.Addr())
		}) {
			return true
		}
	}
	return false
}
