package replication

import (
	"cdcpipeline/config"
	"cdcpipeline/internal/iampolicy"
	"cdcpipeline/internal/naming"
	"errors"
	"fmt"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/dms"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// SourceEndpoint is the database that is followed.
type SourceEndpoint struct {
	// EngineName as DMS calls it: aurora or mysql, aurora-postgresql or postgres.
	EngineName string `pulumi:"engineName"`
	// DatabaseName is the followed database of PostgreSQL; empty for MySQL.
	DatabaseName string `pulumi:"databaseName,optional"`
	// SecretArn names the secret {"username","password","host","port"} of the replication user.
	SecretArn pulumi.StringInput `pulumi:"secretArn"`
}

// engine of the database. DMS's name aurora means MySQL.
func (s SourceEndpoint) engine() config.Engine {
	if s.EngineName == "postgres" || s.EngineName == "aurora-postgresql" {
		return config.EnginePostgreSQL
	}
	return config.EngineMySQL
}

// check reports missing fields of the endpoint.
func (s SourceEndpoint) check() error {
	if s.engine() == config.EnginePostgreSQL && s.DatabaseName == "" {
		return errors.New("Source.DatabaseName: is missing: a task logs in to one database of PostgreSQL")
	}
	return nil
}

func (r *Replication) source(ctx *pulumi.Context, p *plan, before []pulumi.Resource) (*dms.Endpoint, error) {
	role, policy, err := r.sourceRole(ctx, p)
	if err != nil {
		return nil, err
	}
	certificate, err := r.certificate(ctx, p)
	if err != nil {
		return nil, err
	}
	args := &dms.EndpointArgs{
		EndpointId:                  pulumi.String(p.id + "-source"),
		EndpointType:                pulumi.String("source"),
		EngineName:                  pulumi.String(p.Source.EngineName),
		SecretsManagerArn:           p.Source.SecretArn.ToStringOutput().ToStringPtrOutput(),
		SecretsManagerAccessRoleArn: role.Arn,
		KmsKeyArn:                   p.KmsKeyArn.ToStringOutput().ToStringPtrOutput(),
		SslMode:                     pulumi.String("verify-ca"),
		CertificateArn:              certificate.CertificateArn,
		PauseReplicationTasks:       pulumi.Bool(true),
	}
	if p.Source.engine() == config.EnginePostgreSQL {
		args.DatabaseName, args.PostgresSettings = pulumi.String(p.Source.DatabaseName), postgresSettings()
	} else {
		args.ExtraConnectionAttributes = pulumi.String(mysqlAttributes)
	}
	endpoint, err := dms.NewEndpoint(ctx, p.name+"-source", args, p.endpointOptions(r, append(before, role, policy)...)...)
	if err != nil {
		return nil, fmt.Errorf("making the source endpoint: %w", err)
	}
	r.SourceEndpointArn = endpoint.EndpointArn
	return endpoint, nil
}

// mysqlAttributes set how often DMS looks for changes while the database is idle, in seconds: 5 by default, 1 at
// least, https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Source.MySQL.html#CHAP_Source.MySQL.ConnectionAttrib.
// They are spelled as DMS returns them, because for a MySQL endpoint the provider compares the plain text.
//
// A statement on partitions would suspend its table, and every later change of the table would be lost. With this
// setting DMS goes on. DMS sends no deletes for a dropped partition's rows; `cdc status` reports it.
const mysqlAttributes = "EventsPollInterval=1;skipTableSuspensionForPartitionDdl=true;"

// heartbeatMinutes is the interval of DMS's own transactions. They advance the slot of an otherwise idle database.
const heartbeatMinutes = 5

// postgresSettings are,
// https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Source.PostgreSQL.html#CHAP_Source.PostgreSQL.ConnectionAttrib:
//
//   - a heartbeat, in a schema that the replication user owns and nobody follows: off by default, in public;
//   - no capture of statements, which would need a superuser's trigger and a table in public that everybody may write: what follows
//     from that is for the bootstrap to say;
//   - the plugin that every PostgreSQL has: DMS would take pglogical where that is installed;
//   - booleans as booleans: they are text of up to five letters by default;
//   - a LOB that would be truncated ends the task, as the task's settings have it for other engines.
func postgresSettings() *dms.EndpointPostgresSettingsArgs {
	return &dms.EndpointPostgresSettingsArgs{
		CaptureDdls:              pulumi.Bool(false),
		FailTasksOnLobTruncation: pulumi.Bool(true),
		HeartbeatEnable:          pulumi.Bool(true),
		HeartbeatFrequency:       pulumi.Int(heartbeatMinutes),
		HeartbeatSchema:          pulumi.String(config.HeartbeatSchema),
		MapBooleanAsBoolean:      pulumi.Bool(true),
		PluginName:               pulumi.String("test-decoding"),
	}
}

// endpointOptions deletes an endpoint before its replacement, because its id is fixed. Other changes happen in place.
// DMS refuses them while a task runs, so the provider stops the endpoint's tasks (pauseReplicationTasks),
// https://github.com/hashicorp/terraform-provider-aws/issues/27661. It restarts them only when no other test of the
// endpoint is under way, and DMS begins one itself, so the deployer starts the task. The provider does not know
// serverless tasks: a hook stops those.
//
// The changes run one after the other: the instance, which tests; the source; the target. Two changes that stop and
// start the same task at the same time would find it running.
func (p *plan) endpointOptions(r *Replication, after ...pulumi.Resource) []pulumi.ResourceOption {
	return append(p.hooked(), pulumi.Parent(r), pulumi.DependsOn(after), pulumi.DeleteBeforeReplace(true))
}

// certificate imports the CA bundle. Its id changes with the text, so a new bundle exists before the endpoint
// releases the old one.
func (r *Replication) certificate(ctx *pulumi.Context, p *plan) (*dms.Certificate, error) {
	pem := strings.TrimSpace(p.CaBundle) + "\n"
	certificate, err := dms.NewCertificate(ctx, p.name+"-ca", &dms.CertificateArgs{
		CertificateId:  pulumi.String(p.id + "-ca-" + naming.Digest(pem)),
		CertificatePem: pulumi.String(pem),
	}, pulumi.Parent(r))
	if err != nil {
		return nil, fmt.Errorf("importing the database's CA bundle: %w", err)
	}
	return certificate, nil
}

// sourceRole lets DMS read one secret. The service's regional principal assumes it,
// https://docs.aws.amazon.com/dms/latest/userguide/security_iam_secretsmanager.html. aws:SourceAccount is documented
// only for the roles of target endpoints, so this trust carries no condition.
func (r *Replication) sourceRole(ctx *pulumi.Context, p *plan) (*iam.Role, *iam.RolePolicy, error) {
	role, err := iam.NewRole(ctx, p.name+"-source", &iam.RoleArgs{
		Description:      pulumi.String("DMS reads the credentials of the replication user"),
		AssumeRolePolicy: iampolicy.Trust("dms." + p.region + "." + p.dnsSuffix),
	}, pulumi.Parent(r))
	if err != nil {
		return nil, nil, fmt.Errorf("making the role of the source endpoint: %w", err)
	}
	policy, err := iam.NewRolePolicy(ctx, p.name+"-source", &iam.RolePolicyArgs{
		Role:   role.Name,
		Policy: readSecret(p),
	}, pulumi.Parent(r))
	if err != nil {
		return nil, nil, fmt.Errorf("making the policy of the source endpoint: %w", err)
	}
	return role, policy, nil
}

func readSecret(p *plan) pulumi.StringOutput {
	return iampolicy.Document(
		iampolicy.Statement{
			Sid:       "ReadSecret",
			Actions:   []string{"secretsmanager:GetSecretValue", "secretsmanager:DescribeSecret"},
			Resources: []pulumi.StringInput{p.Source.SecretArn},
		},
		iampolicy.Statement{
			Sid:       "DescribeKey",
			Actions:   []string{"kms:DescribeKey"},
			Resources: []pulumi.StringInput{p.KmsKeyArn},
		},
		// The key may be used for that secret only, which Secrets Manager names to KMS:
		// https://docs.aws.amazon.com/secretsmanager/latest/userguide/security-encryption.html#security-encryption-encryption-context.
		iampolicy.Statement{
			Sid:        "DecryptSecret",
			Actions:    []string{"kms:Decrypt"},
			Resources:  []pulumi.StringInput{p.KmsKeyArn},
			Conditions: []iampolicy.Condition{iampolicy.StringEquals("kms:EncryptionContext:SecretARN", p.Source.SecretArn)},
		},
	)
}
