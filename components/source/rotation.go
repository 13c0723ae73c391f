package source

import (
	"cdcpipeline/config"
	"cdcpipeline/internal/component"
	"cdcpipeline/internal/source/mysql/rotation"
	"cdcpipeline/internal/source/postgres"
	postgresrotation "cdcpipeline/internal/source/postgres/rotation"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/lambda"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/secretsmanager"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// RotationArgs are the inputs of [Rotation].
type RotationArgs struct {
	config.Source    `pulumi:"source,optional"`
	config.Functions `pulumi:"functions,optional"`
	// Environment chooses defaults. Default dev.
	Environment config.Environment `pulumi:"environment,optional"`
	// Database of the user.
	Database Database
	// SecretArn names the secret {"username","password","host","port"} to rotate: [Bootstrap.ReplicationSecretArn].
	SecretArn pulumi.StringInput `pulumi:"secretArn"`
	// User is the user name that the secret started with, at most [rotation.MaxUser] characters:
	// [Bootstrap.ReplicationUser].
	User string `pulumi:"user"`
	// Code is the zip of functions/rotation, compiled for Functions.Architecture.
	Code pulumi.Archive
	// SubnetIDs for the function. From there it must reach the database and Secrets Manager. Required.
	SubnetIDs pulumi.StringArrayInput `pulumi:"subnetIds"`
	// SecurityGroupID of the function. Required.
	SecurityGroupID pulumi.StringInput `pulumi:"securityGroupId"`
	// KmsKeyArn encrypts the secret and the function's logs.
	KmsKeyArn pulumi.StringInput `pulumi:"kmsKeyArn"`
	// CaBundle is the PEM bundle that verifies the database's certificate, at most 3,000 characters. Default:
	// [RDSCertificates].
	CaBundle string `pulumi:"caBundle,optional"`
	// StartAfter must exist before the rotation is set up: the user, VPC endpoints, routes, security group rules.
	StartAfter []pulumi.Resource
}

// Rotation gives the replication user a new password every Source.RotationDays, from a function inside the VPC. In
// MySQL two users alternate, so DMS's present login stays valid until the rotation after the next. In PostgreSQL the
// user, who owns the heartbeat's table, changes its own password; open sessions continue.
//
// Making it does not rotate; Secrets Manager only tests the login. Destroying it keeps both users, and the secret
// still names one of them.
type Rotation struct {
	pulumi.ResourceState

	// FunctionName of the rotation function. Its log tells why a rotation failed.
	FunctionName pulumi.StringOutput `pulumi:"functionName"`
	// Resource is the secret's rotation.
	Resource pulumi.Resource
}

// NewRotation makes the function and lets Secrets Manager call it.
func NewRotation(ctx *pulumi.Context, name string, args *RotationArgs, opts ...pulumi.ResourceOption) (*Rotation, error) {
	a, err := args.check()
	if err != nil {
		return nil, err
	}
	r := &Rotation{}
	return component.Make(ctx, rotationKind, name, r, component.Steps{
		Inputs:    pulumi.Map{"rotationDays": pulumi.Int(*a.RotationDays)},
		Provision: func() error { return r.provision(ctx, name, a) },
		Outputs:   func() pulumi.Map { return pulumi.Map{"functionName": r.FunctionName} },
	}, opts...)
}

func (args *RotationArgs) check() (*RotationArgs, error) {
	a, err := component.Args(rotationKind, args)
	if err != nil {
		return nil, err
	}
	a.Environment = a.Environment.WithDefault()
	a.Source = a.Source.WithDefaults(a.Environment)
	a.Functions = a.Functions.WithDefaults(a.Environment)
	problems := []error{a.Source.Validate(), a.Functions.Validate(), component.Required(component.Given{
		"Database": a.Database.Host.OutputState != nil, "SecretArn": a.SecretArn != nil, "User": a.User != "", "Code": a.Code != nil,
		"SubnetIDs": a.SubnetIDs != nil, "SecurityGroupID": a.SecurityGroupID != nil, "KmsKeyArn": a.KmsKeyArn != nil,
	})}
	if !a.Rotates() {
		problems = append(problems, errors.New("source.rotationDays: is 0: leave source.Rotation out"))
	}
	if len(a.User) > rotation.MaxUser {
		problems = append(problems, fmt.Errorf("the User %q is longer than %d characters", a.User, rotation.MaxUser))
	}
	a.CaBundle, err = CompactCertificates(a.CaBundle, "rotation", "set source.rotationDays to 0")
	return a, rotationKind.Check(append(problems, err)...)
}

func (r *Rotation) provision(ctx *pulumi.Context, name string, a *RotationArgs) error {
	function, err := databaseFunction{
		Functions: a.Functions, what: "rotation", code: a.Code,
		description:     "Rotates the password of the user that DMS follows the source database as",
		roleDescription: "The function that rotates the password of the user that DMS logs in as",
		subnetIDs:       a.SubnetIDs, securityGroupID: a.SecurityGroupID, kmsKeyArn: a.KmsKeyArn,
		policy:      a.policy,
		environment: pulumi.StringMap{rotation.Variable: a.settings()},
	}.make(ctx, name, r)
	if err != nil {
		return err
	}
	r.FunctionName = function.Name
	return r.schedule(ctx, name, a, function)
}

// settings are the function's settings as JSON: a rotation.Settings of MySQL or PostgreSQL. They hold no secret.
func (args *RotationArgs) settings() pulumi.StringOutput {
	return pulumi.All(args.Database.Host, args.Database.Port, args.Database.AdminSecretArn).ApplyT(func(known []any) (string, error) {
		text, err := json.Marshal(args.settingsAt(known[0].(string), known[1].(int), known[2].(string)))
		if err != nil {
			return "", fmt.Errorf("writing the rotation's settings: %w", err)
		}
		return string(text), nil
	}).(pulumi.StringOutput)
}

func (args *RotationArgs) settingsAt(host string, port int, adminSecret string) any {
	if args.PostgreSQL() {
		return postgresrotation.Settings{
			Engine: postgres.Engine, User: args.User, Host: host, Port: port, DatabaseName: args.DatabaseName, Certificates: args.CaBundle,
		}
	}
	return rotation.Settings{User: args.User, Host: host, Port: port, AdminSecret: adminSecret, Certificates: args.CaBundle}
}

// schedule sets the interval and lets Secrets Manager call the function, for this account only. AWS does not document
// that Secrets Manager names the secret to Lambda (aws:SourceArn), so the permission does not require it:
// https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotate-secrets_turn-on-for-other.html.
func (r *Rotation) schedule(ctx *pulumi.Context, name string, a *RotationArgs, function *lambda.Function) error {
	parent := pulumi.Parent(r)
	caller, err := aws.GetCallerIdentity(ctx, &aws.GetCallerIdentityArgs{}, parent)
	if err != nil {
		return fmt.Errorf("looking up the account: %w", err)
	}
	permission, err := lambda.NewPermission(ctx, name+"-permission", &lambda.PermissionArgs{
		Function:      function.Name,
		Action:        pulumi.String("lambda:InvokeFunction"),
		Principal:     pulumi.String("secretsmanager.amazonaws.com"),
		SourceAccount: pulumi.String(caller.AccountId),
	}, parent)
	if err != nil {
		return fmt.Errorf("permitting the rotation to be called: %w", err)
	}
	dependencies := slices.Concat([]pulumi.Resource{permission}, a.Database.Ready, a.StartAfter)
	rotation, err := secretsmanager.NewSecretRotation(ctx, name+"-schedule", &secretsmanager.SecretRotationArgs{
		SecretId:          a.SecretArn,
		RotationLambdaArn: function.Arn,
		RotateImmediately: pulumi.Bool(false),
		RotationRules:     &secretsmanager.SecretRotationRotationRulesArgs{AutomaticallyAfterDays: pulumi.Int(*a.RotationDays)},
	}, parent, pulumi.DependsOn(dependencies))
	if err != nil {
		return fmt.Errorf("scheduling the rotation: %w", err)
	}
	r.Resource = rotation
	return nil
}
