package pipeline

import (
	"cdcpipeline/components/bastion"
	"cdcpipeline/config"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// bastion makes the way in from outside the VPC. A deployment inside the VPC has none.
func (b *builder) bastion() (err error) {
	if b.cfg.Search.Reach != config.ReachTunnel {
		return nil
	}
	b.Bastion, err = bastion.NewBastion(b.ctx, b.name+"-bastion", &bastion.BastionArgs{
		Bastion: b.cfg.Bastion, Environment: b.cfg.Environment, KmsKeyArn: b.Key.Arn,
		SubnetID: b.Network.Subnets[0], SecurityGroupID: b.Network.SecurityGroups.Bastion,
		StartAfter: b.Network.Dependencies,
	}, b.child())
	return err
}

// wayToSearch must exist before anything inside the domain or a collection is made.
func (b *builder) wayToSearch() []pulumi.Resource {
	if b.Bastion == nil {
		return nil
	}
	return []pulumi.Resource{b.Bastion.Instance}
}
