package provider

import (
	"cdcpipeline/components/source"
	"cdcpipeline/config"
	"cmp"
	"fmt"
	"os"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// DatabaseAddress is the address of a database and its administrator. source.AuroraMySQL, source.AuroraPostgreSQL and source.Existing have outputs
// with the same names.
type DatabaseAddress struct {
	// Host of the writer. DMS cannot follow a reader.
	Host pulumi.StringInput `pulumi:"host"`
	// Port on which the writer listens.
	Port pulumi.IntInput `pulumi:"port"`
	// AdminSecretArn names the secret {"username","password"} of a user who may create users and read variables.
	AdminSecretArn pulumi.StringInput `pulumi:"adminSecretArn"`
	// SecretKmsKeyArn is the customer key that encrypts this secret. Default: the key of Secrets Manager.
	SecretKmsKeyArn pulumi.StringInput `pulumi:"secretKmsKeyArn,optional"`
	// Incarnation changes when another database replaces this one, even at the same address. Default: the address.
	Incarnation pulumi.StringInput `pulumi:"incarnation,optional"`
}

// database returns the database for Go's components. The section source has its engine.
func (a DatabaseAddress) database(of config.Source) source.Database {
	d := source.Database{
		Host: a.Host.ToStringOutput(), Port: a.Port.ToIntOutput(), AdminSecretArn: a.AdminSecretArn.ToStringOutput(),
		Engine: of.Engine, Name: of.DatabaseName, Incarnation: pulumi.Sprintf("%s:%d", a.Host, a.Port),
	}
	if a.SecretKmsKeyArn != nil {
		d.SecretKmsKeyArn = a.SecretKmsKeyArn.ToStringOutput()
	}
	if a.Incarnation != nil {
		d.Incarnation = a.Incarnation.ToStringOutput()
	}
	return d
}

// DatabaseFunction are the inputs of a function that works on a database.
type DatabaseFunction struct {
	// Database that the function works on.
	Database DatabaseAddress `pulumi:"database"`
	// Code is the function's zip, compiled for functions.architecture. Default: the zip that is released with the plugin.
	Code pulumi.Archive `pulumi:"code,optional"`
}

// bundle returns the certificates that verify the database's: the given text, the content of the section's file, or nothing.
func bundle(given string, of config.Source) (string, error) {
	if given != "" || of.CaFile == "" {
		return given, nil
	}
	pem, err := os.ReadFile(of.CaFile)
	if err != nil {
		return "", fmt.Errorf("source.caFile: %w", err)
	}
	return string(pem), nil
}

var bootstrapForm = taking("source.Bootstrap", func(
	ctx *pulumi.Context, name string, args *source.BootstrapArgs, more *DatabaseFunction, opts ...pulumi.ResourceOption,
) (*source.Bootstrap, error) {
	var err error
	if args.Code, err = functionCode(more.Code, "bootstrap", args.Functions); err != nil {
		return nil, err
	}
	if args.CaBundle, err = bundle(args.CaBundle, args.Source); err != nil {
		return nil, err
	}
	args.Database = more.Database.database(args.Source.WithDefaults(args.Environment.WithDefault()))
	return source.NewBootstrap(ctx, name, args, opts...)
})

var rotationForm = taking("source.Rotation", func(
	ctx *pulumi.Context, name string, args *source.RotationArgs, more *DatabaseFunction, opts ...pulumi.ResourceOption,
) (*source.Rotation, error) {
	var err error
	if args.Code, err = functionCode(more.Code, "rotation", args.Functions); err != nil {
		return nil, err
	}
	if args.CaBundle, err = bundle(args.CaBundle, args.Source); err != nil {
		return nil, err
	}
	args.Database = more.Database.database(args.Source.WithDefaults(args.Environment.WithDefault()))
	return source.NewRotation(ctx, name, args, opts...)
})

// engine makes one engine the default of an Aurora cluster.
func engine(of config.Engine) func(*source.AuroraArgs) {
	return func(a *source.AuroraArgs) { a.Engine = cmp.Or(a.Engine, of) }
}
