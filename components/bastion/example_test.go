package bastion_test

import (
	"cdcpipeline/components/bastion"
	"cdcpipeline/config"
	"cdcpipeline/internal/componenttest"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// A bastion in a private subnet. Its id is the target of `aws ssm start-session`.
func ExampleNewBastion() {
	componenttest.Example(func(ctx *pulumi.Context) error {
		b, err := bastion.NewBastion(ctx, "orders", &bastion.BastionArgs{
			Bastion:         config.Bastion{InstanceType: "t4g.micro"},
			SubnetID:        pulumi.String("subnet-0123456789abcdef0"),
			SecurityGroupID: pulumi.String("sg-0123456789abcdef0"),
			KmsKeyArn:       pulumi.String("arn:aws:kms:eu-west-1:123456789012:key/1234"),
		})
		if err != nil {
			return err
		}
		ctx.Export("bastion", b.InstanceID)
		return nil
	})
	// Output:
	// aws:ec2/instance:Instance: orders-instance
	// aws:iam/instanceProfile:InstanceProfile: orders-profile
	// aws:iam/role:Role: orders-role
	// aws:iam/rolePolicyAttachment:RolePolicyAttachment: orders-managed
	// cdcpipeline:bastion:Bastion: orders
}
