package search

import (
	"cdcpipeline/internal/currentstate"
	"cdcpipeline/internal/iampolicy"
	"fmt"
	"slices"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// role is the role of the function and of Lambda's reading of the stream. Each sentence of its policy is a function.
func (s *CurrentState) role(ctx *pulumi.Context, p *currentPlan, logGroup pulumi.StringInput) (*iam.Role, *iam.RolePolicy, error) {
	role, err := iam.NewRole(ctx, p.name+"-role", &iam.RoleArgs{
		Description:      pulumi.String("The function that keeps each row as it is now in OpenSearch"),
		AssumeRolePolicy: iampolicy.Trust("lambda.amazonaws.com"),
	}, pulumi.Parent(s))
	if err != nil {
		return nil, nil, fmt.Errorf("making the role of the current state: %w", err)
	}
	statements := slices.Concat(
		iampolicy.Function(logGroup),
		p.followStream(),
		p.Target.backend().admitCurrent(p),
		p.park(),
		p.registries(),
		p.useKey(keyUse{
			key: p.KmsKeyArn, stream: p.StreamArn,
			encrypt: "EncryptParked", bucket: p.ParkingBucketArn, objectsInBucket: slices.Concat(p.parked(), p.registry(p.Registry), p.otherRegistry()),
		}),
	)
	policy, err := iam.NewRolePolicy(ctx, p.name+"-role", &iam.RolePolicyArgs{
		Role: role.Name, Policy: iampolicy.Document(statements...),
	}, pulumi.Parent(s))
	if err != nil {
		return nil, nil, fmt.Errorf("making the policy of the current state: %w", err)
	}
	return role, policy, nil
}

// followStream allows Lambda to read the stream,
// https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-create.html.
func (p *currentPlan) followStream() []iampolicy.Statement {
	statements := []iampolicy.Statement{{
		Sid: "ReadStream",
		Actions: []string{
			"kinesis:DescribeStream", "kinesis:DescribeStreamSummary", "kinesis:GetRecords", "kinesis:GetShardIterator", "kinesis:ListShards",
		},
		Resources: []pulumi.StringInput{p.StreamArn},
	}}
	if p.consumer == nil {
		return statements
	}
	return append(statements, iampolicy.Statement{
		Sid:       "SubscribeToStream",
		Actions:   []string{"kinesis:DescribeStreamConsumer", "kinesis:SubscribeToShard"},
		Resources: []pulumi.StringInput{p.StreamArn, p.consumer.Arn},
	})
}

// writeIndices lets requests for the function's own indices reach the domain, which then checks the grant.
func (p *currentPlan) writeIndices() iampolicy.Statement {
	return iampolicy.Statement{
		Sid:       "WriteIndices",
		Actions:   []string{"es:ESHttpGet", "es:ESHttpPost", "es:ESHttpPut"},
		Resources: []pulumi.StringInput{p.inDomain(currentIndices(p.Source)), p.inDomain("_bulk")},
	}
}

func (p *currentPlan) inDomain(path string) pulumi.StringInput {
	return pulumi.Sprintf("%s/%s", p.Target.Endpoint.Arn, path)
}

// copyRegistry allows finding the registry of a former release, stopping further writes to it, and reading it.
func (p *currentPlan) copyRegistry() []iampolicy.Statement {
	const former = currentstate.FormerRegistry
	return []iampolicy.Statement{
		{Sid: "FindFormerRegistry", Actions: []string{"es:ESHttpGet"}, Resources: []pulumi.StringInput{p.inDomain(former + "/_mapping")}},
		{Sid: "BlockFormerRegistry", Actions: []string{"es:ESHttpPut"}, Resources: []pulumi.StringInput{p.inDomain(former + "/_block/write")}},
		{Sid: "ReadFormerRegistry", Actions: []string{"es:ESHttpPost"}, Resources: []pulumi.StringInput{p.inDomain(former + "/_refresh"), p.inDomain(former + "/_search")}},
	}
}

// registries allows reading and writing registries. A conditional write also needs s3:GetObject,
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html. FindParking lists them, and
// distinguishes a missing object from a forbidden one.
func (p *currentPlan) registries() []iampolicy.Statement {
	statements := []iampolicy.Statement{{
		Sid: "KeepRegistry", Actions: []string{"s3:GetObject", "s3:PutObject"}, Resources: p.registry(p.Registry),
	}}
	if former := p.otherRegistry(); former != nil {
		statements = append(statements, iampolicy.Statement{Sid: "CopyRegistry", Actions: []string{"s3:GetObject"}, Resources: former})
	}
	return statements
}

// registry returns the objects of one registry.
func (p *currentPlan) registry(name string) []pulumi.StringInput {
	var objects []pulumi.StringInput
	for _, pattern := range currentstate.Place(name).Objects() {
		objects = append(objects, pulumi.Sprintf("%s/%s", p.ParkingBucketArn, pattern))
	}
	return objects
}

// otherRegistry is the registry that this one starts from; nil for none.
func (p *currentPlan) otherRegistry() []pulumi.StringInput {
	if p.RegistryFrom == "" {
		return nil
	}
	return p.registry(p.RegistryFrom)
}

// park allows the function to park records under its prefix, and Lambda under its own,
// https://docs.aws.amazon.com/lambda/latest/dg/kinesis-on-failure-destination.html.
func (p *currentPlan) park() []iampolicy.Statement {
	return []iampolicy.Statement{
		{Sid: "FindParking", Actions: []string{"s3:ListBucket"}, Resources: []pulumi.StringInput{p.ParkingBucketArn}},
		{Sid: "Park", Actions: []string{"s3:PutObject"}, Resources: p.parked()},
	}
}

// lambdaPrefix is where Lambda puts records that an event source mapping gives up; it cannot be changed.
const lambdaPrefix = "aws/lambda/"

func (p *currentPlan) parked() []pulumi.StringInput {
	return []pulumi.StringInput{
		pulumi.Sprintf("%s/%s/*", p.ParkingBucketArn, p.ParkingPrefix),
		pulumi.Sprintf("%s/%s*", p.ParkingBucketArn, lambdaPrefix),
	}
}
