package preflight

import (
	"cdcpipeline/internal/awsapi"
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"
)

// network checks what an adopted VPC must have. A VPC that the stack makes has all of it.
func network(s *Stack) []Check {
	if !s.adopts() {
		return nil
	}
	return []Check{
		look{"vpc/dns", resolves},
		look{"vpc/subnets", subnetsFit},
		look{"vpc/endpoints", reachesAWS},
		look{"vpc/endpoint-access", endpointsAdmit},
	}
}

// resolves checks that the VPC resolves the names of its endpoints, the domain and the database,
// https://docs.aws.amazon.com/vpc/latest/userguide/vpc-dns.html.
func resolves(ctx context.Context, s *Stack) (Finding, error) {
	vpc := s.Config.Network.VpcID
	var off, commands []string
	for _, a := range []struct{ attribute, option string }{{"enableDnsSupport", "enable-dns-support"}, {"enableDnsHostnames", "enable-dns-hostnames"}} {
		var found struct {
			Support   *bool `xml:"enableDnsSupport>value"`
			Hostnames *bool `xml:"enableDnsHostnames>value"`
		}
		err := s.api(awsapi.EC2).Query(ctx, "DescribeVpcAttribute", url.Values{"VpcId": {vpc}, "Attribute": {a.attribute}}, &found)
		if awsapi.Is(err, "InvalidVpcID.NotFound") {
			return bad([]string{s.cli("ec2 describe-vpcs --query 'Vpcs[].[VpcId,CidrBlock]' --output text")}, "network.vpcId: %s is not in this account and region", vpc)
		}
		if err != nil {
			return Finding{}, err
		}
		if isOff(found.Support) || isOff(found.Hostnames) {
			off = append(off, a.attribute)
			commands = append(commands, s.cli("ec2 modify-vpc-attribute --vpc-id %s --%s", vpc, a.option))
		}
	}
	if len(off) > 0 {
		return bad(commands, "%s: these are off, but must be on: %s", vpc, strings.Join(off, ", "))
	}
	return good("enableDnsSupport and enableDnsHostnames are on")
}

// subnet is a subnet of a VPC.
type subnet struct {
	ID     string `xml:"subnetId"`
	VPC    string `xml:"vpcId"`
	Zone   string `xml:"availabilityZone"`
	ZoneID string `xml:"availabilityZoneId"`
	Cidr   string `xml:"cidrBlock"`
	Free   int    `xml:"availableIpAddressCount"`
}

// chosenSubnets returns the configured subnets in order. It leaves out those that do not exist.
func (s *Stack) chosenSubnets(ctx context.Context) ([]subnet, error) {
	return s.subnets.get(func() ([]subnet, error) {
		ids := s.Config.Network.PrivateSubnetIDs
		values := url.Values{}
		awsapi.Filter(values, 0, "subnet-id", ids...)
		var found struct {
			Subnets []subnet `xml:"subnetSet>item"`
		}
		if err := s.api(awsapi.EC2).Query(ctx, "DescribeSubnets", values, &found); err != nil {
			return nil, err
		}
		slices.SortFunc(found.Subnets, func(a, b subnet) int { return slices.Index(ids, a.ID) - slices.Index(ids, b.ID) })
		return found.Subnets, nil
	})
}

// addresses returns how many addresses a deployment needs in one subnet. For a deployed stack it counts only new
// sources.
func (s *Stack) addresses() (needed int) {
	if !s.State.Deployed {
		return s.Config.SubnetNeeds()
	}
	for _, f := range s.Config.Feeds() {
		if !s.State.owns("aws:kinesis/stream:Stream", "name", f.Stream.Name) {
			needed += f.SubnetNeeds()
		}
	}
	return needed
}

// subnetsFit checks that the subnets exist in the VPC, are in at least two zones, and have enough free addresses.
func subnetsFit(ctx context.Context, s *Stack) (Finding, error) {
	found, err := s.chosenSubnets(ctx)
	if err != nil {
		return Finding{}, err
	}
	var wrong, zones []string
	for _, id := range s.Config.Network.PrivateSubnetIDs {
		if !slices.ContainsFunc(found, func(n subnet) bool { return n.ID == id }) {
			wrong = append(wrong, id+" does not exist")
		}
	}
	needed := s.addresses()
	for _, n := range found {
		if n.VPC != s.Config.Network.VpcID {
			wrong = append(wrong, n.ID+" is in "+n.VPC)
		}
		if n.Free < needed {
			wrong = append(wrong, fmt.Sprintf("%s has %d free addresses, but needs %d", n.ID, n.Free, needed))
		}
		if !slices.Contains(zones, n.Zone) {
			zones = append(zones, n.Zone)
		}
	}
	if len(zones) == 1 {
		wrong = append(wrong, "all are in "+zones[0]+", but DMS and Aurora need two zones")
	}
	if len(wrong) == 0 {
		return good("%d in %s", len(found), strings.Join(zones, ", "))
	}
	return bad([]string{
		s.cli("ec2 describe-subnets --filters Name=vpc-id,Values=%s --query 'Subnets[].[SubnetId,AvailabilityZone,AvailableIpAddressCount]' --output text", s.Config.Network.VpcID),
		s.set("network.privateSubnetIds[0]", "SUBNET"),
	}, "network.privateSubnetIds: %s", strings.Join(wrong, "; "))
}
