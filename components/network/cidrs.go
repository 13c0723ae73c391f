package network

import (
	"encoding/binary"
	"fmt"
	"net/netip"
)

const (
	// maxZones is how many zones the layout of a VPC reserves, however many are in use. So adding a zone or public
	// subnets never moves existing subnets.
	maxZones = 3
	// A subnet is /16 to /28, https://docs.aws.amazon.com/vpc/latest/userguide/subnet-sizing.html. A public subnet is
	// four bits longer than the VPC, so the smallest VPC is /24.
	minVpcBits, maxVpcBits = 16, 24
	privateBits            = 2 // a quarter of the VPC each
	publicBits             = 4 // a quarter of the last quarter each
)

// subnetCidrs lays out a VPC. Each zone's private subnet gets a quarter of the VPC. Each zone's public subnet gets a
// sixteenth, from the last quarter, which is enough for a NAT gateway.
//
// The n-th subnet of a kind depends only on the VPC and n.
func subnetCidrs(vpc netip.Prefix, zones int) (private, public []netip.Prefix, err error) {
	switch {
	case !vpc.IsValid() || !vpc.Addr().Is4():
		return nil, nil, fmt.Errorf("%s is not an IPv4 block", vpc)
	case vpc != vpc.Masked():
		return nil, nil, fmt.Errorf("%s has bits set after its prefix: write %s", vpc, vpc.Masked())
	case vpc.Bits() < minVpcBits || vpc.Bits() > maxVpcBits:
		return nil, nil, fmt.Errorf("%s is not between /%d and /%d", vpc, minVpcBits, maxVpcBits)
	case zones < 1 || zones > maxZones:
		return nil, nil, fmt.Errorf("%d zones are not between 1 and %d", zones, maxZones)
	}
	last := part(vpc, privateBits, maxZones)
	for zone := range zones {
		private = append(private, part(vpc, privateBits, zone))
		public = append(public, part(last, publicBits-privateBits, zone))
	}
	return private, public, nil
}

// part is the n-th of 2^bits equal parts of a block.
func part(block netip.Prefix, bits, n int) netip.Prefix {
	length := block.Bits() + bits
	address := block.Addr().As4()
	start := binary.BigEndian.Uint32(address[:]) + uint32(n)<<(32-length)
	binary.BigEndian.PutUint32(address[:], start)
	return netip.PrefixFrom(netip.AddrFrom4(address), length)
}
