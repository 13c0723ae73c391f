package source

import (
	"cdcpipeline/config"
	"cdcpipeline/internal/component"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// ExistingArgs are the inputs of [Existing].
type ExistingArgs struct {
	config.Source `pulumi:"source"`
	// Environment chooses defaults. Default dev.
	Environment config.Environment `pulumi:"environment,optional"`
	// SecretKmsKeyArn is the customer key of the admin secret. Omit it when the secret uses the key of Secrets
	// Manager.
	SecretKmsKeyArn pulumi.StringInput `pulumi:"secretKmsKeyArn,optional"`
}

// Existing adopts a database. It makes, changes and deletes nothing in it. [Bootstrap] reads the database and adds
// one user; for MySQL it also sets the binlog retention.
type Existing struct {
	pulumi.ResourceState
	Database
}

// NewExisting adopts the database that Source.Existing names.
func NewExisting(ctx *pulumi.Context, name string, args *ExistingArgs, opts ...pulumi.ResourceOption) (*Existing, error) {
	a, err := args.check()
	if err != nil {
		return nil, err
	}
	e := &Existing{}
	return component.Make(ctx, existingKind, name, e, component.Steps{
		Inputs:    pulumi.Map{"host": pulumi.String(a.Existing.Host), "port": pulumi.Int(a.Existing.Port)},
		Provision: func() error { return e.provision(a) },
		Outputs:   e.outputs,
	}, opts...)
}

func (args *ExistingArgs) check() (*ExistingArgs, error) {
	a, err := component.Args(existingKind, args)
	if err != nil {
		return nil, err
	}
	a.Environment = a.Environment.WithDefault()
	a.Source = a.Source.WithDefaults(a.Environment)
	return a, existingKind.Check(a.Source.Validate(), component.Required(component.Given{"Source.Existing": a.Existing != nil}))
}

func (e *Existing) provision(a *ExistingArgs) error {
	e.Database = Database{
		Host:            pulumi.String(a.Existing.Host).ToStringOutput(),
		Port:            pulumi.Int(a.Existing.Port).ToIntOutput(),
		AdminSecretArn:  pulumi.String(a.Existing.SecretArn).ToStringOutput(),
		SecurityGroupID: pulumi.String(a.Existing.SecurityGroupID).ToStringOutput(),
		Engine:          a.Engine,
		EngineName:      map[config.Engine]string{config.EngineMySQL: "mysql", config.EnginePostgreSQL: "postgres"}[a.Engine],
		Name:            a.DatabaseName,
		Incarnation:     pulumi.Sprintf("%s:%d", a.Existing.Host, a.Existing.Port),
	}
	if a.SecretKmsKeyArn != nil {
		e.SecretKmsKeyArn = a.SecretKmsKeyArn.ToStringOutput()
	}
	return nil
}
