// Package bastion makes an instance inside the VPC. AWS Systems Manager forwards connections through it to private
// services.
//
// Nobody connects to the instance itself: it has no public address, no key pair and no open port. Its agent polls
// Systems Manager for work (https://docs.aws.amazon.com/systems-manager/latest/userguide/session-manager.html). IAM
// decides who may open a session: ssm:StartSession on the instance.
package bastion

import (
	"cdcpipeline/config"
	"cdcpipeline/internal/component"
	"cdcpipeline/internal/iampolicy"
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ssm"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

const kind component.Kind = "bastion.Bastion"

// imageParameter names the newest Amazon Linux 2023 image for ARM. It includes the agent of Systems Manager; the
// minimal image does not, https://docs.aws.amazon.com/linux/al2023/ug/ec2.html#launch-via-aws-cli.
const imageParameter = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-arm64"

// BastionArgs configures a Bastion.
//
//nolint:revive // the name is what every component's args are called
type BastionArgs struct {
	config.Bastion `pulumi:"bastion,optional"`
	// Environment chooses defaults. Default dev.
	Environment config.Environment `pulumi:"environment,optional"`
	// SubnetID is the instance's subnet. It must reach Systems Manager's endpoints. Required.
	SubnetID pulumi.StringInput `pulumi:"subnetId"`
	// SecurityGroupID is the instance's group. It needs no ingress rule, and egress to Systems Manager and to the
	// private services. Required.
	SecurityGroupID pulumi.StringInput `pulumi:"securityGroupId"`
	// KmsKeyArn encrypts the volume. The deployer needs kms:CreateGrant on the key, because EC2 uses the key through
	// a grant: https://docs.aws.amazon.com/ebs/latest/userguide/ebs-encryption-requirements.html. Required.
	KmsKeyArn pulumi.StringInput `pulumi:"kmsKeyArn"`
	// StartAfter must exist before the instance starts: endpoints, routes and rules. An agent that does not reach
	// Systems Manager at its start retries at longer and longer intervals.
	StartAfter []pulumi.Resource
}

// Bastion is a small instance that only Systems Manager can reach.
type Bastion struct {
	pulumi.ResourceState

	// InstanceID is the target of sessions.
	InstanceID pulumi.StringOutput `pulumi:"instanceId"`
	// Instance must exist before anything is reached through it.
	Instance *ec2.Instance
}

// NewBastion makes the role, its profile and the instance.
func NewBastion(ctx *pulumi.Context, name string, args *BastionArgs, opts ...pulumi.ResourceOption) (*Bastion, error) {
	a, err := args.check()
	if err != nil {
		return nil, err
	}
	b := &Bastion{}
	return component.Make(ctx, kind, name, b, component.Steps{
		Inputs:    pulumi.Map{"environment": pulumi.String(a.Environment), "instanceType": pulumi.String(a.InstanceType)},
		Provision: func() error { return b.provision(ctx, name, a) },
		Outputs:   func() pulumi.Map { return pulumi.Map{"instanceId": b.InstanceID} },
	}, opts...)
}

func (args *BastionArgs) check() (*BastionArgs, error) {
	a, err := component.Args(kind, args)
	if err != nil {
		return nil, err
	}
	a.Environment = a.Environment.WithDefault()
	a.Bastion = a.Bastion.WithDefaults(a.Environment)
	return a, kind.Check(a.Bastion.Validate(), component.Required(component.Given{
		"SubnetID": a.SubnetID != nil, "SecurityGroupID": a.SecurityGroupID != nil, "KmsKeyArn": a.KmsKeyArn != nil,
	}))
}

func (b *Bastion) provision(ctx *pulumi.Context, name string, a *BastionArgs) error {
	profile, managed, err := b.role(ctx, name)
	if err != nil {
		return err
	}
	return b.instance(ctx, name, a, profile, append([]pulumi.Resource{managed}, a.StartAfter...))
}

// role lets Systems Manager manage the instance, and allows nothing else. It also returns the permission to wait for:
// an agent that starts without it waits before it retries.
func (b *Bastion) role(ctx *pulumi.Context, name string) (*iam.InstanceProfile, pulumi.Resource, error) {
	partition, err := aws.GetPartition(ctx, &aws.GetPartitionArgs{}, pulumi.Parent(b))
	if err != nil {
		return nil, nil, fmt.Errorf("looking up the partition: %w", err)
	}
	role, err := iam.NewRole(ctx, name+"-role", &iam.RoleArgs{
		Description: pulumi.String("What the bastion " + name + " is to AWS Systems Manager"),
		// The principal of this service has the partition's own suffix,
		// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/iam-roles-for-amazon-ec2.html.
		AssumeRolePolicy: iampolicy.Trust("ec2." + partition.DnsSuffix),
	}, pulumi.Parent(b))
	if err != nil {
		return nil, nil, fmt.Errorf("making the role of the bastion: %w", err)
	}
	managed, err := iam.NewRolePolicyAttachment(ctx, name+"-managed", &iam.RolePolicyAttachmentArgs{
		Role:      role.Name,
		PolicyArn: pulumi.String(fmt.Sprintf("arn:%s:iam::aws:policy/AmazonSSMManagedInstanceCore", partition.Partition)),
	}, pulumi.Parent(b))
	if err != nil {
		return nil, nil, fmt.Errorf("letting Systems Manager manage the bastion: %w", err)
	}
	profile, err := iam.NewInstanceProfile(ctx, name+"-profile", &iam.InstanceProfileArgs{Role: role.Name}, pulumi.Parent(b))
	if err != nil {
		return nil, nil, fmt.Errorf("making the instance profile of the bastion: %w", err)
	}
	return profile, managed, nil
}

func (b *Bastion) instance(ctx *pulumi.Context, name string, a *BastionArgs, profile *iam.InstanceProfile, after []pulumi.Resource) error {
	// The provider marks every parameter as secret, but the id of a public image is not.
	image, ok := pulumi.Unsecret(ssm.LookupParameterOutput(ctx, ssm.LookupParameterOutputArgs{
		Name: pulumi.String(imageParameter),
	}, pulumi.Parent(b)).Value()).(pulumi.StringOutput)
	if !ok {
		return fmt.Errorf("looking up %s: its value is not text", imageParameter)
	}
	instance, err := ec2.NewInstance(ctx, name+"-instance", &ec2.InstanceArgs{
		Ami:                      image,
		InstanceType:             pulumi.String(a.InstanceType),
		SubnetId:                 a.SubnetID.ToStringOutput().ToStringPtrOutput(),
		VpcSecurityGroupIds:      pulumi.StringArray{a.SecurityGroupID},
		AssociatePublicIpAddress: pulumi.Bool(false), // whatever the subnet does by default
		IamInstanceProfile:       profile.Name,
		MetadataOptions: &ec2.InstanceMetadataOptionsArgs{
			HttpEndpoint:            pulumi.String("enabled"), // the agent reads its credentials there
			HttpTokens:              pulumi.String("required"),
			HttpPutResponseHopLimit: pulumi.Int(1),
			InstanceMetadataTags:    pulumi.String("disabled"),
		},
		RootBlockDevice: &ec2.InstanceRootBlockDeviceArgs{
			VolumeType: pulumi.String("gp3"),
			Encrypted:  pulumi.Bool(true),
			KmsKeyId:   a.KmsKeyArn.ToStringOutput().ToStringPtrOutput(),
		},
		Tags: pulumi.StringMap{"Name": pulumi.String(name)},
	}, pulumi.Parent(b), pulumi.DependsOn(after),
		// A newer image does not justify replacing an instance that may have open sessions.
		pulumi.IgnoreChanges([]string{"ami"}))
	if err != nil {
		return fmt.Errorf("making the bastion's instance: %w", err)
	}
	b.InstanceID, b.Instance = instance.ID().ToStringOutput(), instance
	return nil
}
