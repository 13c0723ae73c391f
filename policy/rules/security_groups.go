package rules

import (
	"cdcpipeline/policy/view"
	"slices"
)

const (
	securityGroupType        = "aws:ec2/securityGroup:SecurityGroup"
	defaultSecurityGroupType = "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup"
	groupRuleType            = "aws:ec2/securityGroupRule:SecurityGroupRule"
	ingressRuleType          = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
)

// Ingress is traffic that a security group allows, from any kind of rule resource.
type Ingress struct {
	Protocol string // -1 means all
	From, To int
	// IPv4 and IPv6 are true if the traffic may come from everywhere.
	IPv4, IPv6 bool
}

// admits reports whether the traffic includes a TCP port.
func (i Ingress) admits(port int) bool {
	return i.Protocol == "-1" || (i.Protocol == "tcp" || i.Protocol == "6") && i.From <= port && port <= i.To
}

// groupRule is a SecurityGroupRule, or an inline rule of a group.
type groupRule struct {
	Type       view.Of[string]  `prop:"type"`
	Protocol   view.Of[string]  `prop:"protocol"`
	From       view.Of[float64] `prop:"fromPort"`
	To         view.Of[float64] `prop:"toPort"`
	CidrBlocks view.Strings     `prop:"cidrBlocks"`
	IPv6Blocks view.Strings     `prop:"ipv6CidrBlocks"`
}

// ingressRule is a SecurityGroupIngressRule.
type ingressRule struct {
	Protocol view.Of[string]  `prop:"ipProtocol"`
	From     view.Of[float64] `prop:"fromPort"`
	To       view.Of[float64] `prop:"toPort"`
	IPv4     view.Of[string]  `prop:"cidrIpv4"`
	IPv6     view.Of[string]  `prop:"cidrIpv6"`
}

type groupWithRules struct {
	Ingress view.Of[[]groupRule] `prop:"ingress"`
	Egress  view.Of[[]groupRule] `prop:"egress"`
}

const (
	anywhere4 = "0.0.0.0/0"
	anywhere6 = "::/0"
)

func (g groupRule) ingress() Ingress {
	return Ingress{
		Protocol: get(g.Protocol), From: int(get(g.From)), To: int(get(g.To)),
		IPv4: view.Has(g.CidrBlocks, anywhere4), IPv6: view.Has(g.IPv6Blocks, anywhere6),
	}
}

// ingressOf reads the traffic that a resource allows. An unknown port counts as port 0, which no rule checks.
func ingressOf(r view.Resource) []Ingress {
	switch r.Type {
	case ingressRuleType:
		i := view.Decode[ingressRule](r.Properties)
		return []Ingress{{get(i.Protocol), int(get(i.From)), int(get(i.To)), i.IPv4.Is(anywhere4), i.IPv6.Is(anywhere6)}}
	case groupRuleType:
		g := view.Decode[groupRule](r.Properties)
		if g.Type.Is("egress") {
			return nil
		}
		return []Ingress{g.ingress()}
	case securityGroupType, defaultSecurityGroupType:
		inline, _ := view.Decode[groupWithRules](r.Properties).Ingress.Get()
		all := make([]Ingress, len(inline))
		for i, g := range inline {
			all[i] = g.ingress()
		}
		return all
	}
	return nil
}

func get[T any](o view.Of[T]) T {
	v, _ := o.Get()
	return v
}

// remote has the ports of EC2.53 and EC2.54, authorized those of EC2.18, and risky those of EC2.19:
// https://docs.aws.amazon.com/securityhub/latest/userguide/ec2-controls.html#ec2-19.
var (
	remote     = []int{22, 3389}
	authorized = []int{80, 443}
	risky      = []int{20, 21, 22, 23, 25, 110, 135, 143, 445, 1433, 1434, 3000, 3306, 3389, 4333, 5000, 5432, 5500, 5601, 8080, 8088, 8888, 9200, 9300}
)

// securityGroups returns rules that never report the same port twice. They report ports of remote administration
// first, then other risky ports, and then the rest as unrestricted.
func securityGroups() []Rule {
	types := []string{ingressRuleType, groupRuleType, securityGroupType, defaultSecurityGroupType}
	of := func(controls []string, title string, severity Severity, bad func(Ingress) bool) Rule {
		return Rule{
			Name: ruleName(controls[0]), Title: title, Severity: severity, Controls: controls, Types: types,
			Change:  "the security groups or the addresses that need it, not everywhere",
			Unseen:  "an unknown address or port counts as narrow",
			Default: "groups admit groups, by port; nothing from outside the VPC",
			Check: func(r view.Resource) []Violation {
				return broken(slices.ContainsFunc(ingressOf(r), bad), "it admits everybody")
			},
		}
	}
	admitsAny := func(i Ingress, ports []int) bool { return slices.ContainsFunc(ports, i.admits) }
	return []Rule{
		of([]string{"EC2.18"}, "Security groups are open to everybody on web ports only", High, func(i Ingress) bool {
			web := i.Protocol != "-1" && i.From == i.To && slices.Contains(authorized, i.From)
			return (i.IPv4 || i.IPv6) && !web && !admitsAny(i, risky)
		}),
		of([]string{"EC2.19"}, "Security groups are not open to everybody on risky ports", Critical, func(i Ingress) bool {
			return (i.IPv4 || i.IPv6) && admitsAny(i, risky) && !admitsAny(i, remote)
		}),
		of([]string{"EC2.53", "EC2.13", "EC2.14"}, "Security groups are not open to 0.0.0.0/0 for remote administration", High, func(i Ingress) bool {
			return i.IPv4 && admitsAny(i, remote)
		}),
		of([]string{"EC2.54"}, "Security groups are not open to ::/0 for remote administration", High, func(i Ingress) bool {
			return i.IPv6 && admitsAny(i, remote)
		}),
	}
}
