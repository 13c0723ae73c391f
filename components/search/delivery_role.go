package search

import (
	"cdcpipeline/internal/iampolicy"
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// role is what Firehose acts as, for this account's delivery streams only: the account is the external id that it sends,
// https://docs.aws.amazon.com/firehose/latest/dev/controlling-access.html#firehose-assume-role, and the only condition
// that AWS documents for it (aws:SourceArn is not: a key that Firehose leaves out would keep the delivery from being made),
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-kinesisfirehose-deliverystream.html. Its
// policy is https://docs.aws.amazon.com/firehose/latest/dev/controlling-access.html#using-iam-es-vpc, a function per sentence.
func (d *Delivery) role(ctx *pulumi.Context, p *deliveryPlan) (*iam.Role, *iam.RolePolicy, error) {
	role, err := iam.NewRole(ctx, p.name+"-role", &iam.RoleArgs{
		Description: pulumi.String("Firehose delivers changes to OpenSearch"),
		AssumeRolePolicy: iampolicy.Trust(
			"firehose.amazonaws.com", iampolicy.StringEquals("sts:ExternalId", pulumi.String(p.account)),
		),
	}, pulumi.Parent(d))
	if err != nil {
		return nil, nil, fmt.Errorf("making the role of the search delivery: %w", err)
	}
	statements := []iampolicy.Statement{readStream(p)}
	statements = append(statements, writeIndex(p)...)
	statements = append(statements, useInterfaces(p)...)
	statements = append(statements, writeBackup(p)...)
	statements = append(statements, p.useKey(keyUse{
		key: p.KmsKeyArn, stream: p.StreamArn,
		encrypt: "EncryptBackup", bucket: p.BackupBucketArn, objectsInBucket: []pulumi.StringInput{p.backedUp()},
	})...)
	statements = append(statements, writeLogs(p))
	policy, err := iam.NewRolePolicy(ctx, p.name+"-role", &iam.RolePolicyArgs{
		Role: role.Name, Policy: iampolicy.Document(statements...),
	}, pulumi.Parent(d))
	if err != nil {
		return nil, nil, fmt.Errorf("making the policy of the search delivery: %w", err)
	}
	return role, policy, nil
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

// useInterfaces are the eight EC2 actions of a delivery inside a VPC. EC2 describes without resources; interfaces are of
// this region and account, but in a subnet and with a security group that another account may have shared.
func useInterfaces(p *deliveryPlan) []iampolicy.Statement {
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
