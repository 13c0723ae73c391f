package search

import (
	"cdcpipeline/config"
	"fmt"
	"strconv"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/opensearch"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/secretsmanager"
	"github.com/pulumi/pulumi-random/sdk/v4/go/random"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// masterUser is the master user's name in the domain's internal user database.
const masterUser = "admin"

// masterPassword generates a password that the domain accepts: 8 to 128 characters with an upper-case and a
// lower-case letter, a digit and a special character,
// https://docs.aws.amazon.com/opensearch-service/latest/developerguide/fgac.html#fgac-more-masteruser.
func (d *Domain) masterPassword(ctx *pulumi.Context, p *domainPlan) (*random.RandomPassword, error) {
	args := &random.RandomPasswordArgs{
		Length:     pulumi.Int(32),
		MinLower:   pulumi.Int(1),
		MinUpper:   pulumi.Int(1),
		MinNumeric: pulumi.Int(1),
		MinSpecial: pulumi.Int(1),
		// No character that needs an escape in a shell, a URL or JSON.
		OverrideSpecial: pulumi.String("-_.~"),
	}
	if p.PasswordGeneration != 0 {
		args.Keepers = pulumi.StringMap{"generation": pulumi.String(strconv.Itoa(p.PasswordGeneration))}
	}
	password, err := random.NewRandomPassword(ctx, p.name+"-master", args, pulumi.Parent(d))
	if err != nil {
		return nil, fmt.Errorf("making the master password: %w", err)
	}
	return password, nil
}

// masterSecret keeps the master user's credentials for people and tools.
//
// Domain and secret hold the same password. The secret is written after the domain has accepted the password, and
// follows every change. To rotate, change PasswordGeneration.
//
// A new password changes the configuration of the provider for the domain's contents, in place. So its preview warns
// that it cannot compare those contents. When an update fails after the domain has accepted the new password, `pulumi
// refresh` signs in with the old one and is refused, until `pulumi up` has continued.
func (d *Domain) masterSecret(ctx *pulumi.Context, p *domainPlan, password *random.RandomPassword, domain *opensearch.Domain) error {
	secret, err := secretsmanager.NewSecret(ctx, p.name+"-master", &secretsmanager.SecretArgs{
		Description: pulumi.String("Master user of the OpenSearch domain " + p.DomainName),
		KmsKeyId:    p.KmsKeyArn.ToStringOutput().ToStringPtrOutput(),
		// A dev stack that is destroyed and made again must not wait until the old secret expires.
		RecoveryWindowInDays: pulumi.Int(recoveryDays(p.Environment)),
	}, pulumi.Parent(d), pulumi.Protect(p.Environment == config.Prod))
	if err != nil {
		return fmt.Errorf("making the master user's secret: %w", err)
	}
	version, err := secretsmanager.NewSecretVersion(ctx, p.name+"-master", &secretsmanager.SecretVersionArgs{
		SecretId: secret.ID(),
		SecretString: pulumi.JSONMarshal(pulumi.StringMap{
			"username": pulumi.String(masterUser), "password": password.Result,
		}).ToStringPtrOutput(),
	}, pulumi.Parent(d), pulumi.DependsOn([]pulumi.Resource{domain}))
	if err != nil {
		return fmt.Errorf("writing the master user's secret: %w", err)
	}
	d.MasterSecretArn = version.Arn
	d.MasterUser = pulumi.String(masterUser).ToStringOutput()
	// The value depends on the domain's ARN, so users of the password wait until the domain has accepted it.
	d.MasterPassword = pulumi.All(password.Result, domain.Arn).ApplyT(func(v []any) string {
		result, _ := v[0].(string)
		return result
	}).(pulumi.StringOutput)
	return nil
}

func recoveryDays(env config.Environment) int {
	if env == config.Prod {
		return 30
	}
	return 0
}
