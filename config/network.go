package config

import (
	"cmp"
	"fmt"
	"net/netip"
	"regexp"
)

// Network is the VPC that everything runs in. The stack makes it or adopts yours.
type Network struct {
	// VpcID adopts an existing VPC. Then PrivateSubnetIDs is required, and Cidr, AvailabilityZones, Zones, Egress and FlowLogs are
	// refused.
	VpcID string `json:"vpcId" pulumi:"vpcId,optional"`
	// PrivateSubnetIDs are subnets of the adopted VPC, in at least two zones.
	PrivateSubnetIDs []string `json:"privateSubnetIds" pulumi:"privateSubnetIds,optional"`
	// Cidr is the address block of a new VPC, /16 to /24. Default 10.0.0.0/16.
	Cidr string `json:"cidr" pulumi:"cidr,optional"`
	// AvailabilityZones is how many zones a new VPC spans, 2 or 3. Default 2 in dev, 3 in prod.
	AvailabilityZones int `json:"availabilityZones" pulumi:"availabilityZones,optional"`
	// Zones are the names of a new VPC's zones (us-east-1a), as many as AvailabilityZones. Choose zones that offer the chosen instance
	// types. In an existing stack other zones replace its subnets and everything in them. Default: the region's first zones.
	Zones []string `json:"zones" pulumi:"zones,optional"`
	// Egress is how private subnets reach AWS. Default endpoints.
	Egress Egress `json:"egress" pulumi:"egress,optional"`
	// FlowLogs records the VPC's traffic in CloudWatch Logs. Default false in dev, true in prod.
	FlowLogs *bool `json:"flowLogs" pulumi:"flowLogs,optional"`
}

// Egress names how private subnets reach AWS services.
type Egress string

const (
	// EgressEndpoints uses only VPC endpoints: there is no route to the internet.
	EgressEndpoints Egress = "endpoints"
	// EgressNAT adds one NAT gateway in each zone.
	EgressNAT Egress = "nat"
)

// WithDefaults fills unset settings. For an adopted VPC, cidr, zones, egress and flow logs stay unset.
func (s Network) WithDefaults(env Environment) Network {
	if s.VpcID != "" {
		return s
	}
	s.Cidr = cmp.Or(s.Cidr, "10.0.0.0/16")
	s.AvailabilityZones = cmp.Or(s.AvailabilityZones, len(s.Zones), choose(env, 2, 3))
	s.Egress = cmp.Or(s.Egress, EgressEndpoints)
	s.FlowLogs = cmp.Or(s.FlowLogs, new(env == Prod))
	return s
}

// Validate returns all problems as one joined error. Call it after WithDefaults.
func (s Network) Validate() error {
	var p problems
	if s.VpcID != "" {
		s.validateAdopted(&p)
	} else {
		s.validateNew(&p)
	}
	return p.join()
}

var (
	vpcID           = regexp.MustCompile(`^vpc-([0-9a-f]{8}|[0-9a-f]{17})$`)
	subnetID        = regexp.MustCompile(`^subnet-([0-9a-f]{8}|[0-9a-f]{17})$`)
	zoneName        = regexp.MustCompile(`^[a-z]{2,}(-[a-z]+)+-[0-9]+[a-z]$`)
	securityGroupID = regexp.MustCompile(`^sg-([0-9a-f]{8}|[0-9a-f]{17})$`)
)

func (s Network) validateAdopted(p *problems) {
	p.matches("network.vpcId", s.VpcID, vpcID, "the ID of a VPC: vpc- and 8 or 17 hexadecimal digits")
	if len(s.PrivateSubnetIDs) < 2 {
		p.add("network.privateSubnetIds", "has %d subnets, but an adopted VPC needs at least two, in two zones: add a subnet", len(s.PrivateSubnetIDs))
	}
	p.distinct("network.privateSubnetIds", s.PrivateSubnetIDs)
	for i, id := range s.PrivateSubnetIDs {
		if id != "" {
			p.matches(fmt.Sprintf("network.privateSubnetIds[%d]", i), id, subnetID, "the ID of a subnet: subnet- and 8 or 17 hexadecimal digits")
		}
	}
	const why = "the stack does not change an adopted VPC; remove one of the two"
	apart(p, "network.cidr", s.Cidr, "network.vpcId", why)
	apart(p, "network.availabilityZones", s.AvailabilityZones, "network.vpcId", why)
	if len(s.Zones) > 0 {
		p.add("network.zones", "cannot be set together with network.vpcId: %s", why)
	}
	apart(p, "network.egress", s.Egress, "network.vpcId", why)
	apart(p, "network.flowLogs", s.FlowLogs, "network.vpcId", why)
}

func (s Network) validateNew(p *problems) {
	if len(s.PrivateSubnetIDs) > 0 {
		p.add("network.privateSubnetIds", "are subnets of an existing VPC: set network.vpcId too, or remove them")
	}
	p.between("network.availabilityZones", s.AvailabilityZones, 2, 3, "zones")
	if n := len(s.Zones); n > 0 && n != s.AvailabilityZones {
		p.add("network.zones", "has %d zones, but network.availabilityZones is %d: name as many zones, or remove one of the two keys", n, s.AvailabilityZones)
	}
	p.distinct("network.zones", s.Zones)
	for i, zone := range s.Zones {
		p.matches(fmt.Sprintf("network.zones[%d]", i), zone, zoneName, "the name of a zone, such as us-east-1a (not its ID, such as use1-az1)")
	}
	oneOf(p, "network.egress", s.Egress, EgressEndpoints, EgressNAT)

	const key = "network.cidr"
	cidr, err := netip.ParsePrefix(s.Cidr)
	switch {
	case err != nil || !cidr.Addr().Is4():
		p.add(key, "%q is not an IPv4 block: write one such as 10.0.0.0/16", s.Cidr)
	case cidr != cidr.Masked():
		p.add(key, "%s has bits set after its prefix: write %s", cidr, cidr.Masked())
	case cidr.Bits() < 16:
		p.add(key, "%s is larger than AWS allows: use /16 to /24", cidr)
	case cidr.Bits() > 24:
		p.add(key, "%s is too small for the subnets of %d zones: use /16 to /24", cidr, s.AvailabilityZones)
	case !cidr.Addr().IsPrivate():
		p.add(key, "%s is a public block: use one within 10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16", cidr)
	}
}

// zones returns the greatest number of zones that the subnets can span.
func (s Network) zones() int {
	if s.VpcID != "" {
		return len(s.PrivateSubnetIDs)
	}
	return s.AvailabilityZones
}

// subnetAddresses returns how many usable addresses each private subnet of a new VPC has. Such a subnet is a
// quarter of the VPC, and AWS reserves five addresses in each:
// https://docs.aws.amazon.com/vpc/latest/userguide/subnet-sizing.html. It returns 0 if the VPC is adopted or
// invalid.
func (s Network) subnetAddresses() int {
	cidr, err := netip.ParsePrefix(s.Cidr)
	if err != nil || !cidr.Addr().Is4() || cidr.Bits() > 24 {
		return 0
	}
	return 1<<(32-cidr.Bits())/4 - 5
}
