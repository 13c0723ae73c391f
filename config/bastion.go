package config

import (
	"cmp"
	"regexp"
)

// Bastion is an instance inside the VPC. With search.reach: tunnel you reach the domain or the collections through it. With direct there
// is none.
type Bastion struct {
	// InstanceType must be of a Graviton (ARM) family, second generation or newer. Default t4g.nano.
	InstanceType string `json:"instanceType" pulumi:"instanceType,optional"`
}

// WithDefaults fills unset settings.
func (s Bastion) WithDefaults(Environment) Bastion {
	s.InstanceType = cmp.Or(s.InstanceType, "t4g.nano")
	return s
}

// Validate returns all problems as one joined error. Call it after WithDefaults.
func (s Bastion) Validate() error {
	var p problems
	p.matches("bastion.instanceType", s.InstanceType, armType,
		"an instance type of a Graviton (ARM) family, second generation or newer, such as t4g.nano, because the bastion's image is for ARM")
	return p.join()
}

// armType matches an instance type whose family name has a g for Graviton after the generation: t4g, c7gn, im4gn,
// is4gen, x2gd (https://docs.aws.amazon.com/ec2/latest/instancetypes/instance-type-names.html). It does not match
// a1, the first generation, because Amazon Linux 2023 does not start on it
// (https://docs.aws.amazon.com/linux/al2023/ug/system-requirements.html).
var armType = regexp.MustCompile(`^[a-z]+[0-9]+g[a-z]*\.[a-z0-9-]+$`)
