package source

import (
	"cdcpipeline/config"
	"cdcpipeline/internal/source/mysql/rotation"
	"crypto/sha256"
	"fmt"
	"regexp"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/secretsmanager"
	"github.com/pulumi/pulumi-random/sdk/v4/go/random"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// recoveryDays is how long a deleted secret can be brought back in prod; in dev its name is free at once.
const recoveryDays = 30

// replicationUser is who DMS logs in as: made by the bootstrap, or there already.
type replicationUser struct {
	// made says that secret and user are this stack's own.
	made bool
	// name that the secret began with; empty when the user is not made here.
	name string
	// secret is the ARN of the secret, filled the same once it holds a value: an endpoint of DMS made from a secret that is
	// still empty has nothing to log in with, https://docs.aws.amazon.com/dms/latest/userguide/security_iam_secretsmanager.html.
	secret, filled pulumi.StringOutput
	// version changes when the secret gets another seed.
	version      pulumi.StringOutput
	dependencies []pulumi.Resource
}

func (b *Bootstrap) user(ctx *pulumi.Context, name string, a *BootstrapArgs) (replicationUser, error) {
	if a.checkOnly() {
		arn := pulumi.String(a.Source.ReplicationSecretArn).ToStringOutput()
		return replicationUser{secret: arn, filled: arn, version: arn}, nil
	}
	secret, version, err := b.newSecret(ctx, name, a)
	if err != nil {
		return replicationUser{}, err
	}
	return replicationUser{
		made: true, name: ownUser(ctx, name), secret: secret.Arn, filled: version.Arn, version: version.VersionId,
		dependencies: []pulumi.Resource{version},
	}, nil
}

// newSecret makes the replication user's secret in the shape that DMS reads.
// https://docs.aws.amazon.com/dms/latest/userguide/security_iam_secretsmanager.html
//
// Its first value is only a seed: later ones (a rotation, a database that moved) are never written over, because
// the value is ignored from then on.
func (b *Bootstrap) newSecret(ctx *pulumi.Context, name string, a *BootstrapArgs) (*secretsmanager.Secret, *secretsmanager.SecretVersion, error) {
	parent := pulumi.Parent(b)
	password, err := random.NewRandomPassword(ctx, name+"-replication-password", &random.RandomPasswordArgs{
		Length:     pulumi.Int(32),
		MinLower:   pulumi.Int(1),
		MinUpper:   pulumi.Int(1),
		MinNumeric: pulumi.Int(1),
		MinSpecial: pulumi.Int(1),
		// DMS splits its connection settings at other characters.
		OverrideSpecial: pulumi.String("-_."),
	}, parent)
	if err != nil {
		return nil, nil, fmt.Errorf("making the replication user's password: %w", err)
	}
	days := 0
	if a.Environment == config.Prod {
		days = recoveryDays
	}
	secret, err := secretsmanager.NewSecret(ctx, name+"-replication-secret", &secretsmanager.SecretArgs{
		Description:          pulumi.String("The user that DMS follows the source database as"),
		KmsKeyId:             a.KmsKeyArn.ToStringOutput().ToStringPtrOutput(),
		RecoveryWindowInDays: pulumi.Int(days),
	}, parent)
	if err != nil {
		return nil, nil, fmt.Errorf("making the replication user's secret: %w", err)
	}
	value := pulumi.JSONMarshal(pulumi.Map{
		"username": pulumi.String(ownUser(ctx, name)),
		"password": password.Result,
		"host":     a.Database.Host,
		"port":     a.Database.Port,
	})
	version, err := secretsmanager.NewSecretVersion(ctx, name+"-replication-secret-seed", &secretsmanager.SecretVersionArgs{
		SecretId:     secret.ID(),
		SecretString: pulumi.ToSecret(value).(pulumi.StringOutput).ToStringPtrOutput(),
	}, parent, pulumi.IgnoreChanges([]string{"secretString"}))
	if err != nil {
		return nil, nil, fmt.Errorf("seeding the replication user's secret: %w", err)
	}
	return secret, version, nil
}

var notInUserNames = regexp.MustCompile(`[^a-z0-9_]+`)

// ownUser is a user name of this stack's own, since two stacks may follow one database: at most
// [rotation.MaxUser] characters.
func ownUser(ctx *pulumi.Context, name string) string {
	return userName(ctx.Organization(), ctx.Project(), ctx.Stack(), name)
}

func userName(organization, project, stack, name string) string {
	readable := notInUserNames.ReplaceAllString(strings.ToLower(stack), "_")
	readable = readable[:min(len(readable), rotation.MaxUser-len("cdc__")-8)]
	hash := sha256.Sum256([]byte(strings.Join([]string{organization, project, stack, name}, "\x00")))
	return fmt.Sprintf("cdc_%s_%x", readable, hash[:4])
}
