package search

import (
	"cdcpipeline/internal/component"
	"cdcpipeline/internal/iampolicy"
	"fmt"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// DeliveryRoleArgs configures a DeliveryRole. It has no settings.
type DeliveryRoleArgs struct{}

// DeliveryRole is the role of a Firehose that delivers into a domain. It may make and delete network interfaces;
// [Delivery] adds its other permissions.
//
// Firehose uses this role to delete its interfaces minutes after the delivery stream. Without the role they stay for
// ever and block the deletion of their security group and subnets,
// https://github.com/hashicorp/terraform-provider-aws/issues/27696. So the role is made before the security group and
// deleted after it.
type DeliveryRole struct {
	pulumi.ResourceState

	// Arn is the ARN of the role.
	Arn pulumi.StringOutput `pulumi:"arn"`
	// Name is the name of the role.
	Name pulumi.StringOutput `pulumi:"name"`
	// Dependencies must exist before the security group of Firehose's interfaces does.
	Dependencies []pulumi.Resource
}

// actor is what a delivery needs to know about its role.
type actor struct{ Arn, Name pulumi.StringOutput }

// NewDeliveryRole makes the role. Give it the name of the Delivery that uses it, because earlier releases made the role
// there.
func NewDeliveryRole(ctx *pulumi.Context, name string, args *DeliveryRoleArgs, opts ...pulumi.ResourceOption) (*DeliveryRole, error) {
	if _, err := component.Args(deliveryRoleKind, args); err != nil {
		return nil, err
	}
	r := &DeliveryRole{}
	return component.Make(ctx, deliveryRoleKind, name, r, component.Steps{
		Inputs:    pulumi.Map{},
		Provision: func() error { return r.provision(ctx, name) },
		Outputs:   func() pulumi.Map { return pulumi.Map{"arn": r.Arn, "name": r.Name} },
	}, opts...)
}

// RoleOf returns the DeliveryRole with this ARN, made elsewhere. It has no Dependencies: the caller orders what must wait
// for it.
func RoleOf(arn pulumi.StringInput) *DeliveryRole {
	name := arn.ToStringOutput().ApplyT(func(arn string) string { return arn[strings.LastIndex(arn, "/")+1:] }).(pulumi.StringOutput)
	return &DeliveryRole{Arn: arn.ToStringOutput(), Name: name}
}

// newDeliveryRole makes a role that only this account's delivery streams may assume. Firehose sends the account as the
// external id, https://docs.aws.amazon.com/firehose/latest/dev/controlling-access.html#firehose-assume-role. AWS
// documents no other condition,
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-kinesisfirehose-deliverystream.html. If
// Firehose did not send aws:SourceArn, a condition on it would prevent the delivery.
func newDeliveryRole(ctx *pulumi.Context, name, account string, opts ...pulumi.ResourceOption) (*iam.Role, error) {
	role, err := iam.NewRole(ctx, name+"-role", &iam.RoleArgs{
		Description: pulumi.String("Firehose delivers changes to OpenSearch"),
		AssumeRolePolicy: iampolicy.Trust(
			"firehose.amazonaws.com", iampolicy.StringEquals("sts:ExternalId", pulumi.String(account)),
		),
	}, opts...)
	if err != nil {
		return nil, fmt.Errorf("making the role of the search delivery: %w", err)
	}
	return role, nil
}

func (r *DeliveryRole) provision(ctx *pulumi.Context, name string) error {
	at, err := lookUpPlace(ctx, r)
	if err != nil {
		return err
	}
	former := r.URN().ApplyT(func(urn pulumi.URN) pulumi.URN {
		return pulumi.URN(strings.Replace(string(urn), deliveryRoleKind.Token(), deliveryKind.Token(), 1))
	}).(pulumi.URNOutput)
	role, err := newDeliveryRole(ctx, name, at.account, pulumi.Parent(r), pulumi.Aliases([]pulumi.Alias{{ParentURN: former}}))
	if err != nil {
		return err
	}
	interfaces, err := iam.NewRolePolicy(ctx, name+"-interfaces", &iam.RolePolicyArgs{
		Role: role.Name, Policy: iampolicy.Document(useInterfaces(at)...),
	}, pulumi.Parent(r))
	if err != nil {
		return fmt.Errorf("letting the search delivery make network interfaces: %w", err)
	}
	r.Arn, r.Name, r.Dependencies = role.Arn, role.Name, []pulumi.Resource{role, interfaces}
	return nil
}

// role makes the role of a named source's delivery: it reads one stream and writes one history. The shared role, which
// outlives the network interfaces, makes them.
func (d *Delivery) role(ctx *pulumi.Context, p *deliveryPlan) error {
	p.acts = actor{p.Role.Arn, p.Role.Name}
	if p.Source == "" {
		return nil
	}
	own, err := newDeliveryRole(ctx, p.name, p.account, pulumi.Parent(d))
	if err != nil {
		return err
	}
	p.acts = actor{own.Arn, own.Name}
	return nil
}

// permit lets the role read the stream, write the index and store what it cannot deliver. The permissions are those
// of https://docs.aws.amazon.com/firehose/latest/dev/controlling-access.html#using-iam-es-vpc, one function per
// sentence.
func (d *Delivery) permit(ctx *pulumi.Context, p *deliveryPlan) (*iam.RolePolicy, error) {
	statements := []iampolicy.Statement{readStream(p)}
	statements = append(statements, p.Target.backend().admitDelivery(p)...)
	statements = append(statements, writeBackup(p)...)
	statements = append(statements, p.useKey(keyUse{
		key: p.KmsKeyArn, stream: p.StreamArn,
		encrypt: "EncryptBackup", bucket: p.BackupBucketArn, objectsInBucket: []pulumi.StringInput{p.backedUp()},
	})...)
	statements = append(statements, writeLogs(p))
	policy, err := iam.NewRolePolicy(ctx, p.name+"-role", &iam.RolePolicyArgs{
		Role: p.acts.Name, Policy: iampolicy.Document(statements...),
	}, pulumi.Parent(d))
	if err != nil {
		return nil, fmt.Errorf("making the policy of the search delivery: %w", err)
	}
	return policy, nil
}

func readStream(p *deliveryPlan) iampolicy.Statement {
	return iampolicy.Statement{
		Sid:       "ReadStream",
		Actions:   []string{"kinesis:DescribeStream", "kinesis:GetShardIterator", "kinesis:GetRecords", "kinesis:ListShards"},
		Resources: []pulumi.StringInput{p.StreamArn},
	}
}

func writeIndex(p *deliveryPlan) []iampolicy.Statement {
	domain := p.Target.Endpoint.Arn
	below := func(paths ...string) []pulumi.StringInput {
		arns := make([]pulumi.StringInput, len(paths))
		for i, path := range paths {
			arns[i] = pulumi.Sprintf("%s/%s", domain, path)
		}
		return arns
	}
	return []iampolicy.Statement{
		{
			Sid: "WriteIndex",
			Actions: []string{
				"es:DescribeDomain", "es:DescribeDomains", "es:DescribeDomainConfig", "es:ESHttpPost", "es:ESHttpPut",
			},
			Resources: append([]pulumi.StringInput{domain}, below("*")...),
		},
		{
			Sid:     "ReadDomain",
			Actions: []string{"es:ESHttpGet"},
			Resources: below(
				"_all/_settings", "_cluster/stats", p.HistoryIndex+"*/_mapping/*", "_nodes", "_nodes/stats",
				"_nodes/*/stats", "_stats", p.HistoryIndex+"*/_stats",
			),
		},
	}
}

// useInterfaces are the eight EC2 actions of a delivery inside a VPC. EC2's describe actions have no resources.
// Interfaces belong to this region and account, but their subnet and security group may be shared by another account.
func useInterfaces(p place) []iampolicy.Statement {
	ec2 := func(account, kind string) pulumi.StringInput {
		return pulumi.String(fmt.Sprintf("arn:%s:ec2:%s:%s:%s/*", p.partition, p.region, account, kind))
	}
	return []iampolicy.Statement{
		{
			Sid: "DescribeVpc",
			Actions: []string{
				"ec2:DescribeVpcs", "ec2:DescribeVpcAttribute", "ec2:DescribeSubnets", "ec2:DescribeSecurityGroups",
				"ec2:DescribeNetworkInterfaces",
			},
			Resources: iampolicy.Strings("*"),
		},
		{
			Sid: "UseInterfaces",
			Actions: []string{
				"ec2:CreateNetworkInterface", "ec2:CreateNetworkInterfacePermission", "ec2:DeleteNetworkInterface",
			},
			Resources: []pulumi.StringInput{ec2(p.account, "network-interface"), ec2("*", "subnet"), ec2("*", "security-group")},
		},
	}
}

func writeBackup(p *deliveryPlan) []iampolicy.Statement {
	return []iampolicy.Statement{
		{
			Sid:       "FindBackup",
			Actions:   []string{"s3:GetBucketLocation", "s3:ListBucket", "s3:ListBucketMultipartUploads"},
			Resources: []pulumi.StringInput{p.BackupBucketArn},
		},
		{
			Sid:       "WriteBackup",
			Actions:   []string{"s3:AbortMultipartUpload", "s3:GetObject", "s3:PutObject"},
			Resources: []pulumi.StringInput{p.backedUp()},
		},
	}
}

func (p *deliveryPlan) backedUp() pulumi.StringInput {
	return pulumi.Sprintf("%s/%s/*", p.BackupBucketArn, p.BackupPrefix)
}

func writeLogs(p *deliveryPlan) iampolicy.Statement {
	return iampolicy.Statement{
		Sid:       "WriteLogs",
		Actions:   []string{"logs:PutLogEvents"},
		Resources: []pulumi.StringInput{pulumi.Sprintf("%s:log-stream:*", p.group.Arn)},
	}
}
