package rules

import (
	"cdcpipeline/policy/view"
	"slices"
	"strings"
)

const (
	instanceType       = "aws:ec2/instance:Instance"
	launchTemplateType = "aws:ec2/launchTemplate:LaunchTemplate"
	eipType            = "aws:ec2/eip:Eip"
	natGatewayType     = "aws:ec2/natGateway:NatGateway"
)

// Instance is an EC2 instance: the bastion.
type Instance struct {
	InstanceType      view.Of[string] `prop:"instanceType"`
	AssociatePublicIP view.Of[bool]   `prop:"associatePublicIpAddress"`
	SourceDestCheck   view.Of[bool]   `prop:"sourceDestCheck"`
	InstanceProfile   view.Of[string] `prop:"iamInstanceProfile"`
	Metadata          Metadata        `prop:"metadataOptions"`
	Root              struct {
		Encrypted view.Of[bool] `prop:"encrypted"`
	} `prop:"rootBlockDevice"`
	Volumes view.Of[[]struct {
		Encrypted view.Of[bool] `prop:"encrypted"`
	}] `prop:"ebsBlockDevices"`
	Interfaces view.Of[[]struct {
		Index view.Of[float64] `prop:"deviceIndex"`
	}] `prop:"networkInterfaces"`
}

// Metadata has an instance's settings for the metadata service.
type Metadata struct {
	Endpoint view.Of[string] `prop:"httpEndpoint"`
	Tokens   view.Of[string] `prop:"httpTokens"`
}

// LaunchTemplate is a template for instances.
type LaunchTemplate struct {
	Metadata   Metadata `prop:"metadataOptions"`
	Interfaces view.Of[[]struct {
		AssociatePublicIP view.Of[string] `prop:"associatePublicIpAddress"`
	}] `prop:"networkInterfaces"`
	Volumes view.Of[[]struct {
		Ebs struct {
			Encrypted view.Of[string] `prop:"encrypted"`
		} `prop:"ebs"`
	}] `prop:"blockDeviceMappings"`
}

// paravirtual lists the instance families that EC2.24 refuses.
var paravirtual = []string{"c1", "c3", "hi1", "hs1", "m1", "m2", "m3", "t1"}

func ec2() []Rule {
	return append(instances(), launchTemplates()...)
}

func instances() []Rule {
	of := func(control, title string, severity Severity, change, answer string, check func(Instance) []Violation) Rule {
		return Rule{
			Name: ruleName(control), Title: title, Severity: severity, Controls: []string{control}, Types: []string{instanceType},
			Change: change, Unseen: "counts as kept", Default: answer, Check: each(instanceType, check),
		}
	}
	return []Rule{
		of("EC2.3", "Volumes of instances are encrypted", Medium, "rootBlockDevice.encrypted: true, and so each ebsBlockDevices", "the bastion's is", func(i Instance) []Violation {
			volumes, _ := i.Volumes.Get()
			bad := i.Root.Encrypted.Isnt(true)
			for _, v := range volumes {
				bad = bad || v.Encrypted.Isnt(true)
			}
			return broken(bad, "a volume is not encrypted")
		}),
		of("EC2.8", "Instances ask for metadata with a session (IMDSv2)", High, "metadataOptions.httpTokens: required", "the bastion does", func(i Instance) []Violation {
			return broken(!i.Metadata.Endpoint.Is("disabled") && i.Metadata.Tokens.Isnt("required"), "httpTokens is %s", i.Metadata.Tokens)
		}),
		of("EC2.9", "Instances have no public address", High, "associatePublicIpAddress: false, or unset in a private subnet", "the bastion has none", func(i Instance) []Violation {
			return broken(i.AssociatePublicIP.Is(true), "it gets one")
		}),
		of("EC2.17", "Instances have one network interface", Low, "one networkInterfaces, or none", "the bastion has one", func(i Instance) []Violation {
			interfaces, _ := i.Interfaces.Get()
			return broken(len(interfaces) > 1, "it has %d", len(interfaces))
		}),
		of("EC2.24", "Instances are not of a paravirtual type", Medium, "a current instanceType", "t4g.nano", func(i Instance) []Violation {
			typ, _ := i.InstanceType.Get()
			family, _, _ := strings.Cut(typ, ".")
			return broken(slices.Contains(paravirtual, family), "it is a %s", typ)
		}),
		of("EC2.180", "Network interfaces check source and destination", Medium, "sourceDestCheck: true", "the bastion's does", func(i Instance) []Violation {
			return broken(i.SourceDestCheck.Is(false), "it does not")
		}),
		{
			Name: "ec2-12", Title: "Every Elastic IP address is used", Severity: Low, Controls: []string{"EC2.12"}, Types: []string{eipType, natGatewayType, instanceType},
			Change: "attach the address to a NAT gateway or an instance, or remove it", Unseen: "an instance or gateway that refers to it uses it",
			Default: "one per NAT gateway (network.egress: nat)", CheckStack: addressesUsed,
		},
	}
}

