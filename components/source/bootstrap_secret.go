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

// recoveryDays is how long a deleted secret can be restored in prod; in dev its name is free at once.
const recoveryDays = 30

// replicationUser is DMS's login user, made by the bootstrap or adopted.
type replicationUser struct {
	// made reports whether this stack owns the secret and the user.
	made bool
	// name is the user name that the secret started with; empty when the user is adopted.
	name string
	// secret is the secret's ARN. filled is the same ARN, available once the secret holds a value: DMS could not log
	// in with an endpoint made from an empty secret,
	// https://docs.aws.amazon.com/dms/latest/userguide/security_iam_secretsmanager.html.
	secret, filled pulumi.StringOutput
	// version changes when the secret gets another initial value.
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

// newSecret makes the replication user's secret in the format that DMS reads.
// https://docs.aws.amazon.com/dms/latest/userguide/security_iam_secretsmanager.html
//
// Its first value is only an initial one. The stack ignores the value from then on, so it never overwrites later
// values from a rotation or a moved database.
func (b *Bootstrap) newSecret(ctx *pulumi.Context, name string, a *BootstrapArgs) (*secretsmanager.Secret, *secretsmanager.SecretVersion, error) {
	parent := pulumi.Parent(b)
	password, err := random.NewRandomPassword(ctx, name+"-replication-password", &random.RandomPasswordArgs{
		Length:     pulumi.Int(32),
		MinLower:   pulumi.Int(1),
		MinUpper:   pulumi.Int(1),
		MinNumeric: pulumi.Int(1),
		MinSpecial: pulumi.Int(1),
		// DMS splits its connection settings at other special characters.
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

// ownUser is a user name that belongs to this stack only, because two stacks may follow one database. It has at most
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
