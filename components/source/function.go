package source

import (
	"cdcpipeline/config"
	"cdcpipeline/internal/iampolicy"
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/lambda"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

const (
	// functionSeconds has room for a writer that starts late and for one scan of the tables for their LOBs.
	functionSeconds  = 300
	functionMemoryMb = 256
)

// databaseFunction is a function that works on the database from inside the VPC.
type databaseFunction struct {
	config.Functions
	// what names the function in messages.
	what                         string
	description, roleDescription string
	code                         pulumi.Archive
	subnetIDs                    pulumi.StringArrayInput
	securityGroupID, kmsKeyArn   pulumi.StringInput
	// policy lists everything that the function may do; it receives the log group's ARN.
	policy func(logGroup pulumi.StringInput) pulumi.StringOutput
	// environment variables; nil for none.
	environment pulumi.StringMap
}

// make makes the function after its log group. Lambda would otherwise make a group without key or retention.
func (f databaseFunction) make(ctx *pulumi.Context, name string, parent pulumi.Resource) (*lambda.Function, error) {
	child := pulumi.Parent(parent)
	logs, err := cloudwatch.NewLogGroup(ctx, name+"-logs", &cloudwatch.LogGroupArgs{
		RetentionInDays: pulumi.Int(f.LogRetentionDays),
		KmsKeyId:        f.kmsKeyArn.ToStringOutput().ToStringPtrOutput(),
	}, child)
	if err != nil {
		return nil, fmt.Errorf("making the %s's log group: %w", f.what, err)
	}
	role, err := iam.NewRole(ctx, name+"-role", &iam.RoleArgs{
		Description:      pulumi.String(f.roleDescription),
		AssumeRolePolicy: iampolicy.Trust("lambda.amazonaws.com"),
	}, child)
	if err != nil {
		return nil, fmt.Errorf("making the %s's role: %w", f.what, err)
	}
	policy, err := iam.NewRolePolicy(ctx, name+"-policy", &iam.RolePolicyArgs{
		Role:   role.ID(),
		Policy: f.policy(logs.Arn),
	}, child)
	if err != nil {
		return nil, fmt.Errorf("making the %s's policy: %w", f.what, err)
	}
	args := &lambda.FunctionArgs{
		Description:   pulumi.String(f.description),
		Role:          role.Arn,
		Runtime:       pulumi.String("provided.al2023"),
		Handler:       pulumi.String("bootstrap"),
		Architectures: pulumi.StringArray{pulumi.String(f.Architecture)},
		Code:          f.code,
		Timeout:       pulumi.Int(functionSeconds),
		MemorySize:    pulumi.Int(functionMemoryMb),
		LoggingConfig: &lambda.FunctionLoggingConfigArgs{
			LogFormat: pulumi.String("Text"),
			LogGroup:  logs.Name,
		},
		VpcConfig: &lambda.FunctionVpcConfigArgs{
			SubnetIds:        f.subnetIDs,
			SecurityGroupIds: pulumi.StringArray{f.securityGroupID},
		},
	}
	if f.environment != nil {
		args.Environment = &lambda.FunctionEnvironmentArgs{Variables: f.environment}
	}
	function, err := lambda.NewFunction(ctx, name+"-function", args, child, pulumi.DependsOn([]pulumi.Resource{policy}))
	if err != nil {
		return nil, fmt.Errorf("making the %s function: %w", f.what, err)
	}
	return function, nil
}
