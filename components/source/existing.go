package source

import (
	"cdcpipeline/config"
	"errors"
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// ExistingArgs are the inputs of [Existing].
type ExistingArgs struct {
	config.Source
	// Environment chooses defaults. Default dev.
	Environment config.Environment
	// SecretKmsKeyArn is the customer key of the admin secret; leave it out when the secret uses the key of
	// Secrets Manager.
	SecretKmsKeyArn pulumi.StringInput
}

// Existing is a MySQL-compatible database of yours. Nothing of it is made, changed or deleted here; [Bootstrap]
// reads it, sets its binary log's retention and adds one user.
type Existing struct {
	pulumi.ResourceState
	Database
}

// NewExisting adopts the database that Source.Existing names.
func NewExisting(ctx *pulumi.Context, name string, args *ExistingArgs, opts ...pulumi.ResourceOption) (*Existing, error) {
	if args == nil || args.Source.Existing == nil {
		return nil, errors.New("source.Existing: Source.Existing with host, secretArn and securityGroupId is required")
	}
	cfg := args.WithDefaults(environmentOr(args.Environment))
	if err := cfg.Validate(); err != nil {
		return nil, fmt.Errorf("checking the source: %w", err)
	}
	database := cfg.Existing
	e := &Existing{}
	props := pulumi.Map{"host": pulumi.String(database.Host), "port": pulumi.Int(database.Port)}
	if err := ctx.RegisterComponentResourceV2("cdcpipeline:source:Existing", name, props, e, opts...); err != nil {
		return nil, fmt.Errorf("registering the existing source: %w", err)
	}
	e.Database = Database{
		Host:            pulumi.String(database.Host).ToStringOutput(),
		Port:            pulumi.Int(database.Port).ToIntOutput(),
		AdminSecretArn:  pulumi.String(database.SecretArn).ToStringOutput(),
		SecurityGroupID: pulumi.String(database.SecurityGroupID).ToStringOutput(),
		EngineName:      "mysql",
		Incarnation:     pulumi.Sprintf("%s:%d", database.Host, database.Port),
	}
	if args.SecretKmsKeyArn != nil {
		e.SecretKmsKeyArn = args.SecretKmsKeyArn.ToStringOutput()
	}
	outputs := pulumi.Map{"host": e.Host, "port": e.Port, "adminSecretArn": e.AdminSecretArn}
	if err := ctx.RegisterResourceOutputs(e, outputs); err != nil {
		return nil, fmt.Errorf("registering the existing source's outputs: %w", err)
	}
	return e, nil
}