// address is an Elastic IP address.
type address struct {
	Instance view.Of[string] `prop:"instance"`
}

func addressesUsed(s view.Stack) []Violation {
	var found []Violation
	for _, eip := range s.OfType(eipType) {
		instance := view.Decode[address](eip.Properties).Instance
		used := len(s.Pointing(natGatewayType, "allocationId", eip)) > 0 || !instance.Unset() && !instance.Is("") // "" is how AWS says none
		found = append(found, at(eip, broken(!used, "nothing uses it"))...)
	}
	return found
}

func launchTemplates() []Rule {
	of := func(control, title string, severity Severity, change string, check func(LaunchTemplate) []Violation) Rule {
		return Rule{
			Name: ruleName(control), Title: title, Severity: severity, Controls: []string{control}, Types: []string{launchTemplateType},
			Change: change, Unseen: "counts as kept", Default: "none is made", Check: each(launchTemplateType, check),
		}
	}
	return []Rule{
		of("EC2.25", "Launch templates give no public address", High, "networkInterfaces.associatePublicIpAddress: false", func(l LaunchTemplate) []Violation {
			interfaces, _ := l.Interfaces.Get()
			bad := slices.ContainsFunc(interfaces, func(i struct {
				AssociatePublicIP view.Of[string] `prop:"associatePublicIpAddress"`
			},
			) bool {
				return i.AssociatePublicIP.Is("true")
			})
			return broken(bad, "its instances get one")
		}),
		of("EC2.170", "Launch templates ask for metadata with a session (IMDSv2)", Low, "metadataOptions.httpTokens: required", func(l LaunchTemplate) []Violation {
			return broken(l.Metadata.Tokens.Isnt("required"), "httpTokens is %s", l.Metadata.Tokens)
		}),
		of("EC2.181", "Launch templates encrypt volumes", Medium, "blockDeviceMappings.ebs.encrypted: true", func(l LaunchTemplate) []Violation {
			volumes, _ := l.Volumes.Get()
			for _, v := range volumes {
				if v.Ebs.Encrypted.Isnt("true") {
					return broken(true, "a volume is not encrypted")
				}
			}
			return nil
		}),
	}
}

func systemsManager() []Rule {
	return []Rule{{
		Name: "ssm-1", Title: "Instances are managed by Systems Manager", Severity: Medium, Controls: []string{"SSM.1"}, Types: []string{instanceType},
		Change: "an iamInstanceProfile that lets the agent register", Unseen: "a profile that is given counts as enough; only AWS knows whether the agent has registered",
		Default: "the bastion exists for Systems Manager",
		Check: each(instanceType, func(i Instance) []Violation {
			return broken(i.InstanceProfile.Unset(), "it has no instance profile")
		}),
	}}
}
