package replication

import (
	"cdcpipeline/config"
	"cdcpipeline/internal/iampolicy"
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/dms"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// target is the stream's endpoint.
// https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Target.Kinesis.html#CHAP_Target.Kinesis.EndpointSettings
// describes the content of its records.
func (r *Replication) target(ctx *pulumi.Context, p *plan, source *dms.Endpoint) (*dms.Endpoint, error) {
	role, policy, err := r.targetRole(ctx, p)
	if err != nil {
		return nil, err
	}
	endpoint, err := dms.NewEndpoint(ctx, p.name+"-target", &dms.EndpointArgs{
		EndpointId:   pulumi.String(p.id + "-target"),
		EndpointType: pulumi.String("target"),
		EngineName:   pulumi.String("kinesis"),
		KinesisSettings: &dms.EndpointKinesisSettingsArgs{
			StreamArn:            p.StreamArn.ToStringOutput().ToStringPtrOutput(),
			ServiceAccessRoleArn: role.Arn,
			// One line per record, as Firehose and Athena expect.
			MessageFormat: pulumi.String("json-unformatted"),
			// Commit time, transaction and binlog position order the changes of a row.
			IncludeTransactionDetails:   pulumi.Bool(true),
			IncludePartitionValue:       pulumi.Bool(true),
			PartitionIncludeSchemaTable: pulumi.Bool(true),
			IncludeControlDetails:       pulumi.Bool(true),
			IncludeTableAlterOperations: pulumi.Bool(true),
			// A MySQL record omits columns that are NULL, so a record replaces a document and never merges into it. A
			// PostgreSQL record omits unchanged values that are stored out of line, so there NULL must be explicit.
			IncludeNullAndEmpty: pulumi.Bool(p.Source.engine() == config.EnginePostgreSQL),
			// Without it an integer of more than 16 digits is written as a rounded 1.0E16.
			UseLargeIntegerValue: pulumi.Bool(true),
		},
		PauseReplicationTasks: pulumi.Bool(true),
	}, p.endpointOptions(r, role, policy, source)...)
	if err != nil {
		return nil, fmt.Errorf("making the target endpoint: %w", err)
	}
	r.TargetEndpointArn = endpoint.EndpointArn
	return endpoint, nil
}

// targetRole lets DMS, on behalf of this account only, write to one stream,
// https://docs.aws.amazon.com/dms/latest/userguide/cross-service-confused-deputy-prevention.html.
func (r *Replication) targetRole(ctx *pulumi.Context, p *plan) (*iam.Role, *iam.RolePolicy, error) {
	role, err := iam.NewRole(ctx, p.name+"-target", &iam.RoleArgs{
		Description: pulumi.String("DMS writes to the change stream"),
		AssumeRolePolicy: iampolicy.Trust(
			"dms.amazonaws.com",
			iampolicy.StringEquals("aws:SourceAccount", pulumi.String(p.account)),
		),
	}, pulumi.Parent(r))
	if err != nil {
		return nil, nil, fmt.Errorf("making the role of the target endpoint: %w", err)
	}
	policy, err := iam.NewRolePolicy(ctx, p.name+"-target", &iam.RolePolicyArgs{
		Role:   role.Name,
		Policy: writeStream(p),
	}, pulumi.Parent(r))
	if err != nil {
		return nil, nil, fmt.Errorf("making the policy of the target endpoint: %w", err)
	}
	return role, policy, nil
}

func writeStream(p *plan) pulumi.StringOutput {
	return iampolicy.Document(
		iampolicy.Statement{
			Sid:       "WriteStream",
			Actions:   []string{"kinesis:PutRecord", "kinesis:PutRecords", "kinesis:DescribeStream"},
			Resources: []pulumi.StringInput{p.StreamArn},
		},
		iampolicy.Statement{
			Sid:       "EncryptStream",
			Actions:   []string{"kms:GenerateDataKey"},
			Resources: []pulumi.StringInput{p.KmsKeyArn},
		},
	)
}
