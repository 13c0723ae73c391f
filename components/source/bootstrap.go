package source

import (
	"cdcpipeline/config"
	"cdcpipeline/internal/component"
	"cdcpipeline/internal/source/preparation"
	"cmp"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/lambda"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// BootstrapArgs are the inputs of [Bootstrap].
type BootstrapArgs struct {
	config.Source    `pulumi:"source,optional"`
	config.Functions `pulumi:"functions,optional"`
	// Environment chooses defaults. Default dev.
	Environment config.Environment `pulumi:"environment,optional"`
	// Database to prepare.
	Database Database
	// Code is the zip of functions/bootstrap, compiled for Functions.Architecture.
	Code pulumi.Archive
	// SubnetIDs for the function. From there it must reach the database and Secrets Manager. Required.
	SubnetIDs pulumi.StringArrayInput `pulumi:"subnetIds"`
	// SecurityGroupID of the function. Required.
	SecurityGroupID pulumi.StringInput `pulumi:"securityGroupId"`
	// KmsKeyArn encrypts the replication user's secret, the function's environment and its logs.
	KmsKeyArn pulumi.StringInput `pulumi:"kmsKeyArn"`
	// LobMaxSizeKb is the largest LOB that the DMS task carries, in KB. Default 64.
	LobMaxSizeKb int `pulumi:"lobMaxSizeKb,optional"`
	// Canary makes the canary's table and lets the replication user write to it.
	Canary bool `pulumi:"canary,optional"`
	// CaBundle is the PEM bundle that verifies the database's certificate. Default: [RDSCertificates].
	CaBundle string `pulumi:"caBundle,optional"`
	// StartAfter must exist before the function is invoked: VPC endpoints, routes, security group rules.
	StartAfter []pulumi.Resource
}

// Bootstrap runs SQL in the database from a function inside the VPC. It makes databases, tables and the replication
// user, and sets MySQL's binlog retention. It checks everything that DMS needs; a failed check fails the deployment
// and says what to do. With Source.Bootstrap check it only checks and changes nothing.
//
// It runs again when its input, its code or the database changes, and leaves correct settings alone. Destroying it
// keeps database, tables and user.
type Bootstrap struct {
	pulumi.ResourceState

	// Findings has one line per check: its status, and its value when there is one ("binlog_format": "ok: ROW").
	// Every deployment also shows the warnings, with what to do.
	Findings pulumi.StringMapOutput `pulumi:"findings"`
	// Result is the JSON of preparation.Findings: checks, changes, and the followed tables with columns and keys.
	Result pulumi.StringOutput `pulumi:"result"`
	// ReplicationSecretArn names DMS's login secret {"username","password","host","port"}.
	ReplicationSecretArn pulumi.StringOutput `pulumi:"replicationSecretArn"`
	// ReplicationUser is the user name that the secret started with; a rotation alternates it with another. Empty
	// when another stack or person owns the user.
	ReplicationUser string `pulumi:"replicationUser"`
	// Invocation exists when the database is ready for DMS. Make DMS depend on it.
	Invocation pulumi.Resource
}

// bootstrapPlan is the checked input that NewBootstrap makes everything from.
type bootstrapPlan struct {
	*BootstrapArgs
	name   string
	schema []preparation.Script
}

// NewBootstrap makes the function and invokes it.
func NewBootstrap(ctx *pulumi.Context, name string, args *BootstrapArgs, opts ...pulumi.ResourceOption) (*Bootstrap, error) {
	p, err := args.check(name)
	if err != nil {
		return nil, err
	}
	b := &Bootstrap{}
	return component.Make(ctx, bootstrapKind, name, b, component.Steps{
		Inputs:    p.shown(),
		Provision: func() error { return b.provision(ctx, p) },
		Outputs: func() pulumi.Map {
			return pulumi.Map{"findings": b.Findings, "replicationSecretArn": b.ReplicationSecretArn}
		},
	}, opts...)
}

// shown are the arguments that the stack shows.
func (p *bootstrapPlan) shown() pulumi.Map {
	if p.PostgreSQL() {
		return pulumi.Map{"databaseName": pulumi.String(p.DatabaseName), "tables": pulumi.Int(len(p.Tables))}
	}
	return pulumi.Map{"binlogRetentionHours": pulumi.Int(p.BinlogRetentionHours), "tables": pulumi.Int(len(p.Tables))}
}

func (args *BootstrapArgs) check(name string) (*bootstrapPlan, error) {
	a, err := component.Args(bootstrapKind, args)
	if err != nil {
		return nil, err
	}
	a.Environment = a.Environment.WithDefault()
	a.Source = a.Source.WithDefaults(a.Environment)
	a.Functions = a.Functions.WithDefaults(a.Environment)
	a.LobMaxSizeKb = cmp.Or(a.LobMaxSizeKb, 64)
	schema, err := readSchema(a.SchemaFiles)
	p := &bootstrapPlan{BootstrapArgs: a, name: name, schema: schema}
	if len(schema) == 0 && !a.checkOnly() {
		p.schema = p.defaultSchema()
	}
	return p, bootstrapKind.Check(a.Source.Validate(), a.Functions.Validate(), err,
		component.Required(component.Given{
			"Database": a.Database.Host.OutputState != nil, "Code": a.Code != nil,
			"SubnetIDs": a.SubnetIDs != nil, "SecurityGroupID": a.SecurityGroupID != nil, "KmsKeyArn": a.KmsKeyArn != nil,
		}))
}

func (b *Bootstrap) provision(ctx *pulumi.Context, p *bootstrapPlan) error {
	user, err := b.user(ctx, p.name, p.BootstrapArgs)
	if err != nil {
		return err
	}
	function, err := b.newFunction(ctx, p.name, p.BootstrapArgs, user)
	if err != nil {
		return err
	}
	invocation, err := b.invoke(ctx, p, function, user)
	if err != nil {
		return err
	}
	b.ReplicationSecretArn, b.ReplicationUser = user.filled, user.name
	b.Invocation = invocation
	b.Result = invocation.Result
	b.Findings = b.summary(ctx, invocation.Result)
	return nil
}

func (b *Bootstrap) newFunction(ctx *pulumi.Context, name string, a *BootstrapArgs, user replicationUser) (*lambda.Function, error) {
	return databaseFunction{
		Functions: a.Functions, what: "bootstrap", code: a.Code,
		description:     "Prepares the source database for DMS and checks it",
		roleDescription: "The function that prepares the source database for DMS",
		subnetIDs:       a.SubnetIDs, securityGroupID: a.SecurityGroupID, kmsKeyArn: a.KmsKeyArn,
		policy: func(logGroup pulumi.StringInput) pulumi.StringOutput { return bootstrapPolicy(a, logGroup, user) },
	}.make(ctx, name, b)
}
