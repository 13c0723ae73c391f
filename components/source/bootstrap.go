package source

import (
	"cdcpipeline/components/iampolicy"
	"cdcpipeline/config"
	"errors"
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/lambda"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

const (
	// bootstrapSeconds covers a writer that comes up late and tables that are read once for their LOBs.
	bootstrapSeconds  = 300
	bootstrapMemoryMb = 256
)

// BootstrapArgs are the inputs of [Bootstrap].
type BootstrapArgs struct {
	config.Source
	config.Functions
	// Environment chooses defaults. Default dev.
	Environment config.Environment
	// Database to prepare.
	Database Database
	// Code is the zip of functions/bootstrap, compiled for Functions.Architecture.
	Code pulumi.Archive
	// SubnetIDs and SecurityGroupID the function runs in; from there it must reach the database and Secrets Manager.
	SubnetIDs       pulumi.StringArrayInput
	SecurityGroupID pulumi.StringInput
	// KmsKeyArn encrypts the replication user's secret, the function's environment and its logs.
	KmsKeyArn pulumi.StringInput
	// LobMaxSizeKb is the largest LOB the DMS task takes. Default 64.
	LobMaxSizeKb int
	// CaBundle (PEM) that signs the database's certificate. Default: [RDSCertificates].
	CaBundle string
	// StartAfter must exist before the function is invoked: VPC endpoints, routes, security group rules.
	StartAfter []pulumi.Resource
}

// Bootstrap runs SQL in the database from a function inside the VPC: binary log retention, databases, tables, the
// replication user. It checks everything DMS needs; a failed check fails the deployment with what to do about it.
//
// It runs again when its input, its code or the database changes, and changes nothing that is right already.
// Destroying it leaves database, tables and user as they are.
type Bootstrap struct {
	pulumi.ResourceState

	// Findings is a line per check: its status, and its value when there is one ("binlog_format": "ok: ROW").
	Findings pulumi.StringMapOutput
	// Result is the JSON of bootstrap.Findings: checks, changes, and the followed tables with columns and keys.
	Result pulumi.StringOutput
	// ReplicationSecretArn names the secret {"username","password","host","port"} that DMS logs in with.
	ReplicationSecretArn pulumi.StringOutput
	// Invocation exists when the database is ready for DMS: what starts DMS depends on it.
	Invocation pulumi.Resource
}

// NewBootstrap makes the function and invokes it.
func NewBootstrap(ctx *pulumi.Context, name string, args *BootstrapArgs, opts ...pulumi.ResourceOption) (*Bootstrap, error) {
	if args == nil {
		return nil, errors.New("source.Bootstrap: arguments are required")
	}
	a, schema, err := args.check()
	if err != nil {
		return nil, err
	}
	b := &Bootstrap{}
	props := pulumi.Map{"binlogRetentionHours": pulumi.Int(a.BinlogRetentionHours), "tables": pulumi.Int(len(a.Tables))}
	if err := ctx.RegisterComponentResourceV2("cdcpipeline:source:Bootstrap", name, props, b, opts...); err != nil {
		return nil, fmt.Errorf("registering the bootstrap: %w", err)
	}
	secret, version, err := b.newSecret(ctx, name, a)
	if err != nil {
		return nil, err
	}
	function, err := b.newFunction(ctx, name, a, secret.Arn)
	if err != nil {
		return nil, err
	}
	invocation, err := b.invoke(ctx, name, a, schema, function, version)
	if err != nil {
		return nil, err
	}
	// The version's ARN is the secret's, known once the secret holds a value: an endpoint of DMS made from a secret that
	// is still empty has nothing to log in with, https://docs.aws.amazon.com/dms/latest/userguide/security_iam_secretsmanager.html.
	b.ReplicationSecretArn = version.Arn
	b.Invocation = invocation
	b.Result = invocation.Result
	b.Findings = summary(invocation.Result)
	outputs := pulumi.Map{"findings": b.Findings, "replicationSecretArn": b.ReplicationSecretArn}
	if err := ctx.RegisterResourceOutputs(b, outputs); err != nil {
		return nil, fmt.Errorf("registering the bootstrap's outputs: %w", err)
	}
	return b, nil
}

// newFunction makes the function after its log group, which Lambda would otherwise make without key or end.
func (b *Bootstrap) newFunction(ctx *pulumi.Context, name string, a *BootstrapArgs, secretArn pulumi.StringInput) (*lambda.Function, error) {
	parent := pulumi.Parent(b)
	logs, err := cloudwatch.NewLogGroup(ctx, name+"-logs", &cloudwatch.LogGroupArgs{
		RetentionInDays: pulumi.Int(a.LogRetentionDays),
		KmsKeyId:        a.KmsKeyArn.ToStringOutput().ToStringPtrOutput(),
	}, parent)
	if err != nil {
		return nil, fmt.Errorf("making the bootstrap's log group: %w", err)
	}
	role, err := iam.NewRole(ctx, name+"-role", &iam.RoleArgs{
		Description:      pulumi.String("The function that prepares the source database for DMS"),
		AssumeRolePolicy: iampolicy.Trust("lambda.amazonaws.com"),
	}, parent)
	if err != nil {
		return nil, fmt.Errorf("making the bootstrap's role: %w", err)
	}
	policy, err := iam.NewRolePolicy(ctx, name+"-policy", &iam.RolePolicyArgs{
		Role:   role.ID(),
		Policy: bootstrapPolicy(a, logs.Arn, secretArn),
	}, parent)
	if err != nil {
		return nil, fmt.Errorf("making the bootstrap's policy: %w", err)
	}
	function, err := lambda.NewFunction(ctx, name+"-function", &lambda.FunctionArgs{
		Description:   pulumi.String("Prepares the source database for DMS and checks it"),
		Role:          role.Arn,
		Runtime:       pulumi.String("provided.al2023"),
		Handler:       pulumi.String("bootstrap"),
		Architectures: pulumi.StringArray{pulumi.String(a.Architecture)},
		Code:          a.Code,
		Timeout:       pulumi.Int(bootstrapSeconds),
		MemorySize:    pulumi.Int(bootstrapMemoryMb),
		LoggingConfig: &lambda.FunctionLoggingConfigArgs{
			LogFormat: pulumi.String("Text"),
			LogGroup:  logs.Name,
		},
		VpcConfig: &lambda.FunctionVpcConfigArgs{
			SubnetIds:        a.SubnetIDs,
			SecurityGroupIds: pulumi.StringArray{a.SecurityGroupID},
		},
	}, parent, pulumi.DependsOn([]pulumi.Resource{policy}))
	if err != nil {
		return nil, fmt.Errorf("making the bootstrap function: %w", err)
	}
	return function, nil
}
