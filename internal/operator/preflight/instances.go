package preflight

import (
	"cdcpipeline/internal/awsapi"
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"
)

// listed is a page of one of EC2's lists.
type listed struct {
	VPCs             []string `xml:"vpcSet>item>vpcId"`
	InternetGateways []string `xml:"internetGatewaySet>item>internetGatewayId"`
	Addresses        []string `xml:"addressesSet>item>publicIp"`
	Next             string   `xml:"nextToken"`
}

func vpcIDs(l listed) []string             { return l.VPCs }
func internetGatewayIDs(l listed) []string { return l.InternetGateways }
func addressIPs(l listed) []string         { return l.Addresses }

// countOf counts the items that an EC2 action lists.
func countOf(action string, of func(listed) []string) func(context.Context, *Stack) (int, error) {
	return func(ctx context.Context, s *Stack) (n int, err error) {
		err = pages(ctx, s.api(awsapi.EC2), action, "NextToken", nil, func(page listed) string {
			n += len(of(page))
			return page.Next
		})
		return n, err
	}
}

func gatewayEndpoints(ctx context.Context, s *Stack) (int, error) {
	type page struct {
		Types []string `xml:"vpcEndpointSet>item>vpcEndpointType"`
		Next  string   `xml:"nextToken"`
	}
	n := 0
	err := pages(ctx, s.api(awsapi.EC2), "DescribeVpcEndpoints", "NextToken", nil, func(p page) string {
		for _, typ := range p.Types {
			n += count(typ == "Gateway")
		}
		return p.Next
	})
	return n, err
}

// natGatewaysInAZone counts the NAT gateways of the zone with the most gateways. A gateway names its subnet, and the
// subnet names its zone.
func natGatewaysInAZone(ctx context.Context, s *Stack) (int, error) {
	zones, err := s.zones(ctx)
	if err != nil {
		return 0, err
	}
	type subnetPage struct {
		Subnets []subnet `xml:"subnetSet>item"`
		Next    string   `xml:"nextToken"`
	}
	zoneOf := map[string]string{}
	err = pages(ctx, s.api(awsapi.EC2), "DescribeSubnets", "NextToken", nil, func(p subnetPage) string {
		for _, n := range p.Subnets {
			zoneOf[n.ID] = n.Zone
		}
		return p.Next
	})
	if err != nil {
		return 0, err
	}
	type gatewayPage struct {
		Gateways []struct {
			Subnet string `xml:"subnetId"`
			State  string `xml:"state"`
		} `xml:"natGatewaySet>item"`
		Next string `xml:"nextToken"`
	}
	in := map[string]int{}
	err = pages(ctx, s.api(awsapi.EC2), "DescribeNatGateways", "NextToken", nil, func(p gatewayPage) string {
		for _, g := range p.Gateways {
			if g.State != "deleted" && g.State != "failed" {
				in[zoneOf[g.Subnet]]++
			}
		}
		return p.Next
	})
	fullest := 0
	for _, z := range zones {
		fullest = max(fullest, in[z.Name])
	}
	return fullest, err
}

// families groups instance types that share a vCPU quota, by the beginning of their names. All other types are standard
// ones: https://docs.aws.amazon.com/ec2/latest/instancetypes/ec2-instance-quotas.html.
var families = []struct{ prefix, code string }{
	{"hpc", "L-F7808C92"}, {"g", "L-DB2E81BA"}, {"x", "L-7295265B"}, {"", "L-1216C47A"},
}

func familyOf(instanceType string) string {
	i := slices.IndexFunc(families, func(f struct{ prefix, code string }) bool { return strings.HasPrefix(instanceType, f.prefix) })
	return families[i].code
}

// bastionVCPUs returns the number of vCPUs of the configured type.
func bastionVCPUs(ctx context.Context, s *Stack) (int, error) {
	if s.State.count("aws:ec2/instance:Instance") > 0 {
		return 0, nil
	}
	values := url.Values{}
	awsapi.Filter(values, 0, "instance-type", s.Config.Bastion.InstanceType)
	var found struct {
		VCPUs []int `xml:"instanceTypeSet>item>vCpuInfo>defaultVCpus"`
	}
	if err := s.api(awsapi.EC2).Query(ctx, "DescribeInstanceTypes", values, &found); err != nil {
		return 0, err
	}
	if len(found.VCPUs) == 0 {
		return 0, fmt.Errorf("EC2 has no instance type %s", s.Config.Bastion.InstanceType)
	}
	return found.VCPUs[0], nil
}

// vCPUs returns the number of on-demand vCPUs in use in the bastion's family.
func vCPUs(ctx context.Context, s *Stack) (usage, error) {
	code := familyOf(s.Config.Bastion.InstanceType)
	return counted("ec2", code, func(ctx context.Context, s *Stack) (int, error) {
		values := url.Values{}
		awsapi.Filter(values, 0, "instance-state-name", "pending", "running")
		type page struct {
			Instances []struct {
				Type      string `xml:"instanceType"`
				Lifecycle string `xml:"instanceLifecycle"` // "spot", for instance; empty for on-demand
				Cores     int    `xml:"cpuOptions>coreCount"`
				Threads   int    `xml:"cpuOptions>threadsPerCore"`
			} `xml:"reservationSet>item>instancesSet>item"`
			Next string `xml:"nextToken"`
		}
		n := 0
		err := pages(ctx, s.api(awsapi.EC2), "DescribeInstances", "NextToken", values, func(p page) string {
			for _, i := range p.Instances {
				if i.Lifecycle == "" && familyOf(i.Type) == code {
					n += i.Cores * i.Threads
				}
			}
			return p.Next
		})
		return n, err
	})(ctx, s)
}
